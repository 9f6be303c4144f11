/**
 * Sorts as Go's `sort.Sort` does (pattern-defeating quicksort), so that elements which compare equal come out in the same order. The order
 * may be a script's and may be no order at all: indexes stay inside the array whatever it says. It may also take its time, and be a generator.
 */

/** Whether an element comes before another; or, where that takes its time, a generator of what {@link Truth} reads. */
export type Order<T> = (a: T, b: T) => boolean | Sorting<unknown>
type Truth = (answer: unknown) => boolean

/** Up to so many elements are sorted by insertion. */
const FEW = 12

/** Sorts in one go. */
export function goSort<T>(data: T[], less: (a: T, b: T) => boolean): void {
  if (data.length > FEW) goSortInTurns(data, less, Boolean).next()
  else
    for (let i = 1; i < data.length; i++)
      for (let j = i; j > 0 && less(data[j]!, data[j - 1]!); j--) [data[j - 1], data[j]] = [data[j]!, data[j - 1]!]
}

/** Sorts, and yields what the order yields. */
export function goSortInTurns<T>(data: T[], order: Order<T>, truth: Truth): Sorting {
  return new Sorter(data, order, truth).sort()
}

type Sorting<T = void> = Generator<unknown, T, unknown>

const DECREASING = 2
const INCREASING = 1
const UNKNOWN = 0

class Sorter<T> {
  private readonly data: T[]
  private readonly order: Order<T>
  private random = 0
  /** The order, while it takes its time. */
  private asked: Sorting<unknown> | undefined
  private readonly truth: Truth

  constructor(data: T[], order: Order<T>, truth: Truth) {
    this.data = data
    this.order = order
    this.truth = truth
  }

  *sort(): Sorting {
    const n = this.data.length
    yield* this.quick(0, n, 32 - Math.clz32(n))
  }

  /** What the order says; undefined where it takes its time: then `answer` has it. */
  private ask(i: number, j: number): boolean | undefined {
    const said = this.order(this.data[i]!, this.data[j]!)
    if (typeof said === 'boolean') return said
    this.asked = said
    return undefined
  }

  private *answer(): Sorting<boolean> {
    return this.truth(yield* this.asked!)
  }

  private swap(i: number, j: number): void {
    const { data } = this
    const held = data[i]!
    data[i] = data[j]!
    data[j] = held
  }

  private *insertion(a: number, b: number): Sorting {
    for (let i = a + 1; i < b; i++)
      for (let j = i; j > a && (this.ask(j, j - 1) ?? (yield* this.answer())); j--) this.swap(j, j - 1)
  }

  private *heap(a: number, b: number): Sorting {
    const n = b - a
    for (let i = Math.floor((n - 1) / 2); i >= 0; i--) yield* this.siftDown(i, n, a)
    for (let i = n - 1; i >= 0; i--) {
      this.swap(a, a + i)
      yield* this.siftDown(0, i, a)
    }
  }

  private *siftDown(from: number, to: number, first: number): Sorting {
    let root = from
    for (;;) {
      let child = 2 * root + 1
      if (child >= to) return
      if (child + 1 < to && (this.ask(first + child, first + child + 1) ?? (yield* this.answer()))) child++
      if (!(this.ask(first + root, first + child) ?? (yield* this.answer()))) return
      this.swap(first + root, first + child)
      root = child
    }
  }

  private *quick(from: number, to: number, bad: number): Sorting {
    let a = from
    let b = to
    let limit = bad
    let balanced = true
    let partitioned = true
    for (;;) {
      const length = b - a
      if (length <= FEW) {
        yield* this.insertion(a, b)
        return
      }
      if (limit === 0) {
        yield* this.heap(a, b)
        return
      }
      if (!balanced) {
        this.breakPatterns(a, b)
        limit--
      }
      let [pivot, hint] = yield* this.choosePivot(a, b)
      if (hint === DECREASING) {
        this.reverse(a, b)
        pivot = b - 1 - (pivot - a)
        hint = INCREASING
      }
      if (balanced && partitioned && hint === INCREASING && (yield* this.partialInsertion(a, b))) return
      if (a > 0 && !(this.ask(a - 1, pivot) ?? (yield* this.answer()))) {
        a = yield* this.partitionEqual(a, b, pivot)
        continue
      }
      const [middle, already] = yield* this.partition(a, b, pivot)
      partitioned = already
      const left = middle - a
      const right = b - middle
      if (left < right) {
        balanced = left >= Math.floor(length / 8)
        yield* this.quick(a, middle, limit)
        a = middle + 1
      } else {
        balanced = right >= Math.floor(length / 8)
        yield* this.quick(middle + 1, b, limit)
        b = middle
      }
    }
  }

