import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCollectorHost } from '../../../../plugins/_shared/otlp/collector-address.js'
import { createGateway } from '../../../../src/gateway.js'
import { openGateway } from '../../../support/open-gateway.js'
import { startReceiver } from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const AT = '/extra_config/telemetry~1opentelemetry'

const faults: readonly [what: string, otel: object, pointer: string, text: RegExp][] = [
  ['a host with a path', { exporters: { otlp: [{ name: 'a', host: 'http://h/p' }] } }, '/exporters/otlp/0/host', /no host/],
  ['a host with a port', { exporters: { otlp: [{ name: 'a', host: 'h:1' }] } }, '/exporters/otlp/0/host', /without port/],
  ['a port in quotes', { exporters: { otlp: [{ name: 'a', port: '4317' }] } }, '/exporters/otlp/0/port', /whole number/],
  ['a port that is none', { exporters: { otlp: [{ name: 'a', port: 70_000 }] } }, '/exporters/otlp/0/port', /65535/],
  [
    'a switch in quotes',
    { exporters: { otlp: [{ name: 'a', use_http: 'yes' }] } },
    '/exporters/otlp/0/use_http',
    /true or false/
  ],
  [
    'two exporters of one name',
    { exporters: { otlp: [{ name: 'a' }], prometheus: [{ name: 'a' }] } },
    '/exporters/prometheus/0/name',
    /named 'a'/
  ],
  [
    'a header that is none',
    { exporters: { otlp: [{ name: 'a', headers: { 'x y': '1' } }] } },
    '/exporters/otlp/0/headers/x y',
    /header field/
  ],
  [
    'a header of the exporter',
    { exporters: { otlp: [{ name: 'a', headers: { 'Content-Type': 'x' } }] } },
    '/exporters/otlp/0/headers/Content-Type',
    /belongs to the exporter/
  ],
  [
    'a compression that is not there',
    { exporters: { otlp: [{ name: 'a', compression: 'zstd' }] } },
    '/exporters/otlp/0/compression',
    /gzip/
  ],
  ['TLS without https', { exporters: { otlp: [{ name: 'a', client_tls: {} }] } }, '/exporters/otlp/0/client_tls', /write https:/],
  [
    'an authority that is not there',
    { exporters: { otlp: [{ name: 'a', host: 'https://h', client_tls: { ca_certs: ['/none.pem'] } }] } },
    '/exporters/otlp/0/client_tls/ca_certs',
    /cannot read/
  ],
  [
    'a propagator that is not known',
    { exporters: { otlp: [{ name: 'a' }] }, propagators: ['x'] },
    '/propagators/0',
    /tracecontext/
  ],
  ['a rate in quotes', { exporters: { otlp: [{ name: 'a' }] }, trace_sample_rate: '1' }, '/trace_sample_rate', /a number/],
  ['a period that is none', { exporters: {}, metric_reporting_period: -1 }, '/metric_reporting_period', /whole number/],
  [
    'a layer of the wrong type',
    { exporters: { otlp: [{ name: 'a' }] }, layers: { backend: { traces: { round_trip: 1 } } } },
    '/layers/backend/traces/round_trip',
    /true or false/
  ]
]

/** Faults that the schema finds: nothing that only watches stops the start for them. */
const WARNED: ReadonlySet<string> = new Set([
  'a port in quotes',
  'a port that is none',
  'a switch in quotes',
  'a compression that is not there',
  'a propagator that is not known',
  'a rate in quotes',
  'a period that is none',
  'a layer of the wrong type'
])

for (const [what, otel, pointer] of faults) {
  if (!WARNED.has(what)) continue
  test(`${what} is a warning with its place`, async t => {
    const { log } = await build(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config: { [NAMESPACE]: otel } })
    await log.line(new RegExp(`WARNING: .*${pointer.replaceAll('/', '\\/')}`))
  })
}

for (const [what, otel, pointer, text] of faults) {
  if (WARNED.has(what)) continue
  test(`${what} stops the start, with its place`, async () => {
    const config = { version: 3 as const, endpoints: [endpoint('/x', NOWHERE)], extra_config: { [NAMESPACE]: otel } }
    await assert.rejects(
      createGateway(config as never, { env: {} }),
      (error: Error & { problems?: readonly { pointer: string; message: string }[] }) => {
        const found = error.problems?.find(problem => problem.pointer === AT + pointer)
        assert.ok(found, JSON.stringify(error.problems))
        assert.match(found.message, text)
        return true
      }
    )
  })
}

test('hosts are names and addresses, with a scheme or without', () => {
  assert.deepEqual(parseCollectorHost('localhost'), { host: 'localhost', secure: false })
  assert.deepEqual(parseCollectorHost('http://a.b'), { host: 'a.b', secure: false })
  assert.deepEqual(parseCollectorHost('https://a.b/'), { host: 'a.b', secure: true })
  assert.deepEqual(parseCollectorHost('::1'), { host: '::1', secure: false })
  assert.deepEqual(parseCollectorHost('https://[::1]'), { host: '::1', secure: true })
  for (const none of ['', 'a b', 'http://a:1', 'ftp://a', 'u@h', 'http://a?b'])
    assert.equal(parseCollectorHost(none), undefined, none)
})

test('the environment of the SDKs is read where the configuration says nothing', async t => {
  const upstream = await startUpstream(t)
  const receiver = await startReceiver(t)
  const otlp = { name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true, headers: { 'x-b': 'own' } }
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-a=1%202,x-b=2',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_BSP_SCHEDULE_DELAY: '10'
  }
  const { origin } = await openGateway(
    t,
    { endpoints: [endpoint('/x', upstream)], extra_config: { [NAMESPACE]: { exporters: { otlp: [otlp] } } } },
    { env }
  )
  await (await fetch(`${origin}/x`)).text()
  await receiver.spansOf(5)
  const { headers } = receiver.requests[0]!
  assert.deepEqual([headers['x-a'], headers['x-b'], headers['content-encoding']], ['1 2', 'own', 'gzip'])
})
