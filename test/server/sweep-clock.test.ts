import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SweepClock } from '../../src/server/sweep-clock.js'

test('time goes on with the sweeps, by one tick at most where a sweep is late', () => {
  const clock = new SweepClock(100, 5000)
  assert.equal(clock.time, 100)
  assert.equal(clock.advance(5100), 200)
  assert.equal(clock.advance(5150), 250)
  assert.equal(clock.advance(9000), 350)
  assert.equal(clock.advance(9100), 450)
  assert.equal(clock.time, 450)
})
