/** What collectors hear of one gateway while its configuration is loaded again: nothing twice, nothing lost, one identity. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openGateway } from '../../../support/open-gateway.js'
import {
  attributesOf,
  decodeMetrics,
  decodeTraces,
  metricsIn,
  type Receiver,
  startReceiver
} from '../../../support/otlp-receiver.js'
import { deferred, fetch, until } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'

function configOf(receiver: Receiver, endpoints: object[], more: object = {}) {
  const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: true, ...more }
  return {
    version: 3 as const,
    listen_ip: '127.0.0.1',
    timeout: '30s',
    endpoints,
    extra_config: { [NAMESPACE]: { exporters: { otlp: [otlp] }, metric_reporting_period: 1 } }
  }
}

/** Value or count of all points of a metric, of each push. */
function countsOf(receiver: Receiver, name: string): number[] {
  return pushes(receiver).map(push => {
    const metric = metricsIn(push).find(one => one.name === name)
    return (metric?.points ?? []).reduce((sum, point) => sum + (point.count ?? point.value ?? 0), 0)
  })
}

const pushes = (receiver: Receiver) =>
  receiver.requests.filter(one => one.path === '/v1/metrics').map(one => decodeMetrics(one.body))

/** The start of all points of all pushes, and their instances. */
function identities(receiver: Receiver): { starts: Set<unknown>; instances: Set<unknown> } {
  const starts = new Set<unknown>()
  const instances = new Set<unknown>()
  for (const push of pushes(receiver)) {
    for (const resource of push.resourceMetrics) {
      instances.add(attributesOf(resource.resource.attributes)['service.instance.id'])
      for (const metric of resource.scopeMetrics.flatMap((scope: { metrics: object[] }) => scope.metrics)) {
        const { dataPoints } = metric.sum ?? metric.histogram ?? { dataPoints: [] }
        for (const point of dataPoints) starts.add(point.startTimeUnixNano)
      }
    }
  }
  return { starts, instances }
}

/** An upstream that answers `/slow` when it is told to. */
async function slowUpstream(t: TestContext) {
  const release = deferred('the release of the slow answer')
  const asked = deferred('a request to the slow upstream')
  const upstream = await startUpstream(t, async (req, res) => {
    if (req.url === '/slow') {
      asked.resolve()
      await release.promise
    }
    res.end('done')
  })
  return { upstream, release, asked }
}

test('a reload counts on: no count twice, none lost, the exchanges of the old configuration with them', async t => {
  const { upstream, release, asked } = await slowUpstream(t)
  const receiver = await startReceiver(t)
  const endpoints = [endpoint('/x', upstream), endpoint('/slow', upstream, { url: '/slow' })]
  const { gateway, origin } = await openGateway(t, configOf(receiver, endpoints), { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } })
  const get = async (path: string): Promise<string> => (await fetch(origin + path)).text()
  await get('/x')
  const slow = get('/slow')
  await asked.promise
  await receiver.metricsWith(metrics => metrics.has('http.server.duration'))
  await gateway.reload()
  await get('/x')
  const before = pushes(receiver).length
  await until(() => pushes(receiver).length >= before + 2, 'two pushes with both configurations alive')
  const active = receiver.metrics.get('sluice.http.server.active_requests')!.points
  assert.deepEqual(
    active.map(point => point.value),
    [1],
    'the request that the old configuration serves'
  )
  release.resolve()
  await slow
  await gateway.reload()
  await get('/x')
  await receiver.spansOf(20)
  await gateway.close({ graceMs: 1 })

  const counts = countsOf(receiver, 'http.server.duration')
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
    'no push falls behind the one before'
  )
  assert.equal(counts.at(-1), 4)
  const sent = countsOf(receiver, 'sluice.otlp_sent_spans')
  assert.deepEqual(
    sent,
    sent.toSorted((a, b) => a - b)
  )
  assert.ok(sent.at(-1)! >= 15, `${sent} spans sent`)
  const { starts, instances } = identities(receiver)
  assert.equal(starts.size, 1, 'one start for all')
  assert.equal(instances.size, 1, 'one instance')
  const traces = receiver.requests.filter(one => one.path === '/v1/traces').map(one => decodeTraces(one.body))
  for (const trace of traces) {
    assert.deepEqual([attributesOf(trace.resourceSpans[0].resource.attributes)['service.instance.id']], [...instances])
  }
  assert.equal(receiver.spans.length, 20, 'each span once')
})

test('one configuration pushes at a time: the newest', async t => {
  const { upstream, release, asked } = await slowUpstream(t)
  const first = await startReceiver(t)
  const second = await startReceiver(t)
  const endpoints = [endpoint('/slow', upstream, { url: '/slow' })]
  const { gateway, origin } = await openGateway(t, configOf(first, endpoints))
  const slow = fetch(`${origin}/slow`)
  await asked.promise
  await until(() => pushes(first).length > 0, 'a push to the first collector')
  await gateway.reload(configOf(second, endpoints) as never)
  const before = pushes(first).length
  await until(() => pushes(second).length >= 2, 'two pushes to the second collector')
  assert.ok(pushes(first).length <= before + 1, 'one may have been on its way')
  release.resolve()
  await (await slow).text()
  await gateway.close({ graceMs: 1 })
  assert.equal(countsOf(second, 'http.server.duration').at(-1), 1, 'what the old configuration served is counted')
})

test('a configuration that cannot be loaded leaves the pushes to the one that serves', async t => {
  const { upstream } = await slowUpstream(t)
  const receiver = await startReceiver(t)
  const endpoints = [endpoint('/x', upstream)]
  const { gateway, origin } = await openGateway(t, configOf(receiver, endpoints))
  await assert.rejects(gateway.reload({ ...configOf(receiver, endpoints), version: 2 } as never))
  await (await fetch(`${origin}/x`)).text()
  const before = pushes(receiver).length
  await until(() => pushes(receiver).length >= before + 2, 'two pushes after the failed reload')
  assert.equal(countsOf(receiver, 'http.server.duration').at(-1), 1)
})

test('two gateways are two instances', async t => {
  const { upstream } = await slowUpstream(t)
  const receiver = await startReceiver(t)
  for (let i = 0; i < 2; i++) {
    const { gateway } = await openGateway(t, configOf(receiver, [endpoint('/x', upstream)]))
    await gateway.close({ graceMs: 1 })
  }
  assert.equal(identities(receiver).instances.size, 2)
})

test('what a collector says of a key does not bring the key into the log', async t => {
  const { upstream } = await slowUpstream(t)
  const status = (text: string): Buffer => Buffer.concat([Buffer.from([0x12, text.length]), Buffer.from(text)])
  const receiver = await startReceiver(t, (req, res) => {
    res.statusCode = 401
    res.end(status(`no such key: ${req.headers.authorization}, ${String(req.headers.authorization).slice(7)}`))
  })
  const headers = { Authorization: 'Bearer s3cr3t-0f-a-tenant' }
  const config = configOf(receiver, [endpoint('/x', upstream)], { headers })
  const { origin, log } = await openGateway(t, config, { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } })
  await (await fetch(`${origin}/x`)).text()
  const line = await log.line(/cannot send traces/)
  assert.match(line, /status 401: no such key: REDACTED, REDACTED/)
  assert.ok(!log.text.includes('s3cr3t'))
})
