import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketRule, TokenBucket } from '../../../../plugins/qos/ratelimit/token-bucket.js'

const takeAll = (bucket: TokenBucket, now: number): number => {
  let taken = 0
  while (taken < 1000 && bucket.take(now)) taken++
  return taken
}

test('a fresh bucket gives its capacity and then nothing until a token has grown', () => {
  const bucket = new TokenBucket(bucketRule(2, 3), 0)
  assert.equal(takeAll(bucket, 0), 3)
  assert.equal(bucket.take(499), false)
  assert.equal(bucket.take(500), true)
  assert.equal(bucket.take(500), false)
  assert.equal(bucket.take(1000), true)
})

test('time counts from the last refill, so that fractions of tokens are not lost', () => {
  const bucket = new TokenBucket(bucketRule(1, 5), 0)
  takeAll(bucket, 0)
  assert.equal(takeAll(bucket, 2700), 2)
  assert.equal(bucket.take(2999), false)
  assert.equal(bucket.take(3000), true)
})

test('after an idle spell the rest, the request that refills and a whole capacity pass', () => {
  const bucket = new TokenBucket(bucketRule(1, 4), 0)
  bucket.take(0)
  assert.equal(takeAll(bucket, 60_000), 3 + 1 + 4)
})

test('exactly the capacity is refilled when just as many tokens have grown', () => {
  const bucket = new TokenBucket(bucketRule(1, 4), 0)
  takeAll(bucket, 0)
  assert.equal(takeAll(bucket, 4000), 4)
})

test('rates that are slower than a second and faster than a clock work', () => {
  const slow = new TokenBucket(bucketRule(1 / 3600, 0), 0)
  assert.equal(takeAll(slow, 0), 1)
  assert.equal(slow.take(3_599_990), false)
  assert.equal(slow.take(3_600_010), true)
  const fast = new TokenBucket(bucketRule(5e9, 2), 0)
  takeAll(fast, 0)
  assert.equal(takeAll(fast, 1), 3)
})
