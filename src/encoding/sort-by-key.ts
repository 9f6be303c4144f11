import type { Sliced } from '../message/slices.js'

/** Keys that are sorted or merged before other exchanges get their turn. */
const RUN = 4096

/** {@link sortByKey} at once; undefined where there are too many keys for that. */
export function sortFewByKey<V>(keys: readonly string[], values: readonly V[]): readonly V[] | undefined {
  if (keys.length > RUN) return undefined
  if (isSorted(keys, 0, keys.length)) return values
  const order = keys.map((_, i) => i).sort((a, b) => compareKeys(keys[a]!, keys[b]!) || a - b)
  return order.filter((at, i) => i === order.length - 1 || keys[at] !== keys[order[i + 1]!]).map(at => values[at]!)
}

/** Returns the values in the order of their keys' UTF-8 bytes, as Go sorts. Of equal keys the last one's value is kept. */
export function* sortByKey<V>(keys: readonly string[], values: readonly V[]): Sliced<readonly V[]> {
  const few = sortFewByKey(keys, values)
  if (few !== undefined) return few
  let sorted = true
  for (let start = 0; sorted && start < keys.length; start += RUN) {
    sorted = isSorted(keys, start, Math.min(start + RUN + 1, keys.length))
    yield
  }
  if (sorted) return values
  const compare = (a: number, b: number): number => compareKeys(keys[a]!, keys[b]!) || a - b
  let runs: number[][] = []
  for (let start = 0; start < keys.length; start += RUN) {
    const length = Math.min(RUN, keys.length - start)
    runs.push(Array.from({ length }, (_, i) => start + i).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: number[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(i + 1 === runs.length ? runs[i]! : yield* merge(runs[i]!, runs[i + 1]!, compare))
    }
    runs = merged
  }
  const order = runs[0]!
  const made: V[] = []
  for (let i = 0; i < order.length; i++) {
    if ((i + 1) % RUN === 0) yield
    const at = order[i]!
    if (i === order.length - 1 || keys[at] !== keys[order[i + 1]!]) made.push(values[at]!)
  }
  return made
}

/** True when each key from `start` to before `end` is greater than the one before. */
function isSorted(keys: readonly string[], start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) if (compareKeys(keys[i - 1]!, keys[i]!) >= 0) return false
  return true
}

function* merge(left: readonly number[], right: readonly number[], compare: (a: number, b: number) => number): Sliced<number[]> {
  const out: number[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length) {
    out.push(compare(left[l]!, right[r]!) < 0 ? left[l++]! : right[r++]!)
    if (out.length % RUN === 0) yield
  }
  while (l < left.length) out.push(left[l++]!)
  while (r < right.length) out.push(right[r++]!)
  return out
}

/** Compares as UTF-8 bytes do: by code point, which differs from UTF-16 order only beyond the basic plane. */
function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above everything else. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
