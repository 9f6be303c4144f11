/**
 * One JSON document as the tree that `flatmap_filter` edits: every value has a label, which it keeps until it is moved.
 *
 * In: validated bytes. A value is opened only when a path goes through it. A node is a number, its facts stand in columns: 17 bytes a node
 * instead of about 150 of an object. So an array of two million elements costs a few times its text, and no garbage collection.
 *
 * The rules are KrakenD's. An element's label is its index in the document, whatever happens to its neighbours. A path takes the first
 * child with its label. A new child comes last. A container without children is `null`, unless it was empty in the document.
 *
 * Over 300 lines: opening, indexing and editing all write the same columns, which no other file may touch.
 */

import { GatewayError } from '../../errors.js'
import { skipString, skipValue } from '../../message/json/scan.js'
import { skipSpace } from '../../message/json/validate.js'
import type { Sliced } from '../../message/slices.js'
import { KeyTable, keyText, sameKey } from './key-table.js'
import type { FlatLabel } from './label.js'

export const ROOT = 0
/** No such child. */
export const NONE = 0
/** Returned by {@link FlatTree.find}: call {@link FlatTree.index} first. */
export const UNINDEXED = -1

/** Moved or deleted: a bit beside the kind. */
const GONE = 4
/** A value as the document has it. */
export const LEAF = 1
const OBJECT = 2
export const ARRAY = 3

/** What a label is, in its two lowest bits: an index, the offset of a key's quote, the number of a {@link FlatLabel}. */
export const INDEX = 0
export const KEY = 1
export const NAME = 2

/** Offsets must leave room for those two bits. */
const MAX_BYTES = 2 ** 30
/** Children that are read before other exchanges get their turn. */
const STEP = 512
/** A value of this size counts for many. */
const LARGE_BYTES = 64 * 1024
/** Children that are compared one by one. */
const FEW = 64
/** Keys that are compared with each other. */
const FEW_KEYS = 16
/** Searches among more than {@link FEW} children before they are indexed. */
const SEARCHES = 3

const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b

export class FlatTree {
  readonly bytes: Buffer
  /** Whether anything was changed. */
  changed = false
  kinds = new Uint8Array(64)
  labels = new Uint32Array(64)
  /** Offset of a leaf; first child of a container. */
  begins = new Uint32Array(64)
  /** Offset behind a leaf; last child of a container. */
  ends = new Uint32Array(64)
  next = new Uint32Array(64)
  private count = 1
  private readonly names: readonly FlatLabel[]
  /** The document's text of nodes that got children: it shows again when the children are gone. */
  private readonly own = new Map<number, OwnText>()
  /** Arrays whose children are not just those of the document, and the index that the next item gets. */
  private readonly grown = new Map<number, number>()
  /** Children of wide containers by label. */
  private readonly indexes = new Map<number, Map<string, number>>()
  private readonly searches = new Map<number, number>()
  /** The container that is open in part. */
  private opening: Opening | undefined

  /**
   * @param bytes an object without white space around it.
   * @param names the labels that values may get, by their number.
   * @throws GatewayError SLUICE_ERR_BODY_TOO_LARGE for a document of 1 GiB or more.
   */
  constructor(bytes: Buffer, names: readonly FlatLabel[]) {
    if (bytes.length >= MAX_BYTES) throw new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', { limit: `flatmap_filter=${MAX_BYTES}` })
    this.bytes = bytes
    this.names = names
    this.kinds[ROOT] = LEAF
    this.ends[ROOT] = bytes.length
  }

  /** Whether the node is an array and not `null`. Open it first. */
  isArray(node: number): boolean {
    if (this.kinds[node] === LEAF) return this.bytes[this.begins[node]!] === OPEN_ARRAY
    return this.kinds[node] === ARRAY && (this.first(node) !== NONE || this.own.has(node))
  }

  /** Whether a node was neither moved nor deleted. */
  isIn(node: number): boolean {
    return this.kinds[node]! < GONE
  }

