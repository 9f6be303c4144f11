/**
 * Sorts as Go's `sort.Sort` does (pattern-defeating quicksort), so that elements which compare equal come out in the same order. The order
 * may be a script's and may be no order at all: indexes stay inside the array whatever it says. `go-sort-in-turns.ts` does the same for an
 * order that can pause; generators are slower.
 */
import { DECREASING, Elements, FEW, INCREASING, UNKNOWN } from './go-sort-elements.js'

export function goSort<T>(data: T[], less: (a: T, b: T) => boolean): void {
  new Sorter(data, less).sort()
}

class Sorter<T> extends Elements<T> {
  private readonly order: (a: T, b: T) => boolean
  private random = 0

  constructor(data: T[], order: (a: T, b: T) => boolean) {
    super(data)
    this.order = order
  }

  sort(): void {
    const n = this.data.length
    this.quick(0, n, 32 - Math.clz32(n))
  }

  private less(i: number, j: number): boolean {
    return this.order(this.data[i]!, this.data[j]!)
  }

  private insertion(a: number, b: number): void {
    for (let i = a + 1; i < b; i++) for (let j = i; j > a && this.less(j, j - 1); j--) this.swap(j, j - 1)
  }

  private heap(a: number, b: number): void {
    const n = b - a
    for (let i = Math.floor((n - 1) / 2); i >= 0; i--) this.siftDown(i, n, a)
    for (let i = n - 1; i >= 0; i--) {
      this.swap(a, a + i)
      this.siftDown(0, i, a)
    }
  }

  private siftDown(from: number, to: number, first: number): void {
    let root = from
    for (;;) {
      let child = 2 * root + 1
      if (child >= to) return
      if (child + 1 < to && this.less(first + child, first + child + 1)) child++
      if (!this.less(first + root, first + child)) return
      this.swap(first + root, first + child)
      root = child
    }
  }

  private quick(from: number, to: number, bad: number): void {
    let a = from
    let b = to
    let limit = bad
    let balanced = true
    let partitioned = true
    for (;;) {
      const length = b - a
      if (length <= FEW) {
        this.insertion(a, b)
        return
      }
      if (limit === 0) {
        this.heap(a, b)
        return
      }
      if (!balanced) {
        this.breakPatterns(a, b)
        limit--
      }
      let [pivot, hint] = this.choosePivot(a, b)
      if (hint === DECREASING) {
        this.reverse(a, b)
        pivot = b - 1 - (pivot - a)
        hint = INCREASING
      }
      if (balanced && partitioned && hint === INCREASING && this.partialInsertion(a, b)) return
      if (a > 0 && !this.less(a - 1, pivot)) {
        a = this.partitionEqual(a, b, pivot)
        continue
      }
      const [middle, already] = this.partition(a, b, pivot)
      partitioned = already
      const left = middle - a
      const right = b - middle
      if (left < right) {
        balanced = left >= Math.floor(length / 8)
        this.quick(a, middle, limit)
        a = middle + 1
      } else {
        balanced = right >= Math.floor(length / 8)
        this.quick(middle + 1, b, limit)
        b = middle
      }
    }
  }

  private partition(a: number, b: number, pivot: number): [number, boolean] {
    this.swap(a, pivot)
    let i = a + 1
    let j = b - 1
    while (i <= j && this.less(i, a)) i++
    while (i <= j && !this.less(j, a)) j--
    if (i > j) {
      this.swap(j, a)
      return [j, true]
    }
    this.swap(i++, j--)
    for (;;) {
      while (i <= j && this.less(i, a)) i++
      while (i <= j && !this.less(j, a)) j--
      if (i > j) break
      this.swap(i++, j--)
    }
    this.swap(j, a)
    return [j, false]
  }

  private partitionEqual(a: number, b: number, pivot: number): number {
    this.swap(a, pivot)
    let i = a + 1
    let j = b - 1
    for (;;) {
      while (i <= j && !this.less(a, i)) i++
      while (i <= j && this.less(a, j)) j--
      if (i > j) return i
      this.swap(i++, j--)
    }
  }

  private partialInsertion(a: number, b: number): boolean {
    let i = a + 1
    for (let step = 0; step < 5; step++) {
      while (i < b && !this.less(i, i - 1)) i++
      if (i === b) return true
      if (b - a < 50) return false
      this.swap(i, i - 1)
      if (i - a >= 2) for (let j = i - 1; j >= 1 && this.less(j, j - 1); j--) this.swap(j, j - 1)
      if (b - i >= 2) for (let j = i + 1; j < b && this.less(j, j - 1); j++) this.swap(j, j - 1)
    }
    return false
  }

  private choosePivot(a: number, b: number): [number, number] {
    const length = b - a
    this.random = 0
    let i = a + Math.floor(length / 4)
    let j = a + Math.floor(length / 4) * 2
    let k = a + Math.floor(length / 4) * 3
    if (length >= 8) {
      if (length >= 50) {
        i = this.median(i - 1, i, i + 1)
        j = this.median(j - 1, j, j + 1)
        k = this.median(k - 1, k, k + 1)
      }
      j = this.median(i, j, k)
    }
    return [j, this.random === 0 ? INCREASING : this.random === 12 ? DECREASING : UNKNOWN]
  }

  /** The middle one of three; counts the exchanges that it took. */
  private median(x: number, y: number, z: number): number {
    let [a, b, c] = [x, y, z]
    if (this.less(b, a)) [a, b] = this.exchanged(a, b)
    if (this.less(c, b)) [b, c] = this.exchanged(b, c)
    if (this.less(b, a)) [a, b] = this.exchanged(a, b)
    void c
    return b
  }

  private exchanged(a: number, b: number): [number, number] {
    this.random++
    return [b, a]
  }
}
