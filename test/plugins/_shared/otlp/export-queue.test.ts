import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ExportOutcome,
  ExportQueue,
  type ExportRequest,
  type QueueOptions
} from '../../../../plugins/_shared/otlp/export-queue.js'
import { stopClock } from '../../../support/time.js'
import { until } from '../../../support/waiting.js'

const SENT: ExportOutcome = { kind: 'sent', rejected: 0, message: '', written: true }
const retry = (afterMs?: number): ExportOutcome => ({ kind: 'retry', message: 'away', afterMs })

function request(size: number, items = 1): ExportRequest {
  return { bytes: Buffer.alloc(size), items }
}

/** A queue whose attempts end as `outcomes` say, the last one again and again; and what it told. */
function queueOf(outcomes: readonly (ExportOutcome | 'hangs')[], more: Partial<QueueOptions> = {}) {
  const attempts: number[] = []
  const told: string[] = []
  const left = [...outcomes]
  const queue = new ExportQueue({
    sender: {
      send(bytes, signal) {
        attempts.push(bytes.length)
        const outcome = left.length > 1 ? left.shift()! : left[0]!
        if (outcome !== 'hangs') return Promise.resolve(outcome)
        return new Promise(resolve => signal.addEventListener('abort', () => resolve(retry())))
      },
      close: () => void told.push('closed')
    },
    events: {
      failing: message => void told.push(`failing: ${message}`),
      recovered: lost => void told.push(`recovered, ${lost} lost`),
      rejected: (items, message) => void told.push(`rejected ${items}: ${message}`)
    },
    room: { bytes: 100, items: 10 },
    timeoutMs: 10_000,
    random: () => 0,
    leastPauseMs: 0,
    ...more
  })
  return { queue, attempts, told }
}

test('sends one request after the other', async () => {
  const { queue, attempts, told } = queueOf([SENT])
  for (const size of [1, 2, 3]) queue.push(request(size))
  await until(() => queue.sent === 3)
  assert.deepEqual(attempts, [1, 2, 3])
  assert.equal(queue.heldBytes, 0)
  assert.deepEqual(told, [])
})

test('tries again as long as a collector may come back, and tells once', async t => {
  stopClock(t)
  const { queue, attempts, told } = queueOf([retry(1), retry(1), retry(1), SENT])
  queue.push(request(1, 5))
  await until(() => queue.sent === 5)
  assert.deepEqual(attempts, [1, 1, 1, 1])
  assert.deepEqual(told, ['failing: away', 'recovered, 0 lost'])
})

test('what finds no room is dropped and counted', async () => {
  const { queue, told } = queueOf(['hangs'])
  queue.push(request(60, 2))
  queue.push(request(40, 2))
  queue.push(request(1, 3))
  assert.equal(queue.dropped, 3)
  assert.equal(queue.heldBytes, 100)
  await queue.close(1)
  assert.equal(queue.dropped, 7)
  assert.equal(queue.sent, 0)
  assert.equal(told.at(-1), 'closed')
})

test('a request is never larger than the room: the first one is sent whatever its size', async () => {
  const { queue } = queueOf([SENT])
  queue.push(request(1000, 1000))
  await until(() => queue.sent === 1000)
})

test('the number of spans is bounded as well', () => {
  const { queue } = queueOf(['hangs'])
  for (let i = 0; i < 12; i++) queue.push(request(1))
  assert.equal(queue.dropped, 2)
  void queue.close(1)
})

test('of cumulative values only the latest waits', async () => {
  const { queue, attempts } = queueOf(['hangs', SENT], { room: 'latest' })
  for (const size of [1, 2, 3]) queue.push(request(size))
  assert.equal(queue.heldBytes, 4)
  await queue.close(20)
  assert.deepEqual(attempts, [1])
})

