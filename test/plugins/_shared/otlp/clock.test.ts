import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { UnixClock } from '../../../../plugins/_shared/otlp/clock.js'
import { stopClock } from '../../../support/time.js'

const bytes = Buffer.alloc(8)

/** ms since 1970, as the clock writes `now`. */
function written(clock: UnixClock, now: number): number {
  clock.put(bytes, 0, now)
  return Number(bytes.readBigUInt64LE() / 1000n) / 1000
}

test('writes nanoseconds since 1970', t => {
  stopClock(t)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const clock = new UnixClock()
  for (const now of [0, 0.001, 1, 4294.967296, 4294.967297, performance.now(), 1e9]) {
    assert.ok(Math.abs(written(clock, now) - (Date.now() - performance.now() + now)) < 60, String(now))
  }
  assert.ok(written(clock, 2) > written(clock, 1))
})

test('follows a wall clock that was set, forwards and backwards, and no small drift', t => {
  stopClock(t)
  const clock = new UnixClock()
  const before = written(clock, 1000)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 20 })
  clock.follow()
  assert.ok(Math.abs(written(clock, 1000) - before) < 50)
  for (const step of [3_600_000, -3_600_000, -86_400_000]) {
    const now = performance.now()
    t.mock.timers.setTime(Math.round(performance.timeOrigin + now + step))
    clock.follow()
    assert.ok(Math.abs(written(clock, now) - (performance.timeOrigin + now + step)) < 100, String(step))
    // what has a length keeps it
    assert.equal(Math.round(written(clock, now + 5) - written(clock, now)), 5)
  }
})
