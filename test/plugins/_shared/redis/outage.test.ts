import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, Outage } from '../../../../plugins/_shared/redis/outage.js'

test('three failures in a row begin an outage; an answer between them does not', () => {
  const outage = new Outage(() => 0)
  assert.deepEqual([outage.failed(), outage.failed(), outage.answered(), outage.failed(), outage.failed()], Array(5).fill(false))
  assert.equal(outage.mayAsk(), true)
  assert.equal(outage.failed(), true)
  assert.equal(outage.mayAsk(), false)
})

test('during an outage one question goes out after each pause, and pauses double up to the longest', () => {
  let now = 0
  const outage = new Outage(() => now)
  for (let i = 0; i < 3; i++) outage.failed()
  for (let pause = FIRST_PAUSE_MS; pause < 4 * LONGEST_PAUSE_MS; pause *= 2) {
    now += Math.min(pause, LONGEST_PAUSE_MS) - 1
    assert.equal(outage.mayAsk(), false)
    now += 1
    assert.deepEqual([outage.mayAsk(), outage.mayAsk()], [true, false])
    assert.equal(outage.failed(), false)
  }
  now += LONGEST_PAUSE_MS
  assert.equal(outage.mayAsk(), true)
  assert.equal(outage.answered(), true)
  assert.equal(outage.mayAsk(), true)
})

test('failures of questions from before an outage do not prolong it', () => {
  let now = 0
  const outage = new Outage(() => now)
  for (let i = 0; i < 10; i++) outage.failed()
  now = FIRST_PAUSE_MS
  assert.equal(outage.mayAsk(), true)
})
