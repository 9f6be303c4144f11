/**
 * Sluice's own rules: S1 is about protection, S2 about what differs from KrakenD. S3, what stops a start, is found by the load.
 */

import { pointerTo } from '../../config/findings.js'
import type { ComponentPart, EndpointPart } from '../inventory.js'
import { inComponents, inEndpoints, optionIsOn, type Rule } from '../rule.js'

const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0'])
const OLD_TLS: ReadonlySet<string> = new Set(['SSL3.0', 'TLS10', 'TLS11'])
const WRITING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
/** Components that refuse clients without credentials. */
const GUARDS = ['auth/validator', 'auth/api-keys', 'auth/basic']

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const isGuarded = ({ components }: EndpointPart): boolean => GUARDS.some(namespace => components.has(namespace))
const isBlank = (value: unknown): boolean => value === undefined || value === null || value === '' || listOf(value).length === 0

/** True when a token of the same server for any other service would pass. */
const takesAnyAudience = ({ options }: ComponentPart): boolean => !Array.isArray(options.audience) || isBlank(options.audience)

export const SLUICE_RULES: readonly Rule[] = [
  {
    id: 'S1.1',
    severity: 'HIGH',
    message: 'Every peer may say which address it calls for: list your proxies in trusted_proxies.',
    places: inComponents('router', router => {
      const index = listOf(router.options.trusted_proxies).findIndex(one => EVERY_ADDRESS.has(String(one)))
      return index < 0 ? undefined : pointerTo(pointerTo(router.pointer, 'trusted_proxies'), index)
    })
  },
  {
    id: 'S1.2',
    severity: 'HIGH',
    message: 'Tokens that the same server issued for another service pass: set audience.',
    places: inComponents('auth/validator', one => (takesAnyAudience(one) ? one.pointer : undefined))
  },
  {
    id: 'S1.3',
    severity: 'HIGH',
    message: 'The keys of tokens come over a connection that is not protected: remove disable_jwk_security, use https.',
    places: inComponents('auth/validator', one =>
      /^http:/.test(String(one.options.jwk_url)) ? optionIsOn(one, 'disable_jwk_security') : undefined
    )
  },
  {
    id: 'S1.4',
    severity: 'MEDIUM',
    message: 'This endpoint writes and checks no credentials, while others do.',
    places: inEndpoints((endpoint, service) => {
      if (!WRITING.has(endpoint.method) || isGuarded(endpoint) || !service.endpoints.some(isGuarded)) return undefined
      return service.components.has('auth/validator') ? undefined : endpoint.pointer
    })
  },
  {
    id: 'S1.5',
    severity: 'HIGH',
    message: 'Any web site may call with the cookies of its visitors: list allow_origins, or remove allow_credentials.',
    places: inComponents('security/cors', cors => {
      const origins = listOf(cors.options.allow_origins)
      return origins.length === 0 || origins.includes('*') ? optionIsOn(cors, 'allow_credentials') : undefined
    })
  },
  {
    id: 'S1.6',
    severity: 'HIGH',
    message: 'Versions of TLS before 1.2 are broken: raise min_version.',
    places: ({ reader }) =>
      ['tls', 'client_tls'].flatMap(key => {
        const tls = reader.object(key)
        return tls !== undefined && OLD_TLS.has(tls.string('min_version', '')) ? [tls.at('min_version')] : []
      })
  },
  {
    id: 'S1.7',
    severity: 'MEDIUM',
    message: 'Clients read why a call failed, with addresses of backends: remove return_error_msg.',
    places: inComponents('router', router => optionIsOn(router, 'return_error_msg'))
  },
  {
    id: 'S1.8',
    severity: 'HIGH',
    message: 'A plugin that does not load is left out, also when it protects: set on_error to "fail".',
    places: ({ reader }) => {
      const plugin = reader.object('plugin')
      return plugin?.string('on_error', '') === 'skip' ? [plugin.at('on_error')] : []
    }
  },
  {
    id: 'S1.9',
    severity: 'MEDIUM',
    message: 'Limits by address count a proxy as one client unless it is trusted: list your proxies in router.trusted_proxies.',
    places: service => {
      const router = service.components.get('router')
      if (!isBlank(router?.options.trusted_proxies)) return []
      return inComponents('qos/ratelimit/router', limit =>
        limit.options.strategy === 'ip' && isBlank(limit.options.key) ? limit.pointer : undefined
      )(service)
    }
  },
  {
    id: 'S2.1',
    severity: 'LOW',
    message:
      'Backends whose responses have the same key: the last one in the file wins, in KrakenD the slowest. A group keeps both.',
    places: inEndpoints(({ backends, components, reader }) => {
      const open = backends.filter(backend => backend.reader.string('group', '') === '')
      const shadows = backends.filter(backend => optionIsOn(backend.components.get('proxy'), 'shadow') !== undefined)
      if (open.length - shadows.length < 2 || optionIsOn(components.get('proxy'), 'sequential') !== undefined) return undefined
      return reader.at('backend')
    })
  },
  {
    id: 'S2.2',
    severity: 'LOW',
    message:
      'The timeout of a no-op endpoint ends with the head of the response, in KrakenD with its body (no_op_timeout: "whole").',
    places: inEndpoints(({ outputEncoding, reader }, { components }) => {
      if (outputEncoding !== 'no-op' || reader.raw('timeout') === undefined) return undefined
      return isBlank(components.get('router')?.options.no_op_timeout) ? reader.at('timeout') : undefined
    })
  },
  {
    id: 'S2.3',
    severity: 'LOW',
    message: 'An endpoint with auth/signer keeps its rate limit, which KrakenD forgets.',
    places: inEndpoints(({ components }) =>
      components.has('qos/ratelimit/router') ? components.get('auth/signer')?.pointer : undefined
    )
  },
  {
    id: 'S2.4',
    severity: 'LOW',
    message: 'Keys of tokens are kept for ten seconds also without cache; KrakenD asks for them twice with each request.',
    places: inComponents('auth/validator', one =>
      typeof one.options.jwk_url === 'string' && one.options.cache !== true ? one.pointer : undefined
    )
  },
  {
    id: 'S2.5',
    severity: 'MEDIUM',
    message: 'Metrics carry no name of this gateway: set name in the root.',
    places: ({ components, reader }) => {
      const watched = ['telemetry/opentelemetry', 'telemetry/influx', 'telemetry/opencensus'].some(one => components.has(one))
      const otel = components.get('telemetry/opentelemetry')
      return watched && reader.string('name', '') === '' && isBlank(otel?.options.service_name) ? [''] : []
    }
  }
]
