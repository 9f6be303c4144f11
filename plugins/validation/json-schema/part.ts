/** The part of a body that a schema looks at, as JSON text of its own. What is left out stands neither in memory nor in any result. */

import type { LazyArray, LazyJson, LazyObject } from 'sluice/plugin'
import type { Wanted } from './wanted.js'

/** Returns the text of an object or array with what is wanted of it. Texts of values are as they were written. */
export function partOf(value: LazyObject | LazyArray, wanted: Wanted): string {
  return value.kind === 'array' ? itemsOf(value, wanted) : membersOf(value, wanted)
}

function itemsOf(list: LazyArray, { length }: Wanted): string {
  return length ? `[${new Array<string>(list.length).fill('0').join()}]` : '[]'
}

function membersOf(object: LazyObject, { members, others }: Wanted): string {
  const parts: string[] = []
  for (const [name, wanted] of members) {
    const text = memberOf(object, name, wanted)
    if (text !== undefined) parts.push(text)
  }
  if (others !== undefined) for (const name of object.keys()) if (!members.has(name)) parts.push(memberOf(object, name, others)!)
  return `{${parts.join()}}`
}

function memberOf(object: LazyObject, name: string, wanted: Wanted): string | undefined {
  const value: LazyJson | undefined = wanted.whole ? null : object.get(name)
  if (value === undefined) return undefined
  const text = typeof value === 'object' && value !== null ? partOf(value, wanted) : object.text(name)
  return text === undefined ? undefined : `${JSON.stringify(name)}:${text}`
}
