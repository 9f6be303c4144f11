/** Header fields between HTTP/2 and the shape of HTTP/1. */

import { lowerName, type RawFields } from './fields.js'

/**
 * Rewrites the flat fields of an HTTP/2 request in place as HTTP/1 would carry them. `:authority` becomes `Host`, other
 * pseudo-fields go (RFC 9113 §8.3.1), split cookies are joined (§8.2.3). A body of unknown length, or one of no bytes
 * whose end is still to come, is marked `Transfer-Encoding: chunked`. That field is hop-by-hop and never forwarded.
 */
export function toHttp1Fields(raw: string[], hasBody: boolean): void {
  let authority: string | undefined
  let hasHost = false
  let hasLength = false
  let cookie = -1
  let kept = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const value = raw[i + 1]!
    if (name.charCodeAt(0) === 58) {
      if (name === ':authority') authority = value
      continue
    }
    if (name === 'cookie' && cookie >= 0) {
      raw[cookie + 1] += `; ${value}`
      continue
    }
    if (name === 'cookie') cookie = kept
    else if (name === 'host') hasHost = true
    else if (name === 'content-length') {
      if (hasBody && value === '0') continue
      hasLength = true
    }
    raw[kept++] = name
    raw[kept++] = value
  }
  raw.length = kept
  if (!hasHost && authority !== undefined) raw.unshift('host', authority)
  if (hasBody && !hasLength) raw.push('transfer-encoding', 'chunked')
}

/** What belongs to a connection, and makes a message of HTTP/2 malformed (RFC 9113 §8.2.2). */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade'
])

/** Fields with one value, of which node:http2 refuses a second one. */
const SINGLE: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options'
])

/** Lists that node:http2 wants in one field. */
const ONE_LIST: ReadonlySet<string> = new Set(['content-encoding', 'content-language'])

/** Fields of a response as node:http2 takes them: lower-case names, repeats as arrays; of a field with one value the first counts. */
export function toHttp2Fields(raw: RawFields): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerName(raw[i]!)
    if (OF_CONNECTIONS.has(name)) continue
    const value = raw[i + 1]!
    const had = out[name]
    if (had === undefined) out[name] = value
    else if (ONE_LIST.has(name)) out[name] = `${had}, ${value}`
    else if (SINGLE.has(name)) continue
    else if (typeof had === 'string') out[name] = [had, value]
    else had.push(value)
  }
  return out
}
