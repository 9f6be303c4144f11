import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BucketRoom, MOST_CLIENTS } from '../../../../plugins/qos/ratelimit/bucket-room.js'
import { bucketRule } from '../../../../plugins/qos/ratelimit/token-bucket.js'

const MINUTE = 60_000

/** A room with a clock that the test moves. */
class Clocked extends BucketRoom {
  readonly clock: { now: number }

  constructor(most?: number) {
    const clock = { now: 0 }
    super(() => clock.now, most)
    this.clock = clock
  }
}

/** How many requests in a row pass. */
function passing(room: BucketRoom, limit: ReturnType<BucketRoom['open']>, client: string): number {
  let passed = 0
  while (passed < 1000 && room.take(limit, client)) passed++
  return passed
}

test('clients have buckets of their own, and so have limits', () => {
  const room = new Clocked()
  const [slow, fast] = [room.open(bucketRule(1, 1)), room.open(bucketRule(1, 3))]
  assert.deepEqual(
    [passing(room, slow, 'a'), passing(room, slow, 'b'), passing(room, slow, '__proto__'), passing(room, slow, '')],
    [1, 1, 1, 1]
  )
  assert.deepEqual([passing(room, fast, 'a'), passing(room, fast, 'a')], [3, 0])
  assert.equal(passing(room, slow, 'a'), 0)
  room.clock.now = 1000
  assert.deepEqual([passing(room, slow, 'a'), passing(room, fast, 'a')], [1, 1])
})

test('names of any length stay distinct', () => {
  const room = new Clocked()
  const limit = room.open(bucketRule(1, 1))
  const long = 'x'.repeat(10_000)
  assert.deepEqual(
    [room.take(limit, `${long}1`), room.take(limit, `${long}2`), room.take(limit, `${long}1`)],
    [true, true, false]
  )
  for (let i = 0; i < 5000; i++) assert.equal(room.take(limit, `client ${i}`), true)
  for (let i = 0; i < 5000; i++) assert.equal(room.take(limit, `client ${i}`), false)
})

test('a client is remembered until its bucket is full again, however slow the limit is', () => {
  const room = new Clocked()
  const limit = room.open(bucketRule(1 / 3600, 100)) // full after 100 hours
  assert.equal(passing(room, limit, 'a'), 100)
  for (let hour = 1; hour <= 99; hour++) {
    room.clock.now = hour * 60 * MINUTE
    room.sweep()
  }
  assert.ok(passing(room, limit, 'a') <= 99)
})

test('who has been idle is forgotten, and memory with them', () => {
  const room = new Clocked()
  const limit = room.open(bucketRule(1, 1))
  for (let i = 0; i < 100; i++) room.take(limit, `client ${i}`)
  for (const minutes of [9, 11, 22, 33]) {
    room.clock.now = minutes * MINUTE
    room.sweep()
  }
  assert.equal(room.size, 0)
  room.take(limit, 'late')
  room.clock.now += 30 * MINUTE
  assert.equal(room.take(limit, 'late'), true, 'also without a sweep')
  assert.equal(room.size, 2)
})

test('between two requests of a client as many others as the room has places change nothing', () => {
  const most = 1000
  const room = new Clocked(most)
  const limit = room.open(bucketRule(1 / 3600, 5))
  for (let round = 0; round < 20; round++) {
    assert.equal(passing(room, limit, 'steady'), round === 0 ? 5 : 0)
    for (let i = 0; i < most - 1; i++) room.take(limit, `${round} ${i}`)
    assert.ok(room.size <= 2 * most)
  }
})

test('beyond that a client that comes back gets one request, not a whole capacity, until it would have them anyway', () => {
  const room = new Clocked(100)
  const limit = room.open(bucketRule(1, 5))
  assert.equal(passing(room, limit, 'a'), 5)
  for (let i = 0; i < 1000; i++) room.take(limit, `other ${i}`)
  assert.equal(passing(room, limit, 'a'), 1)
  assert.equal(passing(room, limit, 'new'), 1, 'it may be one that was forgotten')
  room.clock.now = 6000
  assert.equal(passing(room, limit, 'newer'), 5)
})

test('limits that refill in no time are not held back by slow ones', () => {
  const room = new Clocked(100)
  const [slow, fast] = [room.open(bucketRule(1 / 3600, 5)), room.open(bucketRule(1000, 5))]
  for (let i = 0; i < 1000; i++) room.take(slow, `${i}`)
  room.clock.now = 10
  assert.deepEqual([passing(room, fast, 'a'), passing(room, slow, 'a')], [5, 1])
})

test('a million clients more take no more memory than is said', () => {
  const room = new Clocked()
  const limit = room.open(bucketRule(1 / 3600, 5))
  const before = process.memoryUsage().arrayBuffers
  passing(room, limit, 'first')
  for (let i = 0; i < MOST_CLIENTS - 1; i++) room.take(limit, `client ${i}`)
  assert.equal(passing(room, limit, 'first'), 0)
  assert.ok(process.memoryUsage().arrayBuffers - before < 96 * 1024 * 1024)
  assert.ok(room.size <= 2 * MOST_CLIENTS)
})
