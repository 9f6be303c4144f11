/** Whole paths as pure functions: decoded, cleaned, encoded again for a Location. */

import { decodeSegment, encodeSegment } from './target.js'

/** Parameters of paths without any; shared. */
export const NO_PARAMS: Record<string, string> = Object.freeze(Object.create(null))

/** The path as the router matches it: percent-decoded once, so that `%2F` acts as a slash. The same string without `%`. */
export function decodePath(rawPath: string): string {
  return decodeSegment(rawPath)
}

/**
 * True when a decoded path holds a `.` or `..` segment, which no route may ever see. `..;x` is one too: some backends drop what
 * follows a semicolon before they resolve the path.
 */
export function hasDotSegment(path: string): boolean {
  let at = path.indexOf('/.')
  while (at >= 0) {
    let end = at + 2
    if (path[end] === '.') end++
    if (end === path.length || path[end] === '/' || path[end] === ';') return true
    at = path.indexOf('/.', at + 1)
  }
  return false
}

/** Removes repeated slashes and dot segments; a trailing slash stays. Begins with exactly one slash. */
export function cleanPath(path: string): string {
  const out: string[] = []
  const parts = path.split('/')
  const last = parts[parts.length - 1]
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part === '..') out.pop()
    else out.push(part)
  }
  const trailing = last === '' || last === '.'
  return out.length === 0 ? '/' : `/${out.join('/')}${trailing ? '/' : ''}`
}

/** Percent-encodes a decoded path for a `Location`; slashes stay. */
export function encodePath(decoded: string): string {
  return decoded.split('/').map(encodeSegment).join('/')
}
