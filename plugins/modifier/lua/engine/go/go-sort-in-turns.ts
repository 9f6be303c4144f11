/** As `goSort`, for an order that can pause: one that may be a generator. */
import { DECREASING, Elements, FEW, INCREASING, UNKNOWN } from './go-sort-elements.js'

/** Whether an element comes before another; or, where that takes its time, a generator of what {@link Truth} reads. */
export type Order<T> = (a: T, b: T) => boolean | Sorting<unknown>
type Truth = (answer: unknown) => boolean

/** Sorts, and yields what the order yields. */
export function goSortInTurns<T>(data: T[], order: Order<T>, truth: Truth): Sorting {
  return new Sorter(data, order, truth).sort()
}

type Sorting<T = void> = Generator<unknown, T, unknown>

class Sorter<T> extends Elements<T> {
  private readonly order: Order<T>
  /** The order, while it takes its time. */
  private asked: Sorting<unknown> | undefined
  private readonly truth: Truth

  constructor(data: T[], order: Order<T>, truth: Truth) {
    super(data)
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
        for (let i = a + 1; i < b; i++)
          for (let j = i; j > a && (this.ask(j, j - 1) ?? (yield* this.answer())); j--) this.swap(j, j - 1)
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

  /** The middle of three, each the middle of three where there are many; and what the exchanges on the way there tell of the order. */
  private *choosePivot(a: number, b: number): Sorting<[number, number]> {
    const length = b - a
    const quarter = Math.floor(length / 4)
    const places: [number, number, number] = [a + quarter, a + quarter * 2, a + quarter * 3]
    let exchanges = 0
    for (let round = length >= 50 ? 0 : 3; round < 4 && length >= 8; round++) {
      const near = places[round]!
      let [x, y, z] = round < 3 ? [near - 1, near, near + 1] : places
      if (this.ask(y, x) ?? (yield* this.answer())) {
        ;[x, y] = [y, x]
        exchanges++
      }
      if (this.ask(z, y) ?? (yield* this.answer())) {
        y = z
        exchanges++
      }
      if (this.ask(y, x) ?? (yield* this.answer())) {
        y = x
        exchanges++
      }
      places[round < 3 ? round : 1] = y
    }
    return [places[1], exchanges === 0 ? INCREASING : exchanges === 12 ? DECREASING : UNKNOWN]
  }
}
