/**
 * Three Bloom filters that take turns. An element is added to the current and the next one, and looked for in the previous and the
 * current one; at each turn they move up. So an element is found for two to three turns, and no bit has to be cleared.
 */

import { setImmediate as breathe } from 'node:timers/promises'
import { BitFilter } from './bit-filter.js'
import { type FilterSize, filterSize } from './filter-size.js'
import { compilePositions, type HashName, type Positions } from './positions.js'

/** What filters must have in common to be united. */
export interface FilterForm {
  readonly n: number
  readonly p: number
  readonly hash: HashName
}

/** The bits of three filters, as bytes. */
export interface FilterBits {
  readonly previous: Uint8Array
  readonly current: Uint8Array
  readonly next: Uint8Array
}

/** bytes that are united in one go: less than a millisecond. */
const SLICE_BYTES = 256 * 1024
/** Elements that are added or looked for in one go. */
const SLICE_ELEMENTS = 500

/** Does something with each element, so many at a time that other work goes on; returns what it returned. */
export async function inSlices<T>(elements: readonly Uint8Array[], work: (element: Uint8Array) => T): Promise<T[]> {
  const results: T[] = []
  for (const [index, element] of elements.entries()) {
    if (index > 0 && index % SLICE_ELEMENTS === 0) await breathe()
    results.push(work(element))
  }
  return results
}

export class SlidingFilter {
  readonly form: FilterForm
  readonly size: FilterSize
  private readonly positions: Positions
  private previous: BitFilter
  private current: BitFilter
  private next: BitFilter

  /** @throws RangeError when there is no memory for it */
  constructor(form: FilterForm) {
    this.form = form
    this.size = filterSize(form.n, form.p)
    this.positions = compilePositions(form.hash, this.size.m, this.size.k)
    this.previous = new BitFilter(this.size.m)
    this.current = new BitFilter(this.size.m)
    this.next = new BitFilter(this.size.m)
  }

  has(element: Uint8Array): boolean {
    const positions = this.positions(element)
    return this.previous.has(positions) || this.current.has(positions)
  }

  /** Adds elements in slices. */
  async addAll(elements: readonly Uint8Array[]): Promise<void> {
    await inSlices(elements, element => {
      const positions = this.positions(element)
      this.next.add(positions)
      this.current.add(positions)
    })
  }

  /** Adds what other filters of the same form and size hold, in slices. A turn in between moves the elements on as it moves its own. */
  async unite(bits: FilterBits): Promise<void> {
    const pairs: [BitFilter, Uint8Array][] = [
      [this.current, bits.current],
      [this.next, bits.next],
      [this.previous, bits.previous]
    ]
    for (const [filter, other] of pairs) {
      for (let from = 0; from < other.length; from += SLICE_BYTES) {
        filter.unite(other.subarray(from, from + SLICE_BYTES), from)
        await breathe()
      }
    }
  }

  /** The mean of what the three filters are filled to, 0…1. */
  get fill(): number {
    return (this.previous.fill + this.current.fill + this.next.fill) / 3
  }

  /** The bits as they are, not a copy. */
  get bits(): FilterBits {
    return { previous: this.previous.bits, current: this.current.bits, next: this.next.bits }
  }

  /** Moves the filters up; what was added before the last turn but one is forgotten. */
  turn(): void {
    const next = emptyFilter(this.size.m, this.previous)
    this.previous = this.current
    this.current = this.next
    this.next = next
  }
}

/** New memory comes zeroed when it is first touched, which is cheaper than zeroing; without any the old one serves again. */
function emptyFilter(m: number, old: BitFilter): BitFilter {
  try {
    return new BitFilter(m)
  } catch {
    old.clear()
    return old
  }
}
