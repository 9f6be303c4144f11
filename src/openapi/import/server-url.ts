import { isObject } from '../../config/json-value.js'
import type { JsonObject } from '../../config/types.js'
import { membersOf, textOf } from './references.js'

/** Where the operations of a server are. */
export interface Base {
  /** `https://host:port` */
  readonly origin: string
  /** '' or `/v1`, which stands before all paths. */
  readonly path: string
}

/**
 * Reads a Server Object; variables have their defaults. `host` wins over its origin, and its path, where it has one, over that of the server.
 * Returns a text that says why there is no origin.
 */
export function baseOf(server: JsonObject, host: string | undefined): Base | string {
  let text = textOf(server.url)
  for (const [name, variable] of membersOf(server.variables)) {
    if (isObject(variable)) text = text.replaceAll(`{${name}}`, textOf((variable as JsonObject).default))
  }
  const given = host === undefined ? undefined : originOf(host)
  if (host !== undefined && given === undefined) return `--host ${host} is not an http or https URL`
  const own = originOf(text)
  const path = own?.path ?? pathOf(text)
  if (given !== undefined) return { origin: given.origin, path: given.path || path }
  return own ?? (text === '' ? 'the document names no server' : `the server ${text} has no host`)
}

function originOf(text: string): Base | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, origin, pathname } = new URL(text)
  return protocol === 'http:' || protocol === 'https:' ? { origin, path: pathname.replace(/\/+$/, '') } : undefined
}

/** A relative server URL has a path alone. */
function pathOf(text: string): string {
  const path = text.replace(/[?#].*$/s, '').replace(/\/+$/, '')
  return path === '' || path.startsWith('/') ? path : `/${path.replace(/^\.?\//, '')}`
}
