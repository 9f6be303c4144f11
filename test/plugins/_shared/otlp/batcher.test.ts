import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpanBatcher } from '../../../../plugins/_shared/otlp/batcher.js'
import { UnixClock } from '../../../../plugins/_shared/otlp/clock.js'
import type { ExportRequest } from '../../../../plugins/_shared/otlp/export-queue.js'
import { ResourceFrame } from '../../../../plugins/_shared/otlp/resource.js'

/** A batcher for so many queues, and the requests that it hands to the first of them. */
function batcherOf(queueCount: number) {
  const requests: ExportRequest[] = []
  const batcher = new SpanBatcher({
    frame: new ResourceFrame({ attributes: [], schemaUrl: '', scope: 'x' }),
    clock: new UnixClock(),
    queues: Array.from({ length: queueCount }, (_, i) => ({
      push: (request: ExportRequest) => void (i === 0 && requests.push(request))
    })),
    delayMs: 60_000,
    maxSpans: 1_000_000
  })
  const span = Buffer.alloc(1000, 1)
  const writeRequest = (): void => {
    const before = requests.length
    while (requests.length === before) {
      batcher.open().raw(span)
      batcher.spanWritten()
    }
  }
  return { batcher, requests, writeRequest }
}

test('the memory of a request is used again when all queues are done with it', () => {
  const { requests, writeRequest } = batcherOf(2)
  writeRequest()
  requests[0]!.release!()
  writeRequest()
  assert.notEqual(requests[1]!.bytes.buffer, requests[0]!.bytes.buffer, 'one queue still reads it')
  requests[0]!.release!()
  writeRequest()
  assert.equal(requests[2]!.bytes.buffer, requests[0]!.bytes.buffer)
})

test('a small request has memory of its own', () => {
  const { batcher, requests } = batcherOf(1)
  batcher.open().raw(Buffer.alloc(10))
  batcher.spanWritten()
  batcher.flush()
  assert.equal(requests[0]!.release, undefined)
  assert.ok(requests[0]!.bytes.length < 100)
})
