import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sweeper } from '../../src/server/sweeper.js'
import { until } from '../support/waiting.js'

test('the time of clients goes on by one tick at most, also when the event loop is held up', async t => {
  const sweeps: [now: number, clientTime: number][] = []
  const sweeper = new Sweeper(20, (...times) => {
    sweeps.push(times)
    for (const end = performance.now() + 30; sweeps.length < 4 && performance.now() < end; );
  })
  t.after(() => sweeper.stop())
  await until(() => sweeps.length >= 6, 'six sweeps')
  const [first] = sweeps
  assert.ok(first![1] > 0)
  for (const [i, [now, clientTime]] of sweeps.entries()) {
    if (i === 0) continue
    const [nowBefore, timeBefore] = sweeps[i - 1]!
    assert.ok(clientTime > timeBefore)
    assert.ok(clientTime - timeBefore <= Math.min(20, now - nowBefore) + 1e-6)
  }
})

test('a sweeper that was stopped sweeps no more', async () => {
  let count = 0
  const sweeper = new Sweeper(1, () => count++)
  await until(() => count > 0, 'a sweep')
  sweeper.stop()
  const before = count
  await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal(count, before)
})
