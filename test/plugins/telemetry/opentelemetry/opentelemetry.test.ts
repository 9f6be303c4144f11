import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { GatewayOptions } from '../../../../src/index.js'
import { GatewayResponse, type PluginModule } from '../../../../src/plugin/index.js'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { fetch, until } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'

interface Setup {
  readonly origin: string
  readonly metrics: string
  /** Waits until a line of the metrics matches, and answers all lines. */
  readonly shows: (pattern: RegExp) => Promise<string[]>
}

async function open(
  owner: TestContext,
  endpoints: object[],
  more: { otel?: object; exporter?: object; root?: object; extra?: object; options?: GatewayOptions } = {}
): Promise<Setup> {
  const port = await freePort()
  const exporter = { name: 'p', port, host: '127.0.0.1', ...more.exporter }
  const { origin } = await openGateway(
    owner,
    {
      ...more.root,
      endpoints,
      extra_config: { ...more.extra, [NAMESPACE]: { exporters: { prometheus: [exporter] }, ...more.otel } }
    },
    more.options
  )
  const metrics = `http://127.0.0.1:${port}/metrics`
  const shows = (pattern: RegExp): Promise<string[]> =>
    until(async () => {
      const lines = (await (await fetch(metrics)).text()).split('\n')
      return lines.some(line => pattern.test(line)) && lines
    }, `a metric like ${pattern}`)
  return { origin, metrics, shows }
}

function value(lines: readonly string[], name: string, ...labels: string[]): number {
  const found = lines.filter(line => /^[a-z_]+/.exec(line)?.[0] === name && labels.every(label => line.includes(label)))
  assert.equal(found.length, 1, `${name} ${labels.join()}: ${found.join('\n') || 'none'}`)
  return Number(found[0]!.slice(found[0]!.lastIndexOf(' ') + 1))
}

for (const encoding of ['no-op', 'json']) {
  test(`counts exchanges, pipes and calls by pattern, under ${encoding}`, async t => {
    const upstream = await startUpstream(t)
    const { origin, shows } = await open(t, [
      endpoint('/x/{id}', upstream, { output_encoding: encoding, url: '/up/{id}', method: 'POST' })
    ])
    for (const id of ['1', '2']) await (await fetch(`${origin}/x/${id}`, { method: 'POST', body: 'abc' })).text()
    const lines = await shows(/^http_server_duration_count.* 2$/)
    const server = ['http_route="/x/:id"', 'http_request_method="POST"', 'http_response_status_code="200"']
    assert.equal(value(lines, 'http_server_response_size_sum', ...server), 22)
    assert.equal(value(lines, 'sluice_http_server_request_size_bytes_sum', ...server), 6)
    assert.equal(value(lines, 'sluice_http_server_first_byte_seconds_count', ...server), 2)
    assert.equal(value(lines, 'sluice_http_server_active_requests'), 0)
    const fine = ['error="false"', 'canceled="false"', 'complete="true"']
    assert.equal(value(lines, 'krakend_proxy_duration_count', 'http_route="/x/:id"', ...fine), 2)
    const backend = ['http_route="/up/:id"', 'krakend_endpoint_route="/x/:id"', `server_address="${upstream}"`]
    assert.equal(value(lines, 'krakend_backend_duration_count', ...backend, ...fine), 2)
    assert.equal(value(lines, 'http_client_duration_count', ...backend, 'http_response_status_code="200"'), 2)
    assert.equal(value(lines, 'http_client_request_started_count_total', ...backend), 2)
    assert.equal(value(lines, 'http_client_response_size_sum', ...backend), 22)
    assert.equal(value(lines, 'http_client_response_read_size_total', ...backend), 22)
    assert.equal(value(lines, 'http_client_response_read_time_hist_seconds_count', ...backend), 2)
    assert.equal(value(lines, 'http_client_request_get_conn_duration_count', ...backend), 2)
    assert.equal(value(lines, 'http_client_request_size_total', ...backend), 6)
    assert.equal(value(lines, 'sluice_upstream_calls_total', upstream), 2)
    assert.equal(value(lines, 'sluice_upstream_pending', upstream), 0)
    assert.equal(value(lines, 'sluice_upstream_refused_total', upstream), 0)
  })
}

test('a pass-through pipe that is watched stays direct', async t => {
  const config = { endpoints: [endpoint('/x', NOWHERE, { output_encoding: 'no-op' })] }
  const otel = { exporters: { prometheus: [{ name: 'p' }] } }
  const { gateway } = await build(t, { ...config, extra_config: { [NAMESPACE]: otel } })
  assert.equal(gateway.pipes[0]!.direct, true)
})

