import type { ServerResponse } from 'node:http'
import { hasBody, lowerName, type RawFields } from '../http/fields.js'

/**
 * Writes a status line and fields as they are, repeats and order kept.
 * @throws TypeError or RangeError of node:http when a field from outside cannot be written; nothing was sent then
 */
export function writeHead(res: ServerResponse, status: number, raw: RawFields): void {
  if (res.req.httpVersionMajor === 1) {
    // RFC 9112 §9.3: an early answer to a body that is still coming ends the connection, and says so
    if (!res.req.complete && hasBody(res.req.rawHeaders)) res.shouldKeepAlive = false
    res.writeHead(status, raw as unknown as [])
  } else res.writeHead(status, asObject(raw))
}

/** HTTP/2 takes an object with lower-case names, repeats as lists. */
function asObject(raw: RawFields): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerName(raw[i]!)
    if (name === 'connection') continue // RFC 9113 §8.2.2
    const value = raw[i + 1]!
    const had = out[name]
    if (had === undefined) out[name] = value
    else if (typeof had === 'string') out[name] = [had, value]
    else had.push(value)
  }
  return out
}

/** Fields that may not stand in a trailer section (RFC 9110 §6.5.1). */
const NOT_IN_TRAILERS = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'trailer',
  'content-encoding',
  'content-type',
  'set-cookie',
  'authorization'
])

/** Sends a trailer section; only for clients that said `TE: trailers`. Illegal fields are dropped. */
export function addTrailers(res: ServerResponse, trailers: readonly string[]): void {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2)
    if (!NOT_IN_TRAILERS.has(lowerName(trailers[i]!))) pairs.push([trailers[i]!, trailers[i + 1]!])
  try {
    res.addTrailers(pairs)
  } catch {
    // a trailer that cannot be written is metadata lost, not a body broken
  }
}
