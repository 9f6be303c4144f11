/** What recording holds in memory, whatever clients ask for and however long a collector is away. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SpanBatcher } from '../../../../plugins/_shared/otlp/batcher.js'
import { UnixClock } from '../../../../plugins/_shared/otlp/clock.js'
import { ExportQueue } from '../../../../plugins/_shared/otlp/export-queue.js'
import { HttpSender } from '../../../../plugins/_shared/otlp/http-sender.js'
import { ResourceFrame } from '../../../../plugins/_shared/otlp/resource.js'
import { ExchangeSpan, Trace } from '../../../../plugins/_shared/traces/open-span.js'
import { Propagation } from '../../../../plugins/_shared/traces/propagation.js'
import { ServerSpans } from '../../../../plugins/_shared/traces/server-spans.js'
import { SpanOutput } from '../../../../plugins/_shared/traces/span-output.js'
import { freePort } from '../../../support/free-port.js'
import { decodeTraces, spansIn } from '../../../support/otlp-receiver.js'

const MIB = 1024 * 1024
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function used(): number {
  collect()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return (heapUsed + external + arrayBuffers) / MIB
}

/** Exchanges with paths of their own, and what records them. */
function recorder(push: (request: { bytes: Buffer; items: number }) => void): (path: string) => void {
  const clock = new UnixClock()
  const frame = new ResourceFrame({ attributes: [], schemaUrl: '', scope: 'x' })
  const output = new SpanOutput(new SpanBatcher({ frame, clock, queues: [{ push }], delayMs: 60_000, maxSpans: 2048 }), clock)
  const server = new ServerSpans({ output, attributes: [], report: undefined })
  const propagation = new Propagation(['tracecontext'])
  const exchange = { firstByteAt: 1, status: 404, bytesIn: 0, bytesOut: 0, error: undefined, cut: false, route: '' }
  return path => {
    const req = { method: 'GET', url: path, rawHeaders: ['Host', 'x'], socket: { remoteAddress: '127.0.0.1', remotePort: 1 } }
    const incoming = { parent: undefined, sampled: undefined, state: '', baggage: '' }
    const span = new ExchangeSpan(new Trace(propagation, incoming), req, '127.0.0.1', { close() {} })
    server.finished({ ...exchange, req }, span)
  }
}

test('a million exchanges with a collector that is gone: memory is bounded, what is lost is counted', async () => {
  const address = { host: '127.0.0.1', port: await freePort(), tls: undefined, headers: {}, userAgent: 'x', gzip: false }
  const told: string[] = []
  const queue = new ExportQueue({
    sender: new HttpSender(address, '/v1/traces'),
    events: { failing: message => void told.push(message), recovered() {}, rejected() {} },
    room: { bytes: 16 * MIB, items: 65_536 },
    timeoutMs: 1000
  })
  const record = recorder(request => queue.push(request))
  const before = used()
  for (let i = 0; i < 1_000_000; i++) {
    record('/x')
    if (i % 10_000 === 0) await new Promise(setImmediate)
  }
  const grown = used() - before
  // each batch may be open still: 2048 spans
  assert.ok(queue.dropped > 1_000_000 - 65_536 - 2 * 2048, `${queue.dropped} dropped`)
  assert.ok(queue.heldBytes <= 16 * MIB)
  assert.ok(grown < 80, `${grown.toFixed(1)} MiB stay`)
  assert.equal(told.length, 1)
  await queue.close(1)
  assert.equal(queue.sent, 0)
})

test('random paths make no new name and no new route', () => {
  const names = new Set<string>()
  const routes = new Set<unknown>()
  const record = recorder(({ bytes }) => {
    for (const span of spansIn(decodeTraces(bytes))) {
      names.add(span.name)
      routes.add(span.attributes['http.route'])
    }
  })
  for (let i = 0; i < 20_000; i++) record(`/${Math.random()}`)
  assert.deepEqual([...names, ...routes], ['404 Not Found', '404 Not Found'])
})
