/** Section 7: what KrakenD has deprecated. */

import { insteadOf } from '../../config/instead.js'
import type { ConfigPart, ServicePart } from '../inventory.js'
import { isWatched, type Places, pluginNames, type Rule } from '../rule.js'

type PluginKind = 'plugin/http-server' | 'plugin/http-client' | 'plugin/req-resp-modifier'

/** Where KrakenD's rules look for plugins of a kind; for clients that is the endpoint. */
const LEVELS: { readonly [kind in PluginKind]: (service: ServicePart) => readonly ConfigPart[] } = {
  'plugin/http-server': service => [service],
  'plugin/http-client': ({ endpoints }) => endpoints,
  'plugin/req-resp-modifier': ({ endpoints }) => endpoints.flatMap(endpoint => [endpoint, ...endpoint.backends])
}

function pluginRule(id: string, kind: PluginKind, name: string, instead: string): Rule {
  return {
    id,
    severity: 'HIGH',
    message: `The plugin ${name} of KrakenD Enterprise is deprecated: ${instead}.`,
    places: service =>
      LEVELS[kind](service).flatMap(({ components }): Places => {
        const plugins = components.get(kind)
        // KrakenD reads no other form of the name.
        const isRead =
          kind === 'plugin/http-server' || Array.isArray(plugins?.options.name) === (kind === 'plugin/req-resp-modifier')
        return plugins !== undefined && isRead && pluginNames(plugins).includes(name) ? [plugins.pointer] : []
      })
  }
}

function componentRule(id: string, namespace: string): Rule {
  const instead = insteadOf(namespace) ?? 'use telemetry/opentelemetry'
  return {
    id,
    severity: 'HIGH',
    message: `${namespace} is deprecated: ${instead}.`,
    places: service => (isWatched(service, namespace) ? [service.components.get(namespace)!.pointer] : [])
  }
}

function singleKeyPair({ reader }: ServicePart): Places {
  const tls = reader.object('tls')
  if (tls === undefined) return []
  return ['public_key', 'private_key'].filter(key => tls.string(key, '') !== '').map(key => tls.at(key))
}

const FILES = 'let a file server be the backend of a no-op endpoint'

export const DEPRECATION_RULES: readonly Rule[] = [
  pluginRule('7.1.1', 'plugin/http-server', 'virtualhost', 'run one gateway for each host, or give each its own paths'),
  pluginRule('7.1.2', 'plugin/http-server', 'static-filesystem', FILES),
  pluginRule('7.1.3', 'plugin/http-server', 'basic-auth', 'use auth/validator, or a handler plugin that checks the password'),
  pluginRule('7.1.4', 'plugin/http-server', 'wildcard', 'end the path of the endpoint in /*'),
  pluginRule('7.1.5', 'plugin/http-client', 'http-proxy', 'use a client plugin that calls through the proxy'),
  pluginRule('7.1.6', 'plugin/http-client', 'static-filesystem', FILES),
  pluginRule('7.1.7', 'plugin/http-client', 'no-redirect', 'set no_redirect in backend/http/client'),
  pluginRule('7.1.8', 'plugin/req-resp-modifier', 'content-replacer', 'use the plugin sluice-replace'),
  pluginRule('7.1.9', 'plugin/req-resp-modifier', 'response-schema-validator', 'check the response with validation/cel'),
  componentRule('7.2.1', 'telemetry/ganalytics'),
  componentRule('7.2.2', 'telemetry/instana'),
  componentRule('7.2.3', 'telemetry/opencensus'),
  componentRule('7.2.4', 'telemetry/influx'),
  {
    id: '7.3.1',
    severity: 'MEDIUM',
    message: 'public_key and private_key are deprecated: list the pair in tls.keys.',
    places: singleKeyPair
  }
]
