import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusClock } from '../../../src/admin/status/clock.js'
import { Rate } from '../../../src/admin/status/rate.js'

test('a rate is that of the last ten whole seconds', () => {
  const clock = new StatusClock()
  clock.close()
  const rate = new Rate(clock)
  assert.equal(rate.perSecond(), 0)
  for (let second = 1; second <= 30; second++) {
    clock.set(second)
    for (let i = 0; i < 5; i++) rate.record()
  }
  assert.equal(rate.perSecond(), 5)
  assert.equal(rate.total, 150)
  clock.set(36)
  assert.equal(rate.perSecond(), 2.5)
  clock.set(100)
  assert.equal(rate.perSecond(), 0)
})

test('shortly after the start the time since then counts', () => {
  const clock = new StatusClock()
  clock.close()
  const rate = new Rate(clock)
  for (let i = 0; i < 6; i++) rate.record()
  clock.set(3)
  assert.equal(rate.perSecond(), 3)
})

test('it knows whether something happened lately', () => {
  const clock = new StatusClock()
  clock.close()
  const rate = new Rate(clock)
  assert.equal(rate.within(60), false)
  clock.set(10)
  rate.record()
  clock.set(70)
  rate.perSecond()
  assert.equal(rate.within(60), true)
  clock.set(71)
  assert.equal(rate.within(60), false)
})