test('tells failures, timeouts, parts and clients that went away apart', async t => {
  const upstream = await startUpstream(t, (req, res) => {
    if (req.url !== '/slow') res.end('{"ok":true}')
  })
  const { origin, shows } = await open(t, [
    endpoint('/failed', NOWHERE),
    endpoint('/slow', upstream, { url: '/slow', timeout: '500ms' }),
    endpoint('/gone', upstream, { url: '/slow', timeout: '30s', output_encoding: 'no-op' }),
    {
      endpoint: '/part',
      backend: [
        { host: [upstream], url_pattern: '/up' },
        { host: [NOWHERE], url_pattern: '/none' }
      ]
    }
  ])
  for (const path of ['/failed', '/slow', '/part']) await (await fetch(origin + path)).text()
  const { port } = new URL(origin)
  const client = connect(Number(port), '127.0.0.1')
  client.end('GET /gone HTTP/1.1\r\nHost: x\r\n\r\n')
  await shows(/^sluice_upstream_pending.* 1$/)
  client.destroy()
  const lines = await shows(/^http_client_request_canceled_count_total.*"\/gone".* 1$/)
  assert.equal(value(lines, 'krakend_proxy_duration_count', '"/failed"', 'error="true"', 'complete="false"'), 1)
  assert.equal(value(lines, 'krakend_proxy_duration_count', '"/part"', 'error="true"', 'complete="false"'), 1)
  assert.equal(value(lines, 'krakend_proxy_duration_count', '"/gone"', 'error="false"', 'canceled="true"'), 1)
  assert.equal(value(lines, 'http_client_request_failed_count_total', 'route="/failed"'), 1)
  assert.equal(value(lines, 'http_client_request_failed_count_total', 'route="/slow"'), 1)
  assert.equal(value(lines, 'http_client_request_timedout_count_total', 'route="/slow"'), 1)
  assert.equal(value(lines, 'http_server_duration_count', '"/gone"', 'code="499"'), 1)
  assert.ok(!lines.some(line => line.startsWith('http_client_response_size_count') && line.includes('route="/failed"')))
})

test('counts answers that break off', async t => {
  const upstream = await startUpstream(t, (_, res) => {
    res.write('{"a":')
    setImmediate(() => res.destroy())
  })
  const { origin, shows } = await open(t, [endpoint('/x', upstream)])
  await (await fetch(`${origin}/x`)).text()
  const lines = await shows(/^http_client_response_read_errors_total.* 1$/)
  assert.equal(value(lines, 'http_client_response_no_content_length_total', 'route="/x"'), 1)
  assert.equal(value(lines, 'http_client_response_read_size_total', 'route="/x"'), 5)
})

test('requests of no endpoint have one route, health has none', async t => {
  const { origin, shows } = await open(t, [endpoint('/x', NOWHERE)])
  for (const path of ['/__health', '/a?b', '/c', '/__debug/x']) await (await fetch(origin + path)).text()
  const lines = await shows(/^http_server_duration_count.*404 Not Found.* 2$/)
  assert.ok(!lines.some(line => line.includes('health')))
})

test('a layer that is off, and paths to skip, are not measured', async t => {
  const upstream = await startUpstream(t)
  const { origin, shows } = await open(t, [endpoint('/x', upstream), endpoint('/skipped', upstream)], {
    otel: {
      skip_paths: ['/skipped'],
      layers: { proxy: { disable_metrics: true }, backend: { metrics: { disable_stage: true, round_trip: true } } }
    }
  })
  for (const path of ['/skipped', '/x']) await (await fetch(origin + path)).text()
  const lines = await shows(/^http_server_duration_count/)
  assert.equal(value(lines, 'http_client_duration_count', 'krakend_endpoint_route="/x"'), 1)
  const text = lines.join('\n')
  assert.doesNotMatch(text, /skipped|krakend_proxy|krakend_backend|read_size|get_conn/)
})

