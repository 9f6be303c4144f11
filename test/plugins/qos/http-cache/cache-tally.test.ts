import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheTally } from '../../../../plugins/qos/http-cache/cache-tally.js'

test('the hit rate counts all answers that came from the store', () => {
  const tally = new CacheTally()
  assert.equal(tally.facts().hit_rate, '')
  tally.hits = 5
  tally.revalidated = 2
  tally.stale = 1
  tally.misses = 2
  assert.deepEqual(tally.facts(), { hit_rate: '80.0 %', hits: 5, revalidated: 2, stale: 1, misses: 2 })
})
