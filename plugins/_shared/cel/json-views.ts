/** Views of JSON as `@bufbuild/cel` reads them: an expression that looks at one field of a large body decodes that field. */

import type { CelValue } from '@bufbuild/cel'
import type { LazyArray, LazyJson, LazyObject } from 'sluice/plugin'
import { LIST, MAP } from './collections.js'

/** A value of a response as an expression sees it. Numbers are their text. */
export function viewToCel(value: LazyJson): CelValue {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return value
  return (value.kind === 'array' ? new ViewList(value) : new ViewMap(value)) as unknown as CelValue
}

class ViewList {
  readonly [LIST] = true
  private readonly list: LazyArray

  constructor(list: LazyArray) {
    this.list = list
  }

  get size(): number {
    return this.list.length
  }

  get(index: number): CelValue | undefined {
    const value = this.list.get(index)
    if (value === undefined) return undefined
    return typeof value === 'number' ? this.list.text(index) : viewToCel(value)
  }

  *values(): IterableIterator<CelValue> {
    for (let index = 0; index < this.list.length; index++) yield this.get(index)!
  }

  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values()
  }
}

class ViewMap {
  readonly [MAP] = true
  private readonly object: LazyObject
  /** An expression may ask for the keys again in each round of a macro. */
  private names: readonly string[] | undefined = undefined

  constructor(object: LazyObject) {
    this.object = object
  }

  get size(): number {
    return this.object.count
  }

  get(key: unknown): CelValue | undefined {
    if (typeof key !== 'string') return undefined
    const value = this.object.get(key)
    if (value === undefined) return undefined
    return typeof value === 'number' ? this.object.text(key) : viewToCel(value)
  }

  has(key: unknown): boolean {
    return typeof key === 'string' && this.object.get(key) !== undefined
  }

  keys(): IterableIterator<string> {
    return this.known().values() as IterableIterator<string>
  }

  *values(): IterableIterator<CelValue> {
    for (const name of this.known()) yield this.get(name)!
  }

  *entries(): IterableIterator<[string, CelValue]> {
    for (const name of this.known()) yield [name, this.get(name)!]
  }

  forEach(visit: (value: CelValue, key: string, map: unknown) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }

  [Symbol.iterator](): IterableIterator<[string, CelValue]> {
    return this.entries()
  }

  private known(): readonly string[] {
    this.names ??= this.object.keys()
    return this.names
  }
}
