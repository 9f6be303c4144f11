/** What a request head must look like beyond what node:http's parser checks (RFC 9112 §2.3, §3.2, §6.1). */

import type { IncomingMessage } from 'node:http'
import { lowerName } from '../http/fields.js'
import { isAuthority } from '../http/target.js'
import { REFUSALS, type Refusal } from './client-error.js'

/** Header fields of one request; above it 431. */
export const MAX_HEADER_FIELDS = 2000
/** Bytes of the request target; above it 414. */
export const MAX_TARGET_BYTES = 64 * 1024

/** The parsers of Node.js before 20.19 take a blank for a part of a field's name; RFC 9110 §5.1 has none there. */
const BLANKS_IN_NAMES = Number.parseInt(process.versions.llhttp!, 10) < 9

let lastHost = ''

/** Returns why a parsed HTTP/1 head must be refused, or undefined. Called per request. */
export function judgeHead(request: IncomingMessage): Refusal | undefined {
  const { rawHeaders, httpVersionMajor, httpVersionMinor } = request
  // node:http calls a request line without any version HTTP/0.9
  if (httpVersionMajor === 0 && rawHeaders.length === 0) return REFUSALS.malformed
  if (httpVersionMajor !== 1 || httpVersionMinor > 1) return REFUSALS.version
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return REFUSALS.headers
  if (request.url!.length > MAX_TARGET_BYTES) return REFUSALS.target
  let hosts = 0
  let coded = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (BLANKS_IN_NAMES && name.includes(' ')) return REFUSALS.malformed
    if (name.length === 4) {
      if (lowerName(name) !== 'host') continue
      if (++hosts > 1) return REFUSALS.twoHosts
      if (!isHost(rawHeaders[i + 1]!)) return REFUSALS.badHost
    } else if (name.length === 17 && lowerName(name) === 'transfer-encoding') {
      // Only `chunked`, once: the gateway undoes no other coding, and a client that lists more may hope that two readers differ.
      if (coded || rawHeaders[i + 1]!.trim().toLowerCase() !== 'chunked') return REFUSALS.coding
      coded = true
    }
  }
  if (hosts === 0 && httpVersionMinor === 1) return REFUSALS.noHost
  if (coded && (httpVersionMinor === 0 || 'content-length' in request.headers)) return REFUSALS.malformed
  return undefined
}

function isHost(value: string): boolean {
  if (value === lastHost) return true
  if (value !== '' && !isAuthority(value)) return false
  lastHost = value
  return true
}
