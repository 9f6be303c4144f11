/** W3C `tracestate` (Trace Context §3.3): a list of members of other systems. What is no such list is left out as a whole. */

/** Longest `tracestate` that goes on (W3C: at least 512 characters). */
const MAX_STATE = 512
const MAX_MEMBERS = 32

/** `vendor=value`; `tenant@vendor=value`. */
const MEMBER =
  /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** Returns a `tracestate` that may go on, else ''. Values of repeated fields are joined by commas. */
export function readTraceState(value: string | undefined): string {
  if (value === undefined || value.length > MAX_STATE) return ''
  const keys = new Set<string>()
  for (const part of value.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '')
    if (member === '') continue
    const key = member.slice(0, member.indexOf('='))
    if (!MEMBER.test(member) || keys.has(key)) return ''
    keys.add(key)
  }
  return keys.size === 0 || keys.size > MAX_MEMBERS ? '' : value
}
