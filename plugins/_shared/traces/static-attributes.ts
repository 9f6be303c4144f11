/** Static attributes of spans. A span has each name once, so those of the gateway, and those that come first, stay. */

import * as keys from './keys.js'

type StaticAttributes = readonly (readonly [name: string, value: string])[]

/** Names that the gateway writes to some spans. */
const OWN: ReadonlySet<string> = new Set([
  ...keys.NAMES,
  'krakend.stage',
  'krakend.endpoint.route',
  'krakend.endpoint.method',
  'http.route',
  'sluice.scope'
])

/** Joins lists of static attributes. */
export function joinStatics(...lists: readonly StaticAttributes[]): StaticAttributes {
  const joined = new Map<string, string>()
  for (const [name, value] of lists.flat()) if (!OWN.has(name) && !joined.has(name)) joined.set(name, value)
  return [...joined]
}
