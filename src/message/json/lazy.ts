/**
 * JSON values that are decoded only where a reader looks, and written only where an edit was made.
 *
 * In: nodes over a body's bytes. Out: scalars as JavaScript values, objects and arrays as views. A view opens its own level when it is
 * first asked, and keeps the views below it: every reader of a place gets the same one. Edits stand in the nodes once `settle` was
 * called; what was not edited stays the text that it was.
 */

import type { LazyArray, LazyJson, LazyObject } from '../public.js'
import { ContainerView } from './container-view.js'
import { findField, UNSURE } from './find-field.js'
import { ArrayNode, type JsonNode, ObjectNode, RawNode } from './node.js'
import { Overlay } from './overlay.js'
import { renderNode } from './render.js'
import { decodeString, openArray, openObject } from './scan.js'

/** An object of at most so many bytes is searched, not opened, by its first readers. */
const SEARCHED_BYTES = 4096
/** Searches after which an object is opened, and the same where its fields were noted. */
const MOST_SEARCHES = 4
const MOST_SEARCHES_NOTED = 12

/** A view of a JSON object. */
export class ObjectView extends ContainerView implements LazyObject {
  readonly kind = 'object'
  private readonly source: RawNode | ObjectNode
  private object: ObjectNode | undefined = undefined
  private searches = 0

  constructor(source: RawNode | ObjectNode = new ObjectNode()) {
    super()
    this.source = source
  }

  get count(): number {
    return this.fields.size
  }

  has(key: string): boolean {
    const found = this.search(key)
    return found === UNSURE ? this.fields.has(key) : found !== undefined
  }

  get(key: string): LazyJson | undefined {
    const known = this.openedAt(key)
    if (known !== undefined) return known
    const found = this.search(key)
    const node = found === UNSURE ? this.fields.get(key) : found
    return node === undefined ? undefined : this.remember(key, readNode(node))
  }

  text(key: string): string | undefined {
    const found = this.opened === undefined ? this.search(key) : UNSURE
    const node = found === UNSURE ? this.settledAt(key, this.fields.get(key)) : found
    return node === undefined ? undefined : nodeToText(node)
  }

  keys(): string[] {
    return [...this.fields.keys()]
  }

  set(key: string, value: LazyJson): void {
    this.put(key, this.take(key, value))
    this.written = true
  }

  delete(key: string): boolean {
    if (!this.fields.delete(key)) return false
    this.written = true
    this.known.touch()
    this.opened?.delete(key)
    return true
  }

  protected override get node(): JsonNode {
    return this.object ?? this.source
  }

  protected override get isEdited(): boolean {
    const { node } = this
    return node.kind === 'object' && node.raw === undefined
  }

  protected override nodes(): Iterable<[string, JsonNode]> {
    return this.fields
  }

  protected override put(key: string, node: JsonNode): void {
    if (node.kind === 'raw' && this.overlay(key, node)) return
    this.fields.set(key, node)
    this.known.touch()
  }

  /** Writes a value over that of a closed object. Returns false where the object must be opened. */
  private overlay(key: string, node: RawNode): boolean {
    const { known } = this
    if (known.isOpen) return false
    const overlay = known.overlay ?? Overlay.over(known.raw)
    if (overlay === undefined || !overlay.put(key, node)) return false
    known.cover(overlay)
    return true
  }

  /** Looks for a key without opening the object, which is what few reads of a small one are cheaper with. */
  private search(key: string): RawNode | undefined | typeof UNSURE {
    const node = this.object ?? this.source
    if (node.kind === 'object' && node.isOpen) return UNSURE
    const overlay = node.kind === 'object' ? node.overlay : undefined
    const raw = node.kind === 'raw' ? node : (overlay?.raw ?? node.raw)
    if (raw === undefined || (raw.fields === undefined && raw.size > SEARCHED_BYTES)) return UNSURE
    if (++this.searches > (raw.fields === undefined ? MOST_SEARCHES : MOST_SEARCHES_NOTED)) return UNSURE
    return overlay?.find(key) ?? findField(raw, key)
  }

  private get known(): ObjectNode {
    this.object ??= this.source.kind === 'object' ? this.source : new ObjectNode(undefined, this.source)
    return this.object
  }

  private get fields(): Map<string, JsonNode> {
    return openObject(this.known)
  }
}

/** A view of a JSON array. */
export class ArrayView extends ContainerView implements LazyArray {
  readonly kind = 'array'
  private readonly source: RawNode | ArrayNode
  private changed: ArrayNode | undefined = undefined
  private known: JsonNode[] | undefined = undefined

  constructor(source: RawNode | ArrayNode = new ArrayNode([])) {
    super()
    this.source = source
  }

  get length(): number {
    return this.items.length
  }

  get(index: number): LazyJson | undefined {
    const node = this.items[index]
    return node === undefined ? undefined : (this.openedAt(index) ?? this.remember(index, readNode(node)))
  }

  text(index: number): string | undefined {
    const node = this.settledAt(index, this.items[index])
    return node === undefined ? undefined : nodeToText(node)
  }

  set(index: number, value: LazyJson): void {
    if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`${index} is no index`)
    const { items } = this
    const node = this.take(index, value)
    this.written = true
    while (items.length < index) items.push(NULL_NODE)
    this.put(index, node)
  }

  remove(index: number): boolean {
    const { items, opened } = this
    if (!Number.isSafeInteger(index) || index < 0 || index >= items.length) return false
    items.splice(index, 1)
    this.written = true
    this.changed ??= new ArrayNode(items)
    if (opened === undefined) return true
    this.opened = new Map()
    for (const [place, view] of opened)
      if (place !== index) this.opened.set((place as number) > index ? (place as number) - 1 : place, view)
    return true
  }

  protected override get node(): JsonNode {
    return this.changed ?? this.source
  }

  protected override get isEdited(): boolean {
    return this.node.kind === 'array'
  }

  protected override nodes(): Iterable<[number, JsonNode]> {
    return this.items.entries()
  }

  protected override put(index: number, node: JsonNode): void {
    this.items[index] = node
    this.changed ??= new ArrayNode(this.items)
  }

  private get items(): JsonNode[] {
    this.known ??= openArray(this.source)!
    return this.known
  }
}

const QUOTE = 0x22
const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b
const NULL = 0x6e
const TRUE = 0x74
const FALSE = 0x66
const NULL_NODE = new RawNode('null')

const nodeToText = (node: JsonNode): string => {
  if (node.kind !== 'raw') return renderNode(node).toString()
  const { bytes, start, end } = node
  return bytes === undefined ? Buffer.from(node.text, 'latin1').toString() : bytes.toString('utf8', start, end)
}

/** A node as a reader sees it. */
export function readNode(node: JsonNode): LazyJson {
  if (node.kind === 'object') return new ObjectView(node)
  if (node.kind === 'array') return new ArrayView(node)
  switch (node.first) {
    case QUOTE:
      return decodeString(node.text)
    case OPEN_OBJECT:
      return new ObjectView(node)
    case OPEN_ARRAY:
      return new ArrayView(node)
    case NULL:
      return null
    case TRUE:
      return true
    case FALSE:
      return false
    default:
      return Number(node.text)
  }
}
