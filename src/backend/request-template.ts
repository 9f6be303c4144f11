/** The request line towards a backend: `url_pattern` with each value percent-encoded for its place. */

import { GatewayError } from '../errors.js'
import { encodeQueryValue, encodeSegment } from '../http/target.js'

/** Answers path and query of a call. `query` is what the lists let through, raw. @throws GatewayError for a value that is missing or unsafe */
export type TargetTemplate = (params: Readonly<Record<string, string>>, query: string) => string

const PLACEHOLDER = /\{([\w\-.:/]+)\}/

/** Compiles `url_pattern`; `goPattern` is its form in messages. */
export function compileTargetTemplate(urlPattern: string, goPattern: string): TargetTemplate {
  const fragment = urlPattern.indexOf('#')
  const clean = fragment < 0 ? urlPattern : urlPattern.slice(0, fragment)
  const mark = queryStart(clean)
  const path = compileParts(mark < 0 ? clean : clean.slice(0, mark), true, goPattern)
  const fixed = mark < 0 ? undefined : compileParts(clean.slice(mark + 1), false, goPattern)
  if (fixed === undefined) return (params, query) => (query === '' ? path(params) : `${path(params)}?${query}`)
  return (params, query) => {
    const own = fixed(params)
    return `${path(params)}?${own}${query === '' ? '' : own === '' ? query : `&${query}`}`
  }
}

/** The first '?' outside of a placeholder. */
function queryStart(pattern: string): number {
  let depth = 0
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '{') depth++
    else if (pattern[i] === '}') depth--
    else if (pattern[i] === '?' && depth <= 0) return i
  }
  return -1
}

function compileParts(text: string, inPath: boolean, goPattern: string): (params: Readonly<Record<string, string>>) => string {
  const parts = text.split(new RegExp(PLACEHOLDER, 'g')) // even index: literal, odd: parameter name
  for (let i = 0; i < parts.length; i += 2) parts[i] = encodeLiteral(parts[i]!, inPath)
  if (parts.length === 1) {
    const only = parts[0]!
    return () => only
  }
  const encode = inPath ? encodeSegment : encodeQueryValue
  return params => {
    let out = parts[0]!
    for (let i = 1; i < parts.length; i += 2) {
      const value = params[parts[i]!]
      if (value === undefined) throw missing(parts[i]!, goPattern)
      if (inPath && isDotSegment(value, parts[i - 1]!, parts[i + 1]!)) throw unsafe(parts[i]!)
      out += encode(value) + parts[i + 1]!
    }
    return out
  }
}

/** A value that alone makes up a `.` or `..` segment would change the path (RFC 3986 §5.2.4). */
function isDotSegment(value: string, before: string, after: string): boolean {
  return (value === '.' || value === '..') && before.endsWith('/') && (after === '' || after.startsWith('/'))
}

function missing(name: string, goPattern: string): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_PARAM', { message: `no value for {${name}} in ${goPattern}` })
}

function unsafe(name: string): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_BAD_PARAM', { message: `path parameter ${name} is a dot segment` })
}

/** Literal text of the pattern: what may not stand in a request line is encoded, existing escapes stay. */
function encodeLiteral(text: string, inPath: boolean): string {
  if (/^[\x21-\x7e]*$/.test(text) && !(inPath && text.includes('{'))) return text
  let out = ''
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte)
    const encode = byte <= 0x20 || byte >= 0x7f || (inPath && (char === '{' || char === '}'))
    out += encode ? `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}` : char
  }
  return out
}
