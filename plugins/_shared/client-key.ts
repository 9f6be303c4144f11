/** What tells one client from another: its address, a header field, or a parameter of the path. */

import { isIP } from 'node:net'
import type { GatewayRequest } from 'sluice/plugin'

/** Names the client of a request; '' when it cannot be told, and then the request is refused. */
export type ClientKey = (request: GatewayRequest) => string

/** Compiles a strategy, whatever its case; undefined for one that does not exist. */
export function compileClientKey(strategy: string, key: string): ClientKey | undefined {
  switch (strategy.toLowerCase()) {
    case 'ip':
      return key === '' ? byAddress : byAddressField(key)
    case 'header':
      return byField(key)
    case 'param':
      return byParam(key)
    default:
      return undefined
  }
}

const byAddress: ClientKey = request => request.clientAddress

/** The first entry of a list of addresses, as proxies write it; without one the connection counts. */
function byAddressField(name: string): ClientKey {
  return request => addressIn(request.headers.getAll(name)[0]) ?? request.clientAddress
}

/** Reads `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. KrakenD cuts at the first colon and so knows no IPv6. */
export function addressIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const comma = text.indexOf(',')
  const first = (comma === -1 ? text : text.slice(0, comma)).trim()
  if (first.startsWith('[')) {
    const end = first.indexOf(']')
    const inner = first.slice(1, end)
    return end !== -1 && isIP(inner) === 6 ? inner : undefined
  }
  if (isIP(first) !== 0) return first
  const colon = first.indexOf(':')
  const before = colon === -1 ? first : first.slice(0, colon)
  return isIP(before) === 4 ? before : undefined
}

function byField(name: string): ClientKey {
  return request => request.headers.getAll(name)[0] ?? ''
}

function byParam(name: string): ClientKey {
  return request => (Object.hasOwn(request.params, name) ? request.params[name]! : '')
}