  /** First child. Open the node first. */
  first(node: number): number {
    if (this.kinds[node] === LEAF) return NONE
    const begin = this.begins[node]!
    const child = this.living(begin)
    // what is gone is passed only once; the first of an array's own elements stays known, see `element`
    if (child !== begin && (this.kinds[node] === OBJECT || this.grown.has(node))) this.setFirst(node, child)
    return child
  }

  private setFirst(container: number, child: number): void {
    this.begins[container] = child
    if (child === NONE) this.ends[container] = NONE
  }

  /** The child behind `child`. */
  after(child: number): number {
    return this.living(this.next[child]!)
  }

  private living(child: number): number {
    let node = child
    while (node !== NONE && this.kinds[node]! >= GONE) node = this.next[node]!
    return node
  }

  /** Where the document has the text of a container without children; undefined = it is `null` now. */
  ownText(node: number): OwnText | undefined {
    return this.own.get(node)
  }

  /** Reads the children of a container, a part of them at a time; returns whether all are there. */
  open(node: number): boolean {
    if (this.opening === undefined) {
      if (this.kinds[node] !== LEAF) return true
      const start = this.begins[node]!
      const c = this.bytes[start]
      if (c !== OPEN_OBJECT && c !== OPEN_ARRAY) return true
      const at = skipSpace(this.bytes, start + 1, this.bytes.length)
      if (this.bytes[at] === c + 2) return true // in ASCII each closing bracket stands two behind its opening one
      this.kinds[node] = c === OPEN_ARRAY ? ARRAY : OBJECT
      this.begins[node] = this.count
      this.opening = { at, index: 0, table: undefined, checked: NONE }
    }
    return this.opening.at === NONE ? this.dropRepeated(node, this.opening) : this.readChildren(node, this.opening)
  }

  private readChildren(node: number, opening: Opening): boolean {
    const { bytes } = this
    const { length } = bytes
    const inObject = this.kinds[node] === OBJECT
    for (let step = 0; step < STEP; step++) {
      if (!this.reserve()) return false
      let { at } = opening
      const child = this.count++
      const from = at
      this.labels[child] = inObject ? (at << 2) | KEY : (opening.index++ << 2) | INDEX
      if (inObject) at = skipSpace(bytes, skipSpace(bytes, skipString(bytes, at + 1), length) + 1, length)
      const behind = skipValue(bytes, at)
      this.kinds[child] = LEAF
      this.begins[child] = at
      this.ends[child] = behind
      at = skipSpace(bytes, behind, length)
      if (bytes[at] !== COMMA) {
        this.ends[node] = child
        opening.at = NONE
        if (inObject && child > this.begins[node]!) return this.dropRepeated(node, opening)
        this.opening = undefined
        return true
      }
      this.next[child] = child + 1
      opening.at = skipSpace(bytes, at + 1, length)
      if (at - from > LARGE_BYTES) return false
    }
    return false
  }

  /** Of repeated keys the last wins. */
  private dropRepeated(node: number, opening: Opening): boolean {
    const first = this.begins[node]!
    const last = this.ends[node]!
    if (last - first < FEW_KEYS) {
      for (let a = first; a < last; a++) {
        const key = this.labels[a]! >>> 2
        for (let b = a + 1; b <= last; b++) if (sameKey(this.bytes, key, this.labels[b]! >>> 2)) this.dropChild(a)
      }
    } else {
      opening.table ??= new KeyTable(this.bytes, last - first + 1)
      const from = opening.checked === NONE ? first : opening.checked
      const to = Math.min(last, from + STEP)
      for (let child = from; child <= to; child++) {
        const before = opening.table.put(this.labels[child]! >>> 2, child)
        if (before !== NONE) this.dropChild(before)
      }
      opening.checked = to + 1
      if (to < last) return false
    }
    this.opening = undefined
    return true
  }

  private dropChild(child: number): void {
    this.changed = true
    this.kinds[child]! |= GONE
  }

