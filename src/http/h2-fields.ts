/** Header fields of HTTP/2 requests in the shape of HTTP/1. */

/**
 * Rewrites the flat fields of an HTTP/2 request in place as HTTP/1 would carry them: `:authority` becomes `Host`, other
 * pseudo-fields go (RFC 9113 §8.3.1), split cookies are joined (§8.2.3), and a body of unknown length, or one of no bytes
 * whose end is still to come, is marked `Transfer-Encoding: chunked`, which is hop-by-hop and never forwarded.
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
