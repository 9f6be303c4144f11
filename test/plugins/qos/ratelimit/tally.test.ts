import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tally } from '../../../../plugins/qos/ratelimit/tally.js'

test('a tally counts decisions and hands them on', () => {
  const tally = new Tally()
  assert.deepEqual(
    [true, false, true].map(allowed => tally.count(allowed)),
    [true, false, true]
  )
  assert.deepEqual(tally.facts(), { allowed: 2, refused: 1 })
})
