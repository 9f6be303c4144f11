import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '../../../plugins/redis/backoff.js'

test('waits double up to a second, also when each attempt connects and is lost at once', () => {
  let now = 0
  const backoff = new Backoff(
    () => now,
    () => 1
  )
  const waits = Array.from({ length: 8 }, () => {
    const wait = backoff.next()
    now += wait + 5
    return wait
  })
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1000, 1000, 1000])
})

test('a connection that has held for a while begins anew', () => {
  let now = 0
  const backoff = new Backoff(
    () => now,
    () => 0
  )
  for (let i = 0; i < 8; i++) now += backoff.next()
  now += 4000
  assert.equal(backoff.next(), 500)
  now += 6000
  assert.equal(backoff.next(), 25)
})
