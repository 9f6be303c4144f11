/**
 * What is open, by its handle: a map from whole numbers that leaves nothing behind.
 *
 * Not a `Map`: V8 copies its table again and again while entries come and go. Each old table keeps the next one alive, with all entries that
 * were ever in it, until a full collection of garbage. Here entries stand at the place of their number, or behind it.
 */

const START = 64
/** Share of the places that may be taken. */
const FULL = 0.5

export class HandleTable<T> {
  /** Entries that are there. */
  size = 0
  private keys: Int32Array = new Int32Array(START)
  private values: (T | undefined)[] = new Array<T | undefined>(START).fill(undefined)

  get(handle: number): T | undefined {
    return this.values[this.place(handle)]
  }

  has(handle: number): boolean {
    return this.get(handle) !== undefined
  }

  set(handle: number, value: T): void {
    let at = this.place(handle)
    if (this.values[at] === undefined) {
      if (++this.size > this.values.length * FULL) {
        this.grow()
        at = this.place(handle)
      }
      this.keys[at] = handle
    }
    this.values[at] = value
  }

  /** Returns whether it was there. */
  delete(handle: number): boolean {
    let hole = this.place(handle)
    const { keys, values } = this
    if (values[hole] === undefined) return false
    const mask = values.length - 1
    // what stands behind the hole, and would be looked for before it, moves into it
    for (let at = (hole + 1) & mask; values[at] !== undefined; at = (at + 1) & mask) {
      if (((at - keys[at]!) & mask) < ((at - hole) & mask)) continue
      keys[hole] = keys[at]!
      values[hole] = values[at]
      hole = at
    }
    values[hole] = undefined
    this.size--
    return true
  }

  /** A copy of all entries: the work on them may change the table. */
  all(): T[] {
    return this.values.filter((value): value is T => value !== undefined)
  }

  clear(): void {
    this.values.fill(undefined)
    this.size = 0
  }

  /** Where an entry is, or may be put. */
  private place(handle: number): number {
    const { keys, values } = this
    const mask = values.length - 1
    let at = handle & mask
    while (values[at] !== undefined && keys[at] !== handle) at = (at + 1) & mask
    return at
  }

  private grow(): void {
    const { keys, values } = this
    this.keys = new Int32Array(2 * keys.length)
    this.values = new Array<T | undefined>(2 * values.length).fill(undefined)
    for (const [i, value] of values.entries()) {
      if (value === undefined) continue
      const at = this.place(keys[i]!)
      this.keys[at] = keys[i]!
      this.values[at] = value
    }
  }
}