  /** Finds the first child with the label: {@link NONE}, or {@link UNINDEXED} when {@link index} must be called before. */
  find(container: number, label: FlatLabel): number {
    if (this.kinds[container] === LEAF) return NONE
    if (this.kinds[container] === ARRAY && !this.grown.has(container)) return this.element(container, label.index)
    const index = this.indexes.size === 0 ? undefined : this.indexes.get(container)
    if (index !== undefined) return index.get(label.text) ?? NONE
    let steps = 0
    for (let child = this.first(container); child !== NONE; child = this.after(child)) {
      if (this.hasLabel(child, label)) return child
      if (++steps === FEW && this.searchedOften(container)) return UNINDEXED
    }
    return NONE
  }

  /** The elements of an array that has those of the document alone stand in a row. */
  private element(array: number, index: number): number {
    const child = this.begins[array]! + index
    return index >= 0 && child <= this.ends[array]! && this.kinds[child]! < GONE ? child : NONE
  }

  private searchedOften(container: number): boolean {
    const times = (this.searches.get(container) ?? 0) + 1
    this.searches.set(container, times)
    return times > SEARCHES
  }

  /** Whether a child of that label would replace another one: items of arrays never do. Open the node first. */
  isList(node: number): boolean {
    return this.kinds[node] === LEAF ? this.bytes[this.begins[node]!] === OPEN_ARRAY : this.kinds[node] === ARRAY
  }

  private hasLabel(node: number, label: FlatLabel): boolean {
    const mark = this.labels[node]!
    const value = mark >>> 2
    if ((mark & 3) === INDEX) return value === label.index
    if ((mark & 3) === NAME) return value === label.id
    const { bytes } = this
    const { key } = label
    for (let i = 1; i < key.length; i++) {
      const c = bytes[value + i]!
      if (c === BACKSLASH || key[i] === BACKSLASH) return keyText(bytes, value) === label.text
      if (c !== key[i]) return false
    }
    return true
  }

  /** The label of a node, to find another one by it. */
  labelOf(node: number): FlatLabel {
    const text = this.labelText(node)
    const index = (this.labels[node]! & 3) === INDEX ? this.labels[node]! >>> 2 : -1
    const key = Buffer.from(JSON.stringify(text))
    return this.names.find(name => name.text === text) ?? { text, key, index, id: -1 }
  }

  private labelText(node: number): string {
    const mark = this.labels[node]!
    const value = mark >>> 2
    if ((mark & 3) === KEY) return keyText(this.bytes, value)
    return (mark & 3) === INDEX ? String(value) : this.names[value]!.text
  }

  /** Makes the children of a wide container quick to find. */
  *index(container: number): Sliced<void> {
    const index = new Map<string, number>()
    let steps = 0
    for (let child = this.first(container); child !== NONE; child = this.after(child)) {
      const text = this.labelText(child)
      if (!index.has(text)) index.set(text, child)
      if (++steps % STEP === 0) yield
    }
    this.indexes.set(container, index)
  }

  /** Takes a child out. */
  remove(container: number, child: number): void {
    this.changed = true
    this.kinds[child]! |= GONE
    const index = this.indexes.size === 0 ? undefined : this.indexes.get(container)
    if (index === undefined) return
    // labels of an object differ; in an array another child may have the same
    if (this.kinds[container] === OBJECT) index.delete(this.labelText(child))
    else this.indexes.delete(container)
  }

  /** Makes an array that hangs nowhere yet. Call {@link reserve} before. */
  makeList(): number {
    const node = this.count++
    this.kinds[node] = ARRAY
    this.grown.set(node, 0)
    return node
  }

  /** Takes all children out. */
  clear(container: number): void {
    if (this.kinds[container] === LEAF) return
    this.changed = true
    if (this.kinds[container] === ARRAY) this.setGrown(container)
    this.setFirst(container, NONE)
    this.indexes.delete(container)
  }

