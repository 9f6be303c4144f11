/** Section 2: the server, what it shows and what it lets through. */

import { pointerTo } from '../../config/findings.js'
import { isObject } from '../../config/json-value.js'
import type { ServicePart } from '../inventory.js'
import { inBackends, inEndpoints, optionIsOn, type Places, type Rule, when } from '../rule.js'

const wildcardIn = (list: 'input_headers' | 'input_query_strings'): Rule['places'] =>
  inEndpoints(({ reader }) => (reader.strings(list).includes('*') ? reader.at(list) : undefined))

function insecureConnections({ reader }: ServicePart): Places {
  const key = 'allow_insecure_connections'
  const tls = reader.object('client_tls')
  return [reader, ...(tls === undefined ? [] : [tls])].filter(one => one.boolean(key, false)).map(one => one.at(key))
}

function clearText({ reader, components }: ServicePart): Places {
  const old = optionIsOn(components.get('router'), 'use_h2c')
  return [...(reader.boolean('use_h2c', false) ? [reader.at('use_h2c')] : []), ...(old === undefined ? [] : [old])]
}

function disabledTls({ reader }: ServicePart): Places {
  const tls = reader.object('tls')
  return tls?.boolean('disabled', false) ? [tls.at('disabled')] : []
}

function emptyGrpcServer({ components }: ServicePart): Places {
  const grpc = components.get('grpc')
  const server = grpc?.options.server
  if (grpc === undefined || !isObject(server)) return []
  return Array.isArray(server.services) && server.services.length > 0 ? [] : [pointerTo(grpc.pointer, 'server')]
}

const isPositive = (value: unknown): boolean => typeof value === 'number' && value > 0

export const SERVICE_RULES: readonly Rule[] = [
  {
    id: '2.1.1',
    severity: 'HIGH',
    message: 'Certificates of backends are not checked: remove allow_insecure_connections, name the CA in client_tls.ca_certs.',
    places: insecureConnections
  },
  {
    id: '2.1.2',
    severity: 'HIGH',
    message: 'Clients connect without TLS: configure tls, or let a TLS terminator stand in front.',
    places: when(({ reader }) => reader.object('tls') === undefined)
  },
  {
    id: '2.1.3',
    severity: 'CRITICAL',
    message: 'tls is configured and switched off by its own disabled: connections are not encrypted.',
    places: disabledTls
  },
  {
    id: '2.1.7',
    severity: 'HIGH',
    message: 'Responses have no security headers: configure security/http.',
    places: when(({ components }) => !components.has('security/http'))
  },
  {
    id: '2.1.8',
    severity: 'HIGH',
    message: 'h2c is HTTP/2 without encryption: prefer TLS, which brings HTTP/2 along.',
    places: clearText
  },
  {
    id: '2.1.9',
    severity: 'LOW',
    message: 'The certificate of this backend is not checked, internal or not: name its CA instead.',
    places: inBackends(({ components }) => {
      const client = components.get('backend/http/client')
      const tls = client?.options.client_tls
      if (client === undefined || !isObject(tls) || tls.allow_insecure_connections !== true) return undefined
      return pointerTo(pointerTo(client.pointer, 'client_tls'), 'allow_insecure_connections')
    })
  },
  {
    id: '2.2.1',
    severity: 'MEDIUM',
    message: 'Responses tell the version of the gateway: set router.hide_version_header.',
    places: when(({ components }) => optionIsOn(components.get('router'), 'hide_version_header') === undefined)
  },
  {
    id: '2.2.2',
    severity: 'HIGH',
    message: 'No rule says which web sites may call: configure security/cors.',
    places: when(({ components }) => !components.has('security/cors'))
  },
  {
    id: '2.2.3',
    severity: 'HIGH',
    message: 'Any header of a client reaches the backends: list the names in input_headers.',
    places: wildcardIn('input_headers')
  },
  {
    id: '2.2.4',
    severity: 'HIGH',
    message: 'Any query parameter of a client reaches the backends: list the names in input_query_strings.',
    places: wildcardIn('input_query_strings')
  },
  {
    id: '2.2.5',
    severity: 'LOW',
    message: 'The gRPC server has no services: remove it, or declare what it serves.',
    places: emptyGrpcServer
  },
  {
    id: '2.3.1',
    severity: 'MEDIUM',
    message: 'The cache has no limit of its own: set both max_items and max_size.',
    places: inBackends(({ components }) => {
      const cache = components.get('qos/http-cache')
      const limited = isPositive(cache?.options.max_items) && isPositive(cache?.options.max_size)
      return limited ? undefined : cache?.pointer
    })
  }
]