test('places give a layer of their own; static attributes become labels', async t => {
  const upstream = await startUpstream(t)
  const attributes = (value: string) => [{ key: 'the.team', value }]
  const { origin, shows } = await open(
    t,
    [
      endpoint('/a', upstream, {
        extra: {
          [NAMESPACE]: { proxy: { metrics_static_attributes: attributes('a"\\b\nc') }, global: { disable_metrics: true } }
        },
        backendExtra: { [NAMESPACE]: { backend: { metrics: { round_trip: true, static_attributes: attributes('back') } } } }
      }),
      endpoint('/b', upstream)
    ],
    {
      otel: {
        service_name: 'shop',
        service_version: '7',
        deploy_env: 'test',
        layers: {
          global: { metrics_static_attributes: attributes('all') },
          proxy: { metrics_static_attributes: attributes('piped') }
        }
      }
    }
  )
  for (const path of ['/a', '/b']) await (await fetch(origin + path)).text()
  const lines = await shows(/^http_server_duration_count/)
  assert.equal(value(lines, 'target_info', 'service_name="shop",service_version="7",deployment_environment="test"'), 1)
  assert.equal(value(lines, 'http_server_duration_count', 'the_team="all"', '"/b"'), 1)
  assert.equal(value(lines, 'krakend_proxy_duration_count', '"/a"', 'the_team="a\\"\\\\b\\nc"'), 1)
  assert.equal(value(lines, 'krakend_proxy_duration_count', '"/b"', 'the_team="piped"'), 1)
  assert.equal(value(lines, 'http_client_duration_count', '"/a"', 'the_team="back"'), 1)
  assert.ok(!lines.some(line => line.startsWith('http_server') && line.includes('"/a"')))
})

test('the names of the semantic conventions 1.27', async t => {
  const upstream = await startUpstream(t)
  const { origin, shows } = await open(t, [endpoint('/x', upstream)], {
    otel: {
      layers: {
        global: { semantic_convention: '1.27' },
        backend: { metrics: { round_trip: true, semantic_convention: '1.27' } }
      }
    }
  })
  await (await fetch(`${origin}/x`)).text()
  const lines = await shows(/^http_server_request_duration_seconds_count/)
  assert.equal(value(lines, 'http_server_response_body_size_bytes_sum'), 11)
  assert.equal(value(lines, 'http_client_request_duration_seconds_count'), 1)
  assert.equal(value(lines, 'http_client_request_body_size_bytes_sum'), 0)
  assert.equal(value(lines, 'http_client_response_body_size_bytes_sum'), 11)
  assert.doesNotMatch(lines.join('\n'), /http_server_duration|started_count/)
})

test('tells the own time of components, handlers, clients and modifiers', async t => {
  const upstream = await startUpstream(t)
  const plugins: PluginModule[] = [
    {
      HandlerRegisterer: {
        registerHandlers: register => {
          register('outer', (_c, _e, next) => async request => next(request))
          register('inner', (_c, _e, next) => request => next(request.clone()))
          register('own', () => () => GatewayResponse.text('own'))
        }
      },
      ClientRegisterer: { registerClients: register => register('client', (_c, _e, next) => request => next(request)) },
      ModifierRegisterer: {
        registerModifiers: register =>
          register('edit', () => ({
            request: () => undefined,
            response: async () => undefined
          }))
      }
    }
  ]
  const { origin, shows } = await open(
    t,
    [
      endpoint('/x', upstream, {
        extra: {
          'plugin/http-server': { name: ['inner', 'outer'] },
          'plugin/req-resp-modifier': { name: ['edit'] },
          'qos/ratelimit/router': { max_rate: 1000 }
        },
        backendExtra: { 'plugin/http-client': { name: 'client' } }
      }),
      endpoint('/own', NOWHERE, { extra: { 'plugin/http-server': { name: 'own' } } })
    ],
    { extra: { 'security/cors': { allow_origins: ['*'] } }, options: { plugins } }
  )
  for (const path of ['/own', '/x']) await (await fetch(origin + path)).text()
  const lines = await shows(/^sluice_stage_duration_seconds_count\{stage="security\/cors",scope="service"\} 2$/)
  const count = (stage: string, ...labels: string[]) =>
    value(lines, 'sluice_stage_duration_seconds_count', `stage="${stage}"`, ...labels)
  assert.equal(count('qos/ratelimit/router', 'scope="endpoint"', 'krakend_endpoint_route="/x"'), 1)
  assert.equal(count('plugin/http-server: outer'), 1)
  assert.equal(count('plugin/http-server: inner'), 1)
  assert.equal(count('plugin/http-server: own'), 1)
  assert.equal(count('plugin/http-client: client', 'scope="backend"', 'http_route="/up"'), 1)
  assert.equal(count('plugin/req-resp-modifier: edit'), 2)
})