test('what is refused for good is not tried again', async () => {
  const { queue, attempts, told } = queueOf([{ kind: 'refused', message: 'status 400' }, SENT])
  queue.push(request(1, 4))
  queue.push(request(2, 1))
  await until(() => queue.sent === 1)
  assert.equal(queue.dropped, 4)
  assert.deepEqual(attempts, [1, 2])
  assert.deepEqual(told, ['failing: status 400', 'recovered, 4 lost'])
})

test('what a collector takes in part is counted', async () => {
  const { queue, told } = queueOf([{ ...SENT, rejected: 2, message: 'too old' }])
  queue.push(request(1, 5))
  await until(() => queue.sent === 3)
  assert.equal(queue.dropped, 2)
  assert.deepEqual(told, ['rejected 2: too old'])
})

test('the end sends what waits, within its bound, also while a pause lasts', async () => {
  const { queue, attempts } = queueOf([retry(60_000), SENT])
  queue.push(request(1))
  queue.push(request(2))
  await until(() => attempts.length === 1)
  await queue.close(60_000)
  assert.deepEqual(attempts, [1, 1, 2])
  assert.equal(queue.sent, 2)
})

test('a collector that hangs ends an attempt by its time', async () => {
  const { queue, attempts } = queueOf(['hangs', SENT], { timeoutMs: 5 })
  queue.push(request(1))
  const alive = setInterval(() => {}, 1000)
  await until(() => queue.sent === 1)
  clearInterval(alive)
  assert.deepEqual(attempts, [1, 1])
})

test('a collector that wants no pause gets one', async () => {
  const { queue, attempts } = queueOf([retry(0), SENT], { leastPauseMs: 60_000 })
  queue.push(request(1))
  await until(() => attempts.length === 1)
  await new Promise(setImmediate)
  assert.equal(attempts.length, 1)
  await queue.close(60_000)
  assert.deepEqual(attempts, [1, 1])
})

test('a collector that fails now and then is told once a minute', async t => {
  stopClock(t)
  const flapping = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? retry(0) : SENT))
  const { queue, told } = queueOf(flapping)
  for (let i = 0; i < 100; i++) {
    queue.push(request(1))
    await until(() => queue.sent === i + 1)
  }
  assert.deepEqual(told, ['failing: away', 'recovered, 0 lost'])
})

test('what is rejected is told once a minute, with what was rejected in between', async t => {
  const pass = stopClock(t)
  const { queue, attempts, told } = queueOf([{ ...SENT, rejected: 1, message: 'too old' }])
  for (let i = 0; i < 50; i++) queue.push(request(1, 1))
  await until(() => attempts.length >= 10)
  assert.equal(told.length, 1)
  pass(60_000)
  await until(() => {
    queue.push(request(1, 1))
    return told.length >= 2
  })
  assert.equal(told[0], 'rejected 1: too old')
  const [, items] = /^rejected (\d+): too old$/.exec(told[1]!)!
  assert.ok(Number(items) >= 9, told[1])
})

test('a collector cannot reject more than it got, nor less than nothing', async () => {
  for (const [rejected, sent, dropped] of [
    [1e18, 0, 5],
    [-7, 5, 0],
    [Number.NaN, 5, 0]
  ] as const) {
    const { queue } = queueOf([{ ...SENT, rejected }])
    queue.push(request(1, 5))
    await until(() => queue.sent + queue.dropped === 5)
    assert.deepEqual([queue.sent, queue.dropped], [sent, dropped])
  }
})

test('of each slot the latest waits', async () => {
  const { queue, attempts } = queueOf(['hangs', SENT], { room: 'latest' })
  const slotted = (size: number, slot: unknown): ExportRequest => ({ ...request(size), slot })
  for (const [size, slot] of [
    [1, undefined],
    [2, 1000],
    [3, undefined],
    [4, 1000],
    [5, undefined]
  ] as const) {
    queue.push(slotted(size, slot))
  }
  assert.equal(queue.heldBytes, 1 + 4 + 5)
  await queue.close(20)
  assert.deepEqual(attempts, [1])
})
