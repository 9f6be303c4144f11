/** `fifo.Group` and `priority.Group`: several modifiers in one. */

import { type Edits, inOrder } from './edits.js'
import { OptionKeys } from './option-keys.js'
import type { Place } from './place.js'

export async function fifoGroup(keys: OptionKeys, place: Place): Promise<Edits> {
  const all: Edits[] = []
  for (const { value, pointer } of keys.list('modifiers')) all.push(await place.compile(value, pointer))
  return inOrder(all, keys.flag('aggregateErrors'))
}

/** The highest priority first; of equal ones the last listed first. */
export async function priorityGroup(keys: OptionKeys, place: Place): Promise<Edits> {
  const all: { priority: number; edits: Edits }[] = []
  for (const { value, pointer } of keys.list('modifiers')) {
    const item = new OptionKeys(value, pointer, keys.faults, ['priority', 'modifier'])
    all.unshift({ priority: item.integer('priority'), edits: await place.innerOf(item) })
  }
  all.sort((a, b) => b.priority - a.priority)
  return inOrder(
    all.map(one => one.edits),
    false
  )
}
