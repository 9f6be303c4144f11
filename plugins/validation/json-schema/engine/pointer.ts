/** JSON pointers (RFC 6901) as texts. */

/** Appends one token to a pointer. */
export function pointerTo(pointer: string, token: string | number): string {
  return `${pointer}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The tokens of a pointer; undefined for a text that is none. */
export function tokensOf(pointer: string): string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const INDEX = /^(?:0|[1-9]\d*)$/

/** The member of an object or array that a token names; undefined when there is none. */
export function memberOf(value: unknown, token: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return INDEX.test(token) ? value[Number(token)] : undefined
  return Object.hasOwn(value, token) ? (value as Record<string, unknown>)[token] : undefined
}
