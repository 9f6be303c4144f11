import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinReports } from '../../../src/admin/status/join-reports.js'
import type { LiveReport } from '../../../src/admin/status/report.js'

/** What one worker tells after `n` requests. */
function reportOf(n: number, more: Partial<LiveReport> = {}): LiveReport {
  const exchanges = {
    requests: n,
    per_second: n / 10,
    client_errors: 1,
    server_errors: 0,
    incomplete: 0,
    aborted: 0,
    bytes_in: 0,
    bytes_out: n,
    latencies: [n, n]
  }
  const backend = { endpoint: 'GET /a', backend: 'GET http://b/', calls: n, per_second: 0, failed: 0, canceled: 0, latencies: [] }
  return {
    gateway: { name: 'g', version: '1', node: 'v', pid: 100 + n, worker: n, ready: true, started_at: '', uptime_seconds: n },
    process: {
      rss_bytes: 1000,
      heap_used_bytes: 10,
      heap_total_bytes: 20,
      external_bytes: 1,
      event_loop_utilization: n / 100,
      event_loop_delay_ms: { p50: n, p99: 2 * n, max: 3 * n }
    },
    in_flight: 1,
    traffic: exchanges,
    others: exchanges,
    endpoints: [{ method: 'GET', path: '/a', ...exchanges }],
    backends: [backend, backend],
    pools: [],
    components: [{ component: 'qos/circuit-breaker', name: 'breaker', place: 'GET /a', facts: { state: 'closed' } }],
    plugins: [{ name: 'p', scope: 'endpoint', runs: n, per_second: 0, failed: 0, latencies: [] }],
    errors: [{ code: 'A', endpoint: 'GET /a', count: n, at: `2026-01-0${n}`, status: 500, message: `of ${n}` }],
    configuration: { file: 'f', loaded_at: '', generation: n, findings: [], reloads: 0, failed_reloads: 0, alive: 1 },
    ...more
  }
}

test('counts are sums, the event loop is that of the busiest, states belong to their worker', () => {
  const joined = joinReports(reportOf(1), [
    { worker: 1, report: reportOf(1) },
    { worker: 2, report: reportOf(3) }
  ])
  assert.deepEqual([joined.traffic.requests, joined.traffic.client_errors, joined.in_flight], [4, 2, 2])
  assert.deepEqual(
    joined.endpoints.map(({ path, requests, bytes_out }) => [path, requests, bytes_out]),
    [['/a', 4, 4]]
  )
  assert.deepEqual([joined.process.rss_bytes, joined.process.event_loop_utilization], [2000, 0.03])
  assert.deepEqual(joined.process.event_loop_delay_ms, { p50: 3, p99: 6, max: 9 })
  assert.deepEqual(
    joined.components.map(({ worker, place }) => [worker, place]),
    [
      [1, 'GET /a'],
      [2, 'GET /a']
    ]
  )
  assert.deepEqual(joined.errors, [{ code: 'A', endpoint: 'GET /a', count: 4, at: '2026-01-03', status: 500, message: 'of 3' }])
  assert.deepEqual(
    joined.workers!.map(({ worker, pid, generation }) => [worker, pid, generation]),
    [
      [1, 101, 1],
      [2, 103, 3]
    ]
  )
  assert.equal(joined.plugins[0]!.runs, 4)
})

test('backends that look alike stay apart', () => {
  const all = [1, 2].map(n => ({ worker: n, report: reportOf(n) }))
  assert.deepEqual(
    joinReports(reportOf(1), all).backends.map(({ calls }) => calls),
    [3, 3]
  )
})

test('latencies are those of all requests together, and counts stay inside', () => {
  const slow = reportOf(1, { traffic: { ...reportOf(1).traffic, latencies: [100, 9] } })
  const fast = reportOf(1, { traffic: { ...reportOf(1).traffic, latencies: [10, 1] } })
  const { traffic } = joinReports(fast, [
    { worker: 1, report: fast },
    { worker: 2, report: slow }
  ])
  assert.ok(traffic.p50_ms! > 1000 && traffic.p50_ms === traffic.p99_ms, JSON.stringify(traffic))
  const joined = joinReports(fast, [{ worker: 1, report: fast }])
  assert.ok(joined.traffic.p99_ms! < 1)
  assert.doesNotMatch(JSON.stringify(joined), /"latencies"/)
})

test('an endpoint that one worker alone has counted is there', () => {
  const none = reportOf(1, { endpoints: [], errors: [] })
  const joined = joinReports(none, [
    { worker: 1, report: none },
    { worker: 2, report: reportOf(2) }
  ])
  assert.deepEqual([joined.endpoints.length, joined.errors.length], [1, 1])
})

test('endpoints keep the order of the configuration; those that no worker has counted are there', () => {
  const endpoint = (path: string, requests: number) => ({ ...reportOf(1).traffic, method: 'GET', path, requests })
  const own = reportOf(1, { endpoints: ['/a', '/b', '/c'].map(path => endpoint(path, 0)) })
  const joined = joinReports(own, [
    { worker: 1, report: reportOf(1, { endpoints: [endpoint('/c', 1)] }) },
    { worker: 2, report: reportOf(1, { endpoints: [endpoint('/c', 2), endpoint('/new', 4)] }) }
  ])
  assert.deepEqual(
    joined.endpoints.map(({ path, requests }) => [path, requests]),
    [
      ['/a', 0],
      ['/b', 0],
      ['/c', 3],
      ['/new', 4]
    ]
  )
})

test('of backends that look alike, one that has counted nothing is not taken for the other', () => {
  const [backend] = reportOf(1).backends
  const second = { ...backend!, calls: 5, key: 'GET /a GET http://b/ 2' }
  const joined = joinReports(reportOf(0), [{ worker: 1, report: reportOf(1, { backends: [second] }) }])
  assert.deepEqual(
    joined.backends.map(({ calls }) => calls),
    [0, 5]
  )
})

test('a reload that one worker tried, and that failed, is shown by all', () => {
  const own = reportOf(1)
  const finding = { level: 'error', place: 'f', message: 'm' } as const
  const failed = { at: '2026-01-02', outcome: 'failed', findings: [finding] } as const
  const tried = { ...own.configuration, reloads: 1, failed_reloads: 1, last_reload: failed }
  const earlier = { ...own.configuration, reloads: 1, last_reload: { at: '2026-01-01', outcome: 'done', findings: [] } as const }
  const { configuration } = joinReports(own, [
    { worker: 1, report: { ...own, configuration: earlier } },
    { worker: 2, report: reportOf(2, { configuration: tried }) }
  ])
  assert.deepEqual([configuration.reloads, configuration.failed_reloads, configuration.last_reload], [1, 1, failed])
  assert.equal(joinReports(own, [{ worker: 1, report: own }]).configuration.last_reload, undefined)
})
