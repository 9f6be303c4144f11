/** What the views of objects and arrays in `lazy.ts` have in common: the views below them, and how their edits come into the nodes. */

import type { LazyJson } from '../public.js'
import { type JsonNode, RawNode } from './node.js'
import { encodeString } from './render.js'

/** Views that readers put into each other nest at most so deep. */
const MOST_DEEP = 1000
/** Least that a container counts in `size`: a view of nothing costs memory too. */
const SMALLEST = 64

/** Counts walks over views, so that a view which stands in many places is visited once. */
let walk = 0

/** What views of objects and arrays have in common. */
export abstract class ContainerView {
  /** The views below that readers have got or put there, by key or index. */
  protected opened: Map<string | number, ContainerView> | undefined = undefined
  /** A reader has edited this level. */
  protected written = false
  private visited = 0
  private depth = 0

  /** The node as it is now. */
  protected abstract readonly node: JsonNode
  /** Whether {@link node} is no longer the text that it was read from. */
  protected abstract readonly isEdited: boolean
  protected abstract nodes(): Iterable<[string | number, JsonNode]>
  /** Puts the node of a view below in its place. */
  protected abstract put(place: string | number, node: JsonNode): void

  /** Brings the nodes up to date with all views below, and returns the node. The gateway calls it before it reads them. */
  settle(): JsonNode {
    walk++
    this.settleBelow()
    return this.node
  }

  private settleBelow(): void {
    if (this.visited === walk || this.opened === undefined) return
    this.visited = walk
    for (const [place, view] of this.opened) {
      view.settleBelow()
      if (view.isEdited) this.put(place, view.node)
    }
  }

  size(most: number): number {
    if (this.opened === undefined && !this.isEdited) return sizeOf(this.node, most)
    let sum = SMALLEST
    for (const [place, node] of this.nodes()) {
      if (sum > most) break
      const view = this.opened?.get(place)
      sum +=
        (view === undefined ? sizeOf(node, most - sum) : view.size(most - sum)) + (typeof place === 'string' ? place.length : 0)
    }
    return sum
  }

  /** Returns the node for a value that a reader puts at `place`. */
  protected take(place: string | number, value: LazyJson): JsonNode {
    if (typeof value !== 'object' || value === null) {
      this.opened?.delete(place)
      return new RawNode(textOf(value))
    }
    if (!(value instanceof ContainerView)) throw new TypeError('a view is made by `new LazyObject()` or `new LazyArray()`')
    const view: ContainerView = value
    walk++
    view.descend(this, this.depth + 1)
    this.keep(place, view)
    return view.node
  }

  /** The view that a reader has got of a place. */
  protected openedAt(place: string | number): LazyJson | undefined {
    return this.opened?.get(place) as LazyJson | undefined
  }

  /** The node of a place, with the edits of its view. */
  protected settledAt(place: string | number, node: JsonNode | undefined): JsonNode | undefined {
    return this.opened?.get(place)?.settle() ?? node
  }

  /** Whether a reader has edited this view, or one below. */
  differs(): boolean {
    walk++
    return this.differsBelow()
  }

  private differsBelow(): boolean {
    if (this.written) return true
    if (this.visited === walk || this.opened === undefined) return false
    this.visited = walk
    for (const view of this.opened.values()) if (view.differsBelow()) return true
    return false
  }

  /** Keeps a view for the next reader of its place; returns the value. */
  protected remember(place: string | number, value: LazyJson): LazyJson {
    if (value instanceof ContainerView) this.keep(place, value)
    return value
  }

  private keep(place: string | number, view: ContainerView): void {
    this.opened ??= new Map()
    this.opened.set(place, view)
    if (view.depth <= this.depth) view.depth = this.depth + 1
  }

  /** Notes for all views below how deep they stand. @throws RangeError when `container` is one of them, or they stand too deep */
  private descend(container: ContainerView, depth: number): void {
    if (this === container) throw new RangeError('the value would stand within itself')
    if (depth > MOST_DEEP) throw new RangeError(`the value would nest more than ${MOST_DEEP} deep`)
    if (this.visited === walk && this.depth >= depth) return
    this.visited = walk
    this.depth = depth
    if (this.opened !== undefined) for (const view of this.opened.values()) view.descend(container, depth + 1)
  }
}

/** The text of a scalar, a byte string. */
function textOf(value: string | number | boolean | null): string {
  if (typeof value === 'string') return encodeString(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`JSON has no number ${value}`)
  return Object.is(value, -0) ? '-0' : JSON.stringify(value)
}

function sizeOf(node: JsonNode, most: number): number {
  if (node.kind === 'raw') return node.size
  if (node.kind === 'object' && node.raw !== undefined) return node.raw.size
  let sum = SMALLEST
  for (const inner of node.kind === 'array' ? node.items : node.peek()!.values()) {
    if (sum > most) break
    sum += sizeOf(inner, most - sum)
  }
  return sum
}