test('process metrics by choice; memory and event-loop lag always', async t => {
  const both = await open(t, [endpoint('/x', NOWHERE)], {
    exporter: { process_metrics: true, go_metrics: true, disable_metrics: true }
  })
  const all = await both.shows(/^process_cpu_seconds_total \d/)
  assert.ok(all.some(line => line.startsWith('nodejs_gc_duration_seconds') || line.startsWith('nodejs_version_info')))
  assert.ok(!all.some(line => line.startsWith('sluice_') || line.startsWith('http_')))
  const none = await open(t, [endpoint('/x', NOWHERE)])
  const few = await none.shows(/^process_resident_memory_bytes \d/)
  assert.ok(few.some(line => /^nodejs_eventloop_lag_p99_seconds \d/.test(line)))
  assert.ok(!few.some(line => line.startsWith('process_cpu') || line.startsWith('nodejs_version')))
})

test('the port answers GET and HEAD of its path and nothing else, until the gateway closes', async t => {
  const port = await freePort()
  const { gateway } = await openGateway(t, {
    endpoints: [endpoint('/x', NOWHERE)],
    extra_config: { [NAMESPACE]: { exporters: { prometheus: [{ name: 'p', port, listen_ip: '127.0.0.1' }] } } }
  })
  const url = `http://127.0.0.1:${port}/metrics`
  const got = await fetch(`${url}/?a`)
  assert.equal(got.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200)
  assert.equal((await fetch(url, { method: 'POST' })).status, 405)
  assert.equal((await fetch(`http://127.0.0.1:${port}/x`)).status, 404)
  await gateway.close({ graceMs: 1 })
  await assert.rejects(fetch(url))
})

test('a gateway that is only built opens no port', async t => {
  const port = await freePort()
  const { gateway } = await build(t, {
    endpoints: [endpoint('/x', NOWHERE)],
    extra_config: { [NAMESPACE]: { exporters: { prometheus: [{ name: 'p', port, host: '127.0.0.1' }] } } }
  })
  assert.equal((await gateway.request({ method: 'GET', path: '/__health' })).status, 200)
  await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`))
})

const FAULTS: readonly [options: object, pointer: string, message: RegExp][] = [
  [{ exporters: { prometheus: [{ name: 'a' }, { name: 'a', port: 1 }] } }, '/exporters/prometheus/1/name', /two exporters/],
  [{ exporters: { prometheus: [{}], otlp: [{}] } }, '/exporters/prometheus/0/name', /two exporters have no name/],
  [{ exporters: { prometheus: [{ name: 'a' }, { name: 'b' }] } }, '/exporters/prometheus/1/port', /two exporters listen/]
]
/** Options of another form: what only watches never stops a start. */
const WARNINGS: typeof FAULTS = [
  [{ exporters: { prometheus: [{ name: 'a', port: '9' }] } }, '/exporters/prometheus/0/port', /integer/],
  [{ exporters: {}, layers: { proxy: { disable_metrics: 1 } } }, '/layers/proxy/disable_metrics', /boolean/]
]

for (const [options, pointer, message] of FAULTS) {
  test(`the start stops at ${pointer}: ${message}`, async t => {
    const config = { endpoints: [endpoint('/x', NOWHERE)], extra_config: { [NAMESPACE]: options } }
    await assert.rejects(build(t, config), (error: { problems: readonly { pointer: string; message: string }[] }) => {
      assert.equal(error.problems[0]!.pointer, `/extra_config/telemetry~1opentelemetry${pointer}`)
      assert.match(error.problems[0]!.message, message)
      return true
    })
  })
}

for (const [options, pointer, message] of WARNINGS) {
  test(`a warning at ${pointer}: ${message}`, async t => {
    const { gateway } = await openGateway(t, {
      endpoints: [endpoint('/x', NOWHERE)],
      extra_config: { [NAMESPACE]: options }
    })
    const [problem] = gateway.config.problems
    assert.deepEqual([problem?.level, problem?.pointer], ['warning', `/extra_config/telemetry~1opentelemetry${pointer}`])
    assert.match(problem!.message, message)
  })
}

test('a taken port stops the start', async t => {
  const port = await freePort()
  const config = {
    endpoints: [endpoint('/x', NOWHERE)],
    extra_config: { [NAMESPACE]: { exporters: { prometheus: [{ name: 'p', port, host: '127.0.0.1' }] } } }
  }
  await openGateway(t, config)
  await assert.rejects(openGateway(t, config), /prometheus\/0\/port.*the port cannot be opened: .*EADDRINUSE/s)
})

test('without an exporter nothing is measured', async t => {
  const { log } = await build(t, {
    endpoints: [endpoint('/x', NOWHERE, { extra: { [NAMESPACE]: { proxy: {} } } })],
    extra_config: { [NAMESPACE]: { exporters: {} } }
  })
  await log.line(/WARNING: \[SERVICE: OpenTelemetry\] no exporter/)
  await log.line(/\[ENDPOINT: \/x\]\[OpenTelemetry\] does nothing/)
})
