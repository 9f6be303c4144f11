/**
 * Values written over those of a closed object, and fields added behind its last one.
 *
 * In: the object's text with the places of its fields, and edits. Out: what `render.ts` writes between the pieces of that text. An edit of
 * one field of 16 KiB neither opens the other fields nor spells their keys anew.
 */

import { placeIn, UNSURE } from './find-field.js'
import { addKeys } from './key-hashes.js'
import type { FieldOverlay, JsonNode, OverlayEdit, RawNode } from './node.js'
import { encodeKey } from './render.js'
import { fieldsFor, readFieldsInto } from './scan.js'

/** An object with more edits is opened. */
const MOST_EDITS = 16

interface Edit extends OverlayEdit {
  readonly key: string
  node: RawNode
}

export class Overlay implements FieldOverlay {
  readonly raw: RawNode
  readonly bytes: Buffer
  private readonly index: readonly number[]
  private readonly list: Edit[] = []

  private constructor(raw: RawNode, bytes: Buffer, index: readonly number[]) {
    this.raw = raw
    this.bytes = bytes
    this.index = index
  }

  /** Undefined where validation did not note the fields, and where a key may stand twice: it is written once. */
  static over(raw: RawNode | undefined): Overlay | undefined {
    if (raw?.bytes === undefined || raw.fields === undefined || addKeys(0, raw) < 0) return undefined
    return new Overlay(raw, raw.bytes, raw.fields)
  }

  get edits(): readonly OverlayEdit[] {
    return this.list
  }

  find(key: string): RawNode | undefined {
    for (const edit of this.list) if (edit.key === key) return edit.node
    return undefined
  }

  /** Returns false where only the opened object can take the value. */
  put(key: string, node: RawNode): boolean {
    const { bytes, index, list, raw } = this
    for (const edit of list) {
      if (edit.key !== key) continue
      edit.node = node
      return true
    }
    const place = list.length < MOST_EDITS ? placeIn(index, bytes, key) : UNSURE
    if (place === UNSURE) return false
    if (place === undefined) {
      const behind = raw.end - 1
      const isFirst = index.length === 0 && list.length === 0
      list.push({ key, from: behind, to: behind, lead: (isFirst ? '' : ',') + encodeKey(key), node })
      return true
    }
    const from = index[place + 1]!
    let at = list.length
    while (at > 0 && list[at - 1]!.from > from) at--
    list.splice(at, 0, { key, from, to: index[place + 2]!, lead: '', node })
    return true
  }

  opened(): Map<string, JsonNode> {
    const fields = fieldsFor(this.raw)
    readFieldsInto(fields, this.raw)
    for (const { key, node } of this.list) fields.set(key, node)
    return fields
  }
}
