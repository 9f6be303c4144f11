/** Paths of endpoints and patterns of backends: cleaning, parameter names, and the check that each output has an input. */

import { type Findings, pointerTo } from './findings.js'

const SEGMENT_PARAM = /\/\{([a-zA-Z\-_0-9]+)\}/g
const ANY_PARAM = /\{([\w\-.:/]+)\}/g
const RESERVED = /^[^/]|\*.|\/__(debug|echo|health)(\/.*)?$/

/** Names that the exchange itself fills: results of earlier backends and claims of the token. */
const FILLED_LATER = /^(resp[\d]+_.+)?(JWT\.([\w\-.:/]+))?$/

/** Removes one leading slash and adds one. */
export function cleanPath(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

/** True for paths that KrakenD refuses: reserved ones and `*` followed by anything. */
export function isRefusedPath(path: string): boolean {
  return RESERVED.test(path)
}

/** What takes the rest of a path, slashes included: a last segment `{name...}`, also with an ellipsis. */
const REST_PARAM = /\/\{([a-zA-Z\-_0-9]+)(?:\.\.\.|…)\}$/
/** The name of the rest that `/*` takes. */
const WILDCARD = 'wildcard'

/** An endpoint's path in its three forms. */
export interface EndpointPath {
  /** As the router registers it: repeated slashes joined, `{name}` parameters. */
  readonly path: string
  /** As logs print it: `/x/:id`. */
  readonly ginPath: string
  /** In order of position. */
  readonly params: readonly string[]
  /** The parameter that takes the rest of the path, the last one of {@link params}. */
  readonly rest: RestParam | undefined
}

export interface RestParam {
  readonly name: string
  /** Written as `/*`: a backend whose pattern does not name the rest has it at its end. */
  readonly isWildcard: boolean
}

/**
 * Reads the parameters of a cleaned endpoint path; anywhere in a segment with `disable_rest`, else at the start of one. A last segment
 * `*` is `{wildcard...}`.
 */
export function parseEndpointPath(cleaned: string, disableRest: boolean): EndpointPath {
  const isWildcard = cleaned.endsWith('/*')
  const name = isWildcard ? WILDCARD : REST_PARAM.exec(cleaned)?.[1]
  if (name === undefined) return parsePath(cleaned, disableRest)
  const { path, ginPath, params } = parsePath(cleaned.slice(0, cleaned.lastIndexOf('/')), disableRest)
  return {
    path: `${path}/{${name}...}`,
    ginPath: `${ginPath}/*${name}`,
    params: [...params, name],
    rest: { name, isWildcard }
  }
}

/** Of paths without parameters. */
const NO_NAMES: readonly string[] = Object.freeze([])

function parsePath(cleaned: string, disableRest: boolean): EndpointPath {
  if (!cleaned.includes('{')) return { path: joinedSlashes(cleaned), ginPath: cleaned, params: NO_NAMES, rest: undefined }
  const question = cleaned.indexOf('?')
  const head = question === -1 ? cleaned : cleaned.slice(0, question)
  const params = [...head.matchAll(disableRest ? ANY_PARAM : SEGMENT_PARAM)].map(match => match[1]!)
  let ginPath = head
  for (const name of params) ginPath = ginPath.replaceAll(`{${name}}`, `:${name}`)
  if (question !== -1) ginPath += cleaned.slice(question)
  return { path: joinedSlashes(cleaned), ginPath, params, rest: undefined }
}

const joinedSlashes = (path: string): string => (path.includes('//') ? path.replace(/\/{2,}/g, '/') : path)

/** Puts the rest of the endpoint's path at the end of a pattern that does not name it, where the endpoint is written with `/*`. */
export function withRest(pattern: string, rest: RestParam | undefined): string {
  if (rest === undefined || !rest.isWildcard || pattern.includes(`{${rest.name}}`)) return pattern
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(pattern)!
  return `${path.replace(/\/$/, '')}/{${rest.name}}${query}`
}

/** Marks the rest of the endpoint's path in a pattern: its slashes stay. */
export function markRest(pattern: string, rest: RestParam | undefined): string {
  return rest === undefined ? pattern : pattern.replaceAll(`{${rest.name}}`, `{${rest.name}...}`)
}

/** The key under which a parameter travels: its first letter upper-cased. */
function paramKey(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Returns two names of one endpoint that differ only in the case of their first letter. */
export function collidingParams(params: readonly string[]): readonly [string, string] | undefined {
  if (params.length < 2) return undefined
  const byKey = new Map<string, string>()
  for (const name of params) {
    const other = byKey.get(paramKey(name))
    if (other !== undefined && other !== name) return [other, name]
    byKey.set(paramKey(name), name)
  }
  return undefined
}

/** What a backend's pattern is checked against. */
export interface PatternContext {
  readonly method: string
  readonly ginPath: string
  readonly params: readonly string[]
  readonly backendIndex: number
  readonly sequential: boolean
  readonly pointer: string
  readonly findings: Findings
}

/** Checks the placeholders of a cleaned url_pattern and returns it in KrakenD's printed form, `/users/{{.Id}}`. */
export function compileGoPattern(pattern: string, context: PatternContext): string {
  return pattern.includes('{') ? compilePlaceholders(pattern, context) : pattern
}

function compilePlaceholders(pattern: string, context: PatternContext): string {
  const { params, findings } = context
  const inputs = sortedOnce([...params])
  const outputs = sortedOnce([...pattern.matchAll(ANY_PARAM)].map(match => match[1]!))
  const pointer = pointerTo(context.pointer, 'url_pattern')
  const facts = (): string =>
    `endpoint: ${context.method} ${context.ginPath}, backend: ${context.backendIndex}. ` +
    `input: [${inputs.join(' ')}], output: [${outputs.join(' ')}]`
  // KrakenD does not count the last name; two unknown names with one input get the message of the next check.
  const counted = outputs.length < 2 ? 0 : outputs.slice(0, -1).filter(name => !FILLED_LATER.test(name)).length
  if (counted > inputs.length) {
    findings.add(
      'fatal',
      pointer,
      `input and output params do not match. ${facts()}`,
      'every placeholder needs a parameter of the endpoint'
    )
    return pattern
  }
  let result = pattern
  for (const name of outputs) {
    if (FILLED_LATER.test(name)) {
      if (name.startsWith('resp') && !context.sequential) {
        findings.add('warning', pointer, `'{${name}}' is never filled`, 'set "proxy": {"sequential": true} in the endpoint')
      }
    } else if (!inputs.includes(name)) {
      const hint =
        inputs.length === 0 ? 'the endpoint has no parameters' : `the endpoint has ${inputs.map(i => `{${i}}`).join(', ')}`
      findings.add('fatal', pointer, `undefined output param '${name}'! ${facts()}`, hint)
    }
    result = result.replaceAll(`{${name}}`, `{{.${paramKey(name)}}}`)
  }
  return result
}

/** In order, each name once. */
function sortedOnce(names: string[]): string[] {
  return names.length < 2 ? names : [...new Set(names)].sort()
}
