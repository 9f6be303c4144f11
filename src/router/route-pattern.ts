/** An endpoint's path, read once: which parts are literal, which are parameters, and how find-my-way spells it. */

/** A compiled endpoint path. */
export interface RoutePattern {
  /** Literals and names in turn: even index literal, odd index name. */
  readonly parts: readonly string[]
  /** Parameter names in order of position, as configured. */
  readonly names: readonly string[]
  /** The last name takes everything below what stands before it. */
  readonly wildcard: boolean
  /** The value of the wildcard begins with a slash, as KrakenD's `*param`. */
  readonly slashed: boolean
  /** Nothing but a literal. */
  readonly isStatic: boolean
  /** The last part is a bare parameter, which an empty segment does not fill. */
  readonly endsInParam: boolean
}

const REST = /\/\{([\w-]+)\.\.\.\}$/
const REST_NAME = /^\{([\w-]+)\}/
const ANY_NAME = /^\{([\w\-.:/]+)\}/

/**
 * Reads `/x/{id}`. A parameter starts its segment, or stands anywhere with `disableRest`; other braces are literal.
 * `:name`, which KrakenD hands to its own router, takes the rest of the segment. A path ending in `/*` or
 * `/{name...}` takes all below it.
 */
export function compileRoutePattern(path: string, disableRest: boolean): RoutePattern {
  const slashed = path.endsWith('/*')
  const rest = slashed ? 'param' : path.endsWith('...}') ? REST.exec(path)?.[1] : undefined
  const wildcard = rest !== undefined
  const text = wildcard ? path.slice(0, path.lastIndexOf('/')) : path
  const parts: string[] = ['']
  for (let i = 0; i < text.length; ) {
    const literal = parts[parts.length - 1]!
    const atStart = literal.endsWith('/')
    const found = text[i] === '{' ? (disableRest ? ANY_NAME : atStart ? REST_NAME : null)?.exec(text.slice(i)) : undefined
    if (found) {
      parts.push(found[1]!, '')
      i += found[1]!.length + 2
    } else if (text[i] === ':' && atStart) {
      const end = text.indexOf('/', i)
      parts.push(text.slice(i + 1, end < 0 ? text.length : end), '')
      i = end < 0 ? text.length : end
    } else {
      const end = nextSpecial(text, i + 1)
      parts[parts.length - 1] = literal + text.slice(i, end)
      i = end
    }
  }
  if (wildcard) parts.push(rest, '')
  const names: string[] = []
  for (let i = 1; i < parts.length; i += 2) names.push(parts[i]!)
  const endsInParam = !wildcard && names.length > 0 && parts[parts.length - 1] === ''
  return { parts, names, wildcard, slashed, isStatic: names.length === 0, endsInParam }
}

/** Where the next parameter may begin, at `from` or behind. */
function nextSpecial(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text[i]
    if (c === '{' || c === ':') return i
  }
  return text.length
}

/** Names that find-my-way can carry as they are. */
const SAFE_NAME = /^[A-Za-z]\w*$/

/** True when the router's own parameter object can have the configured names. */
export function hasSafeNames(pattern: RoutePattern): boolean {
  return new Set(pattern.names).size === pattern.names.length && pattern.names.every(n => SAFE_NAME.test(n))
}

/**
 * Spells a pattern for find-my-way with the given names: literals escaped, parts of one segment separated by linear-time
 * expressions.
 */
export function toRouterPath(pattern: RoutePattern, names: readonly string[]): string {
  const { parts, wildcard } = pattern
  let out = escapeLiteral(parts[0]!)
  for (let i = 1; i < parts.length; i += 2) {
    const after = parts[i + 1]!
    const isLast = i + 2 === parts.length
    if (wildcard && isLast) return `${out}/*`
    out += `:${names[(i - 1) / 2]}`
    // The rest of the path begins with a slash.
    const isBeforeRest = wildcard && i + 4 === parts.length
    const fillsSegment = after === '' ? isLast || isBeforeRest : after.startsWith('/')
    if (!fillsSegment) out += after.includes('/') || isLast ? '(.*)' : `(${notUpTo(after)})`
    out += escapeLiteral(after)
  }
  return out
}

/** Every parameter but a segment's last stops at the next literal's first character, so that matching cannot backtrack. */
function notUpTo(literal: string): string {
  const c = literal[0]
  return c === undefined ? '.' : `[^${/[\\\]^-]/.test(c) ? `\\${c}` : c}]*`
}

/** True when find-my-way takes the literals of a pattern as they are. */
export function hasPlainLiterals({ parts }: RoutePattern): boolean {
  return parts.every((part, i) => i % 2 === 1 || PLAIN.test(part))
}

const PLAIN = /^[\w./~-]*$/

/** `?` and `#` never reach the tree unescaped; `:` is doubled for find-my-way. */
function escapeLiteral(text: string): string {
  return text.replaceAll(':', '::').replaceAll('?', '%3F').replaceAll('#', '%23')
}

/** Builds the path again from decoded values, literals in the configured case. */
export function renderPattern(pattern: RoutePattern, values: readonly string[]): string {
  const { parts, wildcard, slashed } = pattern
  let out = parts[0]!
  for (let i = 1; i < parts.length; i += 2) {
    if (wildcard && !slashed && i + 2 === parts.length) out += '/'
    out += values[(i - 1) / 2]! + parts[i + 1]!
  }
  return out
}
