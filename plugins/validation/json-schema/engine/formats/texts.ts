/** Formats of short texts. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** RFC 4122 §3, without a URN's prefix. */
export const isUuid = (text: string): boolean => UUID.test(text)

/** RFC 6901 §3. */
export const isJsonPointer = (text: string): boolean => (text === '' || text.startsWith('/')) && !/~(?![01])/.test(text)

/** draft-bhutton-relative-json-pointer-00 §3. */
export function isRelativeJsonPointer(text: string): boolean {
  const match = /^(?:0|[1-9]\d*)/.exec(text)
  if (match === null) return false
  const rest = text.slice(match[0].length)
  return rest === '#' || isJsonPointer(rest)
}

/** Longest regular expression, in characters, that is looked at. */
const MAX_REGEX = 10_000

/** ECMA-262 §22.2.1 in Unicode mode. The expression is read and never run. */
export function isRegex(text: string): boolean {
  if (text.length > MAX_REGEX) return false
  try {
    return new RegExp(text, 'u') !== undefined
  } catch {
    return false
  }
}

const CORE = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)$/
const IDENTIFIER = /^[0-9A-Za-z-]+$/
const LEADING_ZERO = /^0\d+$/

/** Semantic Versioning 2.0.0: `1.0.0-rc.1+build.5`. */
export function isSemver(text: string): boolean {
  const plus = text.indexOf('+')
  const version = plus < 0 ? text : text.slice(0, plus)
  const build = plus < 0 ? [] : text.slice(plus + 1).split('.')
  const dash = version.indexOf('-')
  const core = dash < 0 ? version : version.slice(0, dash)
  const release = dash < 0 ? [] : version.slice(dash + 1).split('.')
  return (
    CORE.test(core) &&
    release.every(one => IDENTIFIER.test(one) && !LEADING_ZERO.test(one)) &&
    build.every(one => IDENTIFIER.test(one))
  )
}
