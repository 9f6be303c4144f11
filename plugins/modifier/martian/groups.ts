/** `fifo.Group` and `priority.Group`: several modifiers in one. */

import { type Edits, inOrder } from './edits.js'
import { OptionKeys, type Placed } from './option-keys.js'
import type { Place } from './place.js'

export async function fifoGroup(keys: OptionKeys, place: Place): Promise<Edits> {
  const all: Edits[] = []
  for (const { value, pointer } of membersOf(keys)) all.push(await place.compile(value, pointer))
  return inOrder(all, keys.flag('aggregateErrors'))
}

/** The highest priority first; of equal ones the last listed first. */
export async function priorityGroup(keys: OptionKeys, place: Place): Promise<Edits> {
  const all: { priority: number; edits: Edits }[] = []
  for (const { value, pointer } of membersOf(keys)) {
    const item = new OptionKeys(value, pointer, keys.faults, ['priority', 'modifier'])
    all.unshift({ priority: item.integer('priority'), edits: await place.innerOf(item) })
  }
  all.sort((a, b) => b.priority - a.priority)
  return inOrder(
    all.map(one => one.edits),
    false
  )
}

function membersOf(keys: OptionKeys): readonly Placed[] {
  const members = keys.list('modifiers')
  if (members.length === 0) keys.faults.warn(keys.at('modifiers'), 'a group without modifiers does nothing')
  return members
}