  private *partition(a: number, b: number, pivot: number): Sorting<[number, boolean]> {
    this.swap(a, pivot)
    let i = a + 1
    let j = b - 1
    while (i <= j && (this.ask(i, a) ?? (yield* this.answer()))) i++
    while (i <= j && !(this.ask(j, a) ?? (yield* this.answer()))) j--
    if (i > j) {
      this.swap(j, a)
      return [j, true]
    }
    this.swap(i++, j--)
    for (;;) {
      while (i <= j && (this.ask(i, a) ?? (yield* this.answer()))) i++
      while (i <= j && !(this.ask(j, a) ?? (yield* this.answer()))) j--
      if (i > j) break
      this.swap(i++, j--)
    }
    this.swap(j, a)
    return [j, false]
  }

  private *partitionEqual(a: number, b: number, pivot: number): Sorting<number> {
    this.swap(a, pivot)
    let i = a + 1
    let j = b - 1
    for (;;) {
      while (i <= j && !(this.ask(a, i) ?? (yield* this.answer()))) i++
      while (i <= j && (this.ask(a, j) ?? (yield* this.answer()))) j--
      if (i > j) return i
      this.swap(i++, j--)
    }
  }

  private *partialInsertion(a: number, b: number): Sorting<boolean> {
    let i = a + 1
    for (let step = 0; step < 5; step++) {
      while (i < b && !(this.ask(i, i - 1) ?? (yield* this.answer()))) i++
      if (i === b) return true
      if (b - a < 50) return false
      this.swap(i, i - 1)
      if (i - a >= 2) for (let j = i - 1; j >= 1 && (this.ask(j, j - 1) ?? (yield* this.answer())); j--) this.swap(j, j - 1)
      if (b - i >= 2) for (let j = i + 1; j < b && (this.ask(j, j - 1) ?? (yield* this.answer())); j++) this.swap(j, j - 1)
    }
    return false
  }

  /** Go's xorshift of 64 bits, seeded with the length; only the low bits are used. */
  private breakPatterns(a: number, b: number): void {
    const length = b - a
    if (length < 8) return
    let random = BigInt(length)
    const modulus = 2 ** (32 - Math.clz32(length))
    const at = a + Math.floor(length / 4) * 2 - 1
    for (let i = 0; i < 3; i++) {
      random ^= (random << 13n) & 0xffffffffffffffffn
      random ^= random >> 7n
      random ^= (random << 17n) & 0xffffffffffffffffn
      let other = Number(random & BigInt(modulus - 1))
      if (other >= length) other -= length
      this.swap(at + i, a + other)
    }
  }

  private *choosePivot(a: number, b: number): Sorting<[number, number]> {
    const length = b - a
    this.random = 0
    let i = a + Math.floor(length / 4)
    let j = a + Math.floor(length / 4) * 2
    let k = a + Math.floor(length / 4) * 3
    if (length >= 8) {
      if (length >= 50) {
        i = yield* this.median(i - 1, i, i + 1)
        j = yield* this.median(j - 1, j, j + 1)
        k = yield* this.median(k - 1, k, k + 1)
      }
      j = yield* this.median(i, j, k)
    }
    return [j, this.random === 0 ? INCREASING : this.random === 12 ? DECREASING : UNKNOWN]
  }

  /** The middle one of three; counts the exchanges that it took. */
  private *median(x: number, y: number, z: number): Sorting<number> {
    let [a, b, c] = [x, y, z]
    if (this.ask(b, a) ?? (yield* this.answer())) [a, b] = this.exchanged(a, b)
    if (this.ask(c, b) ?? (yield* this.answer())) [b, c] = this.exchanged(b, c)
    if (this.ask(b, a) ?? (yield* this.answer())) [a, b] = this.exchanged(a, b)
    void c
    return b
  }

  private exchanged(a: number, b: number): [number, number] {
    this.random++
    return [b, a]
  }

  private reverse(a: number, b: number): void {
    for (let i = a, j = b - 1; i < j; i++, j--) this.swap(i, j)
  }
}
