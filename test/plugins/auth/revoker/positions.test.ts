import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filterSize } from '../../../../plugins/auth/revoker/filter-size.js'
import { compilePositions, type HashName } from '../../../../plugins/auth/revoker/positions.js'
import { recorded } from './recorded.js'

test("filters have the size of KrakenD's library", () => {
  for (const { n, p, m, k } of recorded.sizes) assert.deepEqual(filterSize(n, p), { m, k }, `N ${n}, P ${p}`)
})

for (const hash of ['default', 'optimal'] satisfies HashName[]) {
  test(`positions of the hash ${hash} are those of KrakenD's library`, () => {
    // a size beyond 32 bits, small ones, and that of the documentation
    for (const m of [335_477_044, 71, 1, 2 ** 33 + 5, 2 ** 37]) {
      for (const recording of recorded.hashes) {
        const words = recording[hash]
        const positions = compilePositions(hash, m, 24)(Buffer.from(recording.element))
        const wanted = words.map(word => Number(BigInt(word) % BigInt(m)))
        assert.deepEqual([...positions], wanted, `${recording.element} in ${m} bits`)
      }
    }
  })
}

test('the hash default has as many functions as are wanted, at most five', () => {
  const count = (k: number): number => compilePositions('default', 1000, k)(Buffer.from('a')).length
  assert.deepEqual([1, 2, 3, 4, 5, 99].map(count), [2, 3, 5, 6, 8, 8])
})
