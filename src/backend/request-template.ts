/** The request line towards a backend: `url_pattern` with each value percent-encoded for its place. */

import { GatewayError } from '../errors.js'
import { keptText } from '../http/kept-escapes.js'
import { hasDotSegment } from '../http/path.js'
import { encodeQueryParam, encodeQueryValue, encodeSegment } from '../http/target.js'

/** Returns path and query of a call. `query` is what the lists let through, raw. @throws GatewayError for a value that is missing or unsafe */
export type TargetTemplate = (params: Readonly<Record<string, string>>, query: string) => string

/** As a client's target may have. */
const MAX_TARGET_BYTES = 64 * 1024

const PLACEHOLDER = /\{([\w\-.:/]+)\}/

/** Compiles `url_pattern`; `goPattern` is its form in messages. */
export function compileTargetTemplate(urlPattern: string, goPattern: string): TargetTemplate {
  const fragment = urlPattern.indexOf('#')
  const clean = fragment < 0 ? urlPattern : urlPattern.slice(0, fragment)
  const mark = queryStart(clean)
  const path = compileParts(mark < 0 ? clean : clean.slice(0, mark), true, goPattern)
  const fixed = mark < 0 ? undefined : compileParts(clean.slice(mark + 1), false, goPattern)
  if (fixed === undefined)
    return bounded((params, query) => (query === '' ? path(params) : `${path(params)}?${query}`), urlPattern, goPattern)
  const both: TargetTemplate = (params, query) => {
    const own = fixed(params)
    return `${path(params)}?${own}${query === '' ? '' : own === '' ? query : `&${query}`}`
  }
  return bounded(both, urlPattern, goPattern)
}

/** Earlier responses have no limit of a target's kind; what a client sends has one. */
function bounded(template: TargetTemplate, urlPattern: string, goPattern: string): TargetTemplate {
  if (!placeholdersOf(urlPattern).some(name => DATA_NAME.test(name))) return template
  return (params, query) => {
    const target = template(params, query)
    if (target.length <= MAX_TARGET_BYTES) return target
    throw new GatewayError('SLUICE_ERR_UPSTREAM_PARAM', { message: `the target of ${goPattern} has ${target.length} characters` })
  }
}

const placeholdersOf = (pattern: string): string[] => pattern.split(PLACEHOLDER).filter((_, i) => i % 2 === 1)

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
  const parts = text.split(PLACEHOLDER) // even index: literal, odd: parameter name
  for (let i = 0; i < parts.length; i += 2) parts[i] = encodeLiteral(parts[i]!, inPath)
  if (parts.length === 1) {
    const only = parts[0]!
    return () => only
  }
  const encoders = parts.map((name, i) => (i % 2 === 1 ? encoderOf(name, inPath) : undefined))
  for (let i = 1; i < parts.length; i += 2) parts[i] = parts[i]!.replace(REST, '')
  const ownDots = hasDotSegment(parts.filter((_, i) => i % 2 === 0).join('x'))
  return params => {
    let out = parts[0]!
    for (let i = 1; i < parts.length; i += 2) {
      const value = params[parts[i]!]
      if (value === undefined) throw missing(parts[i]!, goPattern)
      if (value.length > MAX_TARGET_BYTES) throw tooLong(parts[i]!, goPattern)
      if (ownDots && DOTS.test(value)) throw dotSegment(goPattern)
      out += encoders[i]!(params, parts[i]!, value) + parts[i + 1]!
    }
    // RFC 3986 §5.2.4: a value that makes up a `.` or `..` segment, alone or with others, would change the path
    if (inPath && !ownDots && hasDotSegment(out)) throw dotSegment(goPattern)
    return out
  }
}

type ParamEncoder = (params: Readonly<Record<string, string>>, name: string, value: string) => string

/** What begins a dot segment, where the operator's own pattern has some. */
const DOTS = /^\.{1,2}(?:;|$)/

/** Of an earlier response or a token: data, which came in no path. */
const DATA_NAME = /^(?:resp\d|JWT\.)/i

/** Ends the name of a parameter that takes the rest of a path. */
const REST = /\.{3}$/

function encoderOf(name: string, inPath: boolean): ParamEncoder {
  if (inPath && REST.test(name))
    return (params, given, value) => keptText(params, given, value).split('/').map(encodeSegment).join('/')
  if (DATA_NAME.test(name))
    return inPath ? (_params, _name, value) => encodeSegment(value) : (_params, _name, value) => encodeQueryValue(value)
  const encode = inPath ? encodeSegment : encodeQueryParam
  return (params, given, value) => encode(keptText(params, given, value))
}

function missing(name: string, goPattern: string): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_PARAM', { message: `no value for {${name}} in ${goPattern}` })
}

function tooLong(name: string, goPattern: string): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_PARAM', {
    message: `the value for {${name}} in ${goPattern} makes the target too long`
  })
}

function dotSegment(goPattern: string): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_BAD_PARAM', { message: `the parameters of ${goPattern} make a dot segment` })
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