  /** Gives a child another label, at its place. In an object no other child may have it. */
  rename(container: number, child: number, label: FlatLabel): void {
    this.changed = true
    this.indexes.delete(container)
    if (this.kinds[container] === ARRAY) this.setGrown(container)
    this.labels[child] = (label.id << 2) | NAME
  }

  /**
   * Hangs `node`, whose old place goes, under `container` as its last child; undefined = a new object. In an object no
   * other child may have the label; without one, in an array, it gets the next index. Call {@link reserve} before.
   */
  add(container: number, label: FlatLabel | undefined, node: number | undefined): number {
    this.changed = true
    if (this.kinds[container] === LEAF) this.coverLeaf(container)
    if (this.kinds[container] === ARRAY) this.setGrown(container)
    const child = this.count++
    this.labels[child] = label === undefined ? (this.takeIndex(container) << 2) | INDEX : (label.id << 2) | NAME
    if (node === undefined) this.kinds[child] = OBJECT
    else this.moveTo(child, node)
    const last = this.ends[container]!
    if (last === NONE) this.begins[container] = child
    else this.next[last] = child
    this.ends[container] = child
    const index = this.indexes.get(container)
    const text = index === undefined ? '' : this.labelText(child)
    if (index?.has(text) === false) index.set(text, child)
    return child
  }

  /** Puts `node`, whose old place goes, in the place of a child with that label. */
  replace(child: number, label: FlatLabel, node: number): void {
    this.changed = true
    this.labels[child] = (label.id << 2) | NAME
    this.indexes.delete(child)
    this.own.delete(child)
    this.grown.delete(child)
    this.moveTo(child, node)
  }

  private moveTo(child: number, node: number): void {
    this.kinds[child] = this.kinds[node]! & ~GONE
    this.begins[child] = this.begins[node]!
    this.ends[child] = this.ends[node]!
    this.kinds[node]! |= GONE
    const own = this.own.get(node)
    if (own !== undefined) this.own.set(child, own)
    const nextIndex = this.grown.get(node)
    if (nextIndex !== undefined) this.grown.set(child, nextIndex)
    this.indexes.delete(node)
  }

  /** A leaf gets children: an empty array stays one, all else becomes an object. */
  private coverLeaf(node: number): void {
    this.own.set(node, [this.begins[node]!, this.ends[node]!])
    this.kinds[node] = this.bytes[this.begins[node]!] === OPEN_ARRAY ? ARRAY : OBJECT
    this.begins[node] = NONE
    this.ends[node] = NONE
  }

  private takeIndex(array: number): number {
    const index = this.grown.get(array)!
    this.grown.set(array, index + 1)
    return index
  }

  private setGrown(array: number): void {
    if (this.grown.has(array)) return
    const last = this.ends[array]!
    this.grown.set(array, last === NONE || (this.labels[last]! & 3) !== INDEX ? 0 : (this.labels[last]! >>> 2) + 1)
  }

  /** Makes room for one more node, one column at a time; returns whether there is room, else it is to be called again. */
  reserve(): boolean {
    const { length } = this.next
    if (this.count < length) return true
    const size = length * 2
    if (this.kinds.length < size) this.kinds = grownTo(this.kinds, new Uint8Array(size))
    else if (this.labels.length < size) this.labels = grownTo(this.labels, new Uint32Array(size))
    else if (this.begins.length < size) this.begins = grownTo(this.begins, new Uint32Array(size))
    else if (this.ends.length < size) this.ends = grownTo(this.ends, new Uint32Array(size))
    else {
      this.next = grownTo(this.next, new Uint32Array(size))
      return true
    }
    return false
  }
}

type OwnText = readonly [start: number, end: number]

/** How far a container is open. */
interface Opening {
  /** Where its next child stands; {@link NONE} = all are read. */
  at: number
  index: number
  /** Keys that are checked for repetition, and the next child to check. */
  table: KeyTable | undefined
  checked: number
}

function grownTo<Column extends Uint8Array | Uint32Array>(from: Column, to: Column): Column {
  to.set(from)
  return to
}
