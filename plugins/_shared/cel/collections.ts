/**
 * Lists and maps as `@bufbuild/cel` reads them, over values that stay as they are: an expression that looks at one field of
 * a large body makes one value.
 *
 * The library knows its collections by two registered symbols; a class that carries one is a collection to it.
 */

import type { CelInput, CelList, CelMap, CelValue } from '@bufbuild/cel'

export const LIST: unique symbol = Symbol.for('@bufbuild/cel/list') as never
export const MAP: unique symbol = Symbol.for('@bufbuild/cel/map') as never

/** Returns what an expression sees of the number `value`, which stands in `container` under `key`. */
export type ReadNumber = (container: object, key: string | number, value: number) => CelValue

/** Returns parsed JSON as a CEL value; nothing below the surface is read. */
export function jsonToCel(value: unknown, readNumber: ReadNumber): CelValue {
  if (typeof value !== 'object' || value === null) return value as CelValue
  return (Array.isArray(value) ? new JsonList(value, readNumber) : new JsonMap(value, readNumber)) as unknown as CelValue
}

function member(container: object, key: string | number, readNumber: ReadNumber): CelValue {
  const value = (container as Record<string | number, unknown>)[key]
  return typeof value === 'number' ? readNumber(container, key, value) : jsonToCel(value, readNumber)
}

/** A JSON array. */
class JsonList {
  readonly [LIST] = true
  private readonly items: readonly unknown[]
  private readonly readNumber: ReadNumber

  constructor(items: readonly unknown[], readNumber: ReadNumber) {
    this.items = items
    this.readNumber = readNumber
  }

  get size(): number {
    return this.items.length
  }

  get(index: number): CelValue | undefined {
    const { items } = this
    return Number.isInteger(index) && index >= 0 && index < items.length ? member(items, index, this.readNumber) : undefined
  }

  *values(): IterableIterator<CelValue> {
    for (let index = 0; index < this.items.length; index++) yield member(this.items, index, this.readNumber)
  }

  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values()
  }
}

/** The keys of objects whose size or keys were asked for: an expression may ask again in each round of a macro. */
const NAMES = new WeakMap<object, readonly string[]>()

/** A JSON object. Its own keys count and no others, so that `constructor` or `__proto__` are fields like any. */
class JsonMap {
  readonly [MAP] = true
  private readonly object: object
  private readonly readNumber: ReadNumber

  constructor(object: object, readNumber: ReadNumber) {
    this.object = object
    this.readNumber = readNumber
  }

  get size(): number {
    return this.ownNames().length
  }

  get(key: unknown): CelValue | undefined {
    return this.has(key) ? member(this.object, key as string, this.readNumber) : undefined
  }

  has(key: unknown): boolean {
    return typeof key === 'string' && Object.hasOwn(this.object, key)
  }

  keys(): IterableIterator<string> {
    return this.ownNames().values() as IterableIterator<string>
  }

  *values(): IterableIterator<CelValue> {
    for (const name of this.ownNames()) yield member(this.object, name, this.readNumber)
  }

  *entries(): IterableIterator<[string, CelValue]> {
    for (const name of this.ownNames()) yield [name, member(this.object, name, this.readNumber)]
  }

  forEach(visit: (value: CelValue, key: string, map: unknown) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  [Symbol.iterator](): IterableIterator<[string, CelValue]> {
    return this.entries()
  }

  private ownNames(): readonly string[] {
    const known = NAMES.get(this.object)
    if (known !== undefined) return known
    const names = Object.keys(this.object)
    NAMES.set(this.object, names)
    return names
  }
}

/**
 * The list that `list + list` gives. `map` and `filter` append one element at a time: the appended list shares its array with
 * the shorter one, as slices do in Go, so that each step costs one element.
 */
class JoinedList {
  readonly [LIST] = true
  readonly size: number
  private readonly items: CelValue[]

  constructor(items: CelValue[], size: number) {
    this.items = items
    this.size = size
  }

  /** Elements that {@link append} copies before it appends. */
  copied(): number {
    return this.items.length === this.size ? 0 : this.size
  }

  append(more: Iterable<CelValue>): JoinedList {
    const items = this.items.length === this.size ? this.items : this.items.slice(0, this.size)
    for (const one of more) items.push(one)
    return new JoinedList(items, items.length)
  }

  get(index: number): CelValue | undefined {
    return Number.isInteger(index) && index >= 0 && index < this.size ? this.items[index] : undefined
  }

  *values(): IterableIterator<CelValue> {
    for (let index = 0; index < this.size; index++) yield this.items[index]!
  }

  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values()
  }
}

/** Returns the elements of both lists as one. */
export function joinLists(left: CelList, right: CelList): CelInput {
  const joined = left instanceof JoinedList ? left : new JoinedList([...left], left.size)
  return joined.append(right) as unknown as CelInput
}

/** Returns how many elements {@link joinLists} copies. */
export const joinCost = (left: CelList, right: CelList): number =>
  right.size + (left instanceof JoinedList ? left.copied() : left.size)

export const isCelList = (value: unknown): value is CelList => typeof value === 'object' && value !== null && LIST in value
export const isCelMap = (value: unknown): value is CelMap => typeof value === 'object' && value !== null && MAP in value
