/** Keys that stand twice in one object: the last counts, in KrakenD too, and what the ones before it say is lost. */

import type { Node as JsonNode } from 'jsonc-parser'
import type { Document } from 'yaml'
import { inTurns, type Steps } from '../../telemetry/in-turns.js'
import { pointerTo } from '../findings.js'
import { isFreeKey } from '../object-reader.js'
import { protectionsIn } from '../protection.js'

/** A key that is passed over, because the same key stands further on. */
export interface RepeatedKey {
  readonly pointer: string
  readonly key: string
  readonly offset: number
  /** Where the key stands that counts. */
  readonly countsAt: number
  /** Namespaces that are lost with it, and without which a backend must not be called. */
  readonly lost: readonly string[]
}

/** One key of an object in a text. */
interface Member {
  readonly key: string
  readonly offset: number
  readonly value: () => unknown
}

/**
 * Finds repeated keys of a well-formed JSON text. Where the text has as many keys as `value`, which was parsed from it, there are none:
 * the file of 10,000 endpoints is counted in some 20 ms.
 */
export async function repeatedInJson(text: string, value: unknown): Promise<readonly RepeatedKey[]> {
  if ((await inTurns(countKeysOfText(text))) === (await inTurns(countKeysOfValue(value)))) return []
  const { parseTree, getNodeValue } = await import('jsonc-parser')
  const found: RepeatedKey[] = []
  const walk = (node: JsonNode | undefined, pointer: string): void => {
    const children = node?.children ?? []
    if (node?.type === 'array') for (const [i, child] of children.entries()) walk(child, pointerTo(pointer, i))
    if (node?.type !== 'object') return
    const members = children.map(({ offset, children: [key, child] = [] }): Member => {
      walk(child, pointerTo(pointer, key!.value))
      return { key: key!.value, offset, value: () => getNodeValue(child!) }
    })
    collect(members, pointer, found)
  }
  try {
    walk(parseTree(text), '')
  } catch (error) {
    // nested too deeply: what reads the value says so
    if (!(error instanceof RangeError)) throw error
  }
  return found
}

/** Finds repeated keys of a YAML document. */
export function repeatedInYaml(
  { isMap, isNode, isScalar, isSeq }: typeof import('yaml'),
  document: Document.Parsed
): readonly RepeatedKey[] {
  const found: RepeatedKey[] = []
  const walk = (node: unknown, pointer: string): void => {
    if (isSeq(node)) for (const [i, item] of node.items.entries()) walk(item, pointerTo(pointer, i))
    if (!isMap(node)) return
    const members: Member[] = []
    for (const { key, value } of node.items) {
      if (!isScalar(key) || isMergeKey(key.value)) continue
      const name = String(key.value)
      walk(value, pointerTo(pointer, name))
      members.push({ key: name, offset: key.range?.[0] ?? 0, value: () => (isNode(value) ? value.toJS(document) : value) })
    }
    collect(members, pointer, found)
  }
  walk(document.contents, '')
  return found
}

/** `<<` in the schema that knows merge keys, where its value is a symbol, and in others. */
const isMergeKey = (key: unknown): boolean => key === '<<' || typeof key === 'symbol'

/** Adds the keys of one object that are passed over. Those that are free for comments may repeat. */
function collect(members: readonly Member[], pointer: string, found: RepeatedKey[]): void {
  const last = new Map(members.map(member => [member.key, member]))
  if (last.size === members.length) return
  for (const member of members) {
    const { key, offset } = member
    const counts = last.get(key)!
    if (counts === member || isFreeKey(key)) continue
    const kept = protectionsIn(counts.value(), key)
    const lost = [...protectionsIn(member.value(), key)].filter(([place]) => !kept.has(place))
    const namespaces = new Set(lost.map(([, namespace]) => namespace))
    found.push({ pointer: pointerTo(pointer, key), key, offset, countsAt: counts.offset, lost: [...namespaces] })
  }
}

/** Keys that are counted in one step: some 0.1 ms. */
const KEYS_OF_A_STEP = 1000

/** Counts the texts of a JSON text that a colon follows. */
function* countKeysOfText(text: string): Steps<number> {
  let count = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at)) {
    at = endOfText(text, at)
    while (isBlank(text.charCodeAt(at))) at++
    if (text.charCodeAt(at) === COLON && ++count % KEYS_OF_A_STEP === 0) yield
  }
  return count
}

const COLON = 0x3a
const BACKSLASH = 0x5c

const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** Returns the offset behind the closing quote. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end + 1
  }
}

/** Without recursion: JSON.parse reads deeper values than a stack holds. */
function* countKeysOfValue(value: unknown): Steps<number> {
  let count = 0
  let step = KEYS_OF_A_STEP
  const open: unknown[] = [value]
  while (open.length > 0) {
    if (count >= step) {
      step = count + KEYS_OF_A_STEP
      yield
    }
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    if (Array.isArray(next)) {
      for (const item of next) if (typeof item === 'object') open.push(item)
    } else {
      for (const key in next) {
        count++
        const item = (next as Record<string, unknown>)[key]
        if (typeof item === 'object') open.push(item)
      }
    }
  }
  return count
}
