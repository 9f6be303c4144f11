/** The Prometheus page of `telemetry/opencensus`, and what is said of the other exporters. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openGateway } from '../../../support/open-gateway.js'
import { fetch, until } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opencensus'

async function open(t: TestContext, options: object) {
  const upstream = await startUpstream(t)
  const { origin, log } = await openGateway(t, {
    endpoints: [endpoint('/x/{id}', upstream, { url: '/up/{id}' }), endpoint('/failed', NOWHERE)],
    extra_config: { [NAMESPACE]: options }
  })
  const line = await log.line(/Prometheus exporter listens on port/)
  const url = `http://127.0.0.1:${line.slice(line.lastIndexOf(' ') + 1)}/metrics`
  const page = async (): Promise<string> => (await fetch(url)).text()
  const shows = (pattern: RegExp): Promise<string> =>
    until(async () => {
      const text = await page()
      return pattern.test(text) && text
    }, String(pattern))
  return { origin, page, shows, upstream }
}

test('views have the names and labels of OpenCensus', async t => {
  const prometheus = { port: 0, namespace: 'krakend', tag_path: true, tag_host: true, tag_method: true }
  const { origin, shows, upstream } = await open(t, { sample_rate: 100, reporting_period: 0, exporters: { prometheus } })
  for (const path of ['/x/1', '/x/2', '/failed', '/none']) await (await fetch(origin + path)).text()
  const text = await shows(/^krakend_opencensus_io_http_server_request_count\{http_path="\/failed",http_method="GET"\} 1$/m)
  const lines = [
    'krakend_opencensus_io_http_server_request_count{http_path="/x/{id}",http_method="GET"} 2',
    'krakend_opencensus_io_http_server_latency_count{http_path="/x/{id}",http_method="GET"} 2',
    'krakend_opencensus_io_http_server_request_count_by_method{http_method="GET",http_path="/x/{id}"} 2',
    'krakend_opencensus_io_http_server_response_count_by_status_code{http_status="500",http_path="/failed",http_method="GET"} 1'
  ]
  for (const line of lines) assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`)
  const host = new URL(upstream).host
  const call = `http_client_method="GET",http_client_status="200",http_client_host="${host}",http_client_path="/up/{id}"`
  assert.ok(text.includes(`\nkrakend_opencensus_io_http_client_completed_count{${call}} 2\n`), text)
  assert.ok(!text.includes('/none'), 'paths of no endpoint make no series')
})

test('layers that are not named are off when one is', async t => {
  const { origin, shows } = await open(t, { enabled_layers: { backend: true }, exporters: { prometheus: { port: 0 } } })
  await (await fetch(`${origin}/x/1`)).text()
  const text = await shows(/^opencensus_io_http_client_completed_count\{.*\} 1$/m)
  assert.ok(!text.includes('http_server'))
})

test('exporters that are not there are one warning, at no level a refusal', async t => {
  const upstream = await startUpstream(t)
  const place = { [NAMESPACE]: { path_aggregation: 'pattern' } }
  const { gateway } = await openGateway(t, {
    endpoints: [endpoint('/a', upstream, { extra_config: place })],
    extra_config: { [NAMESPACE]: { exporters: { ocagent: { address: 'x' }, xray: {}, influxdb: {}, logger: null } } }
  })
  const { problems } = gateway.config
  assert.deepEqual(
    problems.map(({ level, pointer }) => [level, pointer]),
    [['warning', '/extra_config/telemetry~1opencensus/exporters']]
  )
  assert.match(problems[0]!.message, /^nothing is sent to ocagent, xray, influxdb, logger: .*OTLP.*telemetry\/influx.*access log/)
})

test('a port that is taken is an error line, and the gateway serves', async t => {
  const upstream = await startUpstream(t)
  const { origin, log } = await openGateway(t, {
    endpoints: [endpoint('/a', upstream)],
    extra_config: { [NAMESPACE]: { exporters: { prometheus: { port: Number(new URL(upstream).port) } } } }
  })
  assert.match(await log.line(/cannot listen on port/), /EADDRINUSE/)
  assert.equal((await fetch(`${origin}/a`)).status, 200)
})
