/**
 * How long and from where the fuzz tests run: `FUZZ_RUNS` multiplies the number of runs (default 1), `FUZZ_SEED` starts
 * where a failed run started. The seed of each property is printed, and a failure prints the counterexample that is left after shrinking.
 */

import type { TestContext } from 'node:test'
import fc from 'fast-check'

const FACTOR = Number(process.env.FUZZ_RUNS ?? 1)
const SEED = process.env.FUZZ_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(process.env.FUZZ_SEED)

/** Checks a property `runs` times. */
export function holds<T>(t: TestContext, runs: number, property: fc.IProperty<T>): void {
  t.diagnostic(`FUZZ_SEED=${SEED} runs=${runs * FACTOR}`)
  fc.assert(property, { numRuns: runs * FACTOR, seed: SEED, includeErrorInReport: true })
}

/** As {@link holds}, for properties that wait. */
export async function holdsAsync<T>(t: TestContext, runs: number, property: fc.IAsyncProperty<T>): Promise<void> {
  t.diagnostic(`FUZZ_SEED=${SEED} runs=${runs * FACTOR}`)
  await fc.assert(property, { numRuns: runs * FACTOR, seed: SEED, includeErrorInReport: true })
}

/** Bytes cut at random borders, empty pieces left out. */
export function cut(bytes: Buffer, borders: readonly number[]): Buffer[] {
  const places = [...new Set(borders.map(border => border % (bytes.length + 1)))].sort((a, b) => a - b)
  const pieces: Buffer[] = []
  let from = 0
  for (const to of [...places, bytes.length]) {
    if (to > from) pieces.push(Buffer.from(bytes.subarray(from, to)))
    from = Math.max(from, to)
  }
  return pieces
}

export const borders = fc.array(fc.nat(1 << 16), { maxLength: 24 })
