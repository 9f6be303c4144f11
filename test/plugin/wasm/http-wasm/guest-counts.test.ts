import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyLines } from '../../../../src/plugin/wasm/go-host/busy-lines.js'
import { countGuest, GuestCounts } from '../../../../src/plugin/wasm/http-wasm/guest-counts.js'
import { silentLogger } from '../../../../src/telemetry/logger.js'
import type { ComponentMetric } from '../../../../src/telemetry/observer.js'
import { freePort } from '../../../support/free-port.js'
import { stopClock } from '../../../support/time.js'
import { fetch, until } from '../../../support/waiting.js'
import { json, startUpstream } from '../../support.js'
import { drop, grow, guest, host, low, spin, trap, when } from '../guest.js'
import { openGuests } from '../support.js'

/** Turns of a loop through memory that take more than 50 ms on any machine. */
const LONG = 200_000_000

test('a guest that computes for long is named, once a second', async t => {
  const up = await startUpstream(t, json({}))
  const bytes = guest({ request: [when(low(host.get_header_values!(0, 'x-spin', 0, 9)), spin(LONG))] })
  const { gateway, log } = await openGuests(t, up.host, { 'slow.wasm': bytes }, { root: { timeout: '60s' } })
  stopClock(t)
  assert.equal((await gateway.request({ path: '/x' })).status, 200)
  t.mock.restoreAll()
  assert.ok(!log.text.includes('kept the gateway busy'))
  assert.equal((await gateway.request({ path: '/x', headers: { 'x-spin': '1' } })).status, 200)
  await log.line(/WARNING.*\[SERVICE: Plugins\] slow\.wasm kept the gateway busy for \d+ ms/)
})

test('busy lines come once a second at most', t => {
  const lines: unknown[] = []
  let now = 1_000
  t.mock.method(performance, 'now', () => now)
  const busy = new BusyLines({ warning: (...values) => void lines.push(values.join(' ')) }, 'x.wasm')
  busy.took(50)
  busy.took(51)
  busy.took(900)
  now += 999
  busy.took(900)
  now += 1
  busy.took(70)
  assert.deepEqual(
    lines.map(line => /\d+ ms/.exec(String(line))?.[0]),
    ['51 ms', '70 ms']
  )
})

test('requests, failures, time, instances and their memory are shown for all places of a file', () => {
  const offered: ComponentMetric[] = []
  const counts = countGuest('x.wasm', { logger: silentLogger, offerMetric: metric => void offered.push(metric) })
  Object.assign(counts, { requests: 1, errors: 2, instances: 3, memoryBytes: 4 })
  counts.ran(5)
  assert.deepEqual(
    offered.map(({ name, type, labels, read }) => `${name} ${type} ${labels.join(' ')} ${read()}`),
    [
      'sluice_http_wasm_requests_total counter file,x.wasm 1',
      'sluice_http_wasm_errors_total counter file,x.wasm 2',
      'sluice_http_wasm_busy_seconds_total counter file,x.wasm 0.005',
      'sluice_http_wasm_instances gauge file,x.wasm 3',
      'sluice_http_wasm_memory_bytes gauge file,x.wasm 4'
    ]
  )
  assert.ok(counts instanceof GuestCounts)
})

test('the metrics of a gateway follow what its guests do', async t => {
  const up = await startUpstream(t, json({}))
  const bytes = guest({
    request: [
      when(low(host.get_header_values!(0, 'x-trap', 0, 9)), trap),
      when(low(host.get_header_values!(0, 'x-grow', 0, 9)), drop(grow(2)))
    ],
    response: [drop(1)]
  })
  const port = await freePort()
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { root: metricsOn(port) })
  const shown = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const found = [...text.matchAll(/^sluice_http_wasm_(\w+)\{file="guest\.wasm"[^}]*\} (\S+)$/gm)]
    return Object.fromEntries(found.map(([, name, value]) => [name, Number(value)]))
  }
  const page = 65_536
  await until(async () => (await shown()).instances === 1, 'the metrics')
  assert.deepEqual(await shown(), {
    requests_total: 0,
    errors_total: 0,
    busy_seconds_total: 0,
    instances: 1,
    memory_bytes: page
  })
  for (const headers of [{}, { 'x-grow': '1' }, {}]) assert.equal((await gateway.request({ path: '/x', headers })).status, 200)
  const grown = await shown()
  assert.deepEqual([grown.requests_total, grown.errors_total, grown.instances, grown.memory_bytes], [3, 0, 1, 3 * page])
  assert.ok(grown.busy_seconds_total! > 0)
  assert.equal((await gateway.request({ path: '/x', headers: { 'x-trap': '1' } })).status, 500)
  const trapped = await shown()
  assert.deepEqual([trapped.requests_total, trapped.errors_total, trapped.instances, trapped.memory_bytes], [4, 1, 0, 0])
})

const metricsOn = (port: number): object => ({
  extra_config: {
    'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'counted', port, listen_ip: '127.0.0.1' }] } }
  }
})
