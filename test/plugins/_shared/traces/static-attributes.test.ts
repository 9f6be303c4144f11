import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { decodeMetrics, decodeTraces, startReceiver } from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'

/** Attributes with names of the gateway's own, with a name twice, and one that is like another for Prometheus. */
const statics = (owner: string): object[] => [
  { key: 'owner', value: owner },
  { key: 'owner', value: 'twice' },
  { key: 'http.route', value: 'mine' },
  { key: 'http_route', value: 'mine' },
  { key: 'http.response.status_code', value: 'mine' },
  { key: 'url.full', value: 'mine' },
  { key: 'server.address', value: 'mine' },
  { key: '', value: 'none' },
  { key: 'empty', value: '' }
]

test('no span, point or series has a name twice: the gateway comes first, then the endpoint, then the service', async t => {
  const upstream = await startUpstream(t)
  const [receiver, port] = await Promise.all([startReceiver(t), freePort()])
  const layer = (owner: string): object => ({
    metrics_static_attributes: statics(owner),
    traces_static_attributes: statics(owner)
  })
  const part = { round_trip: true, read_payload: true, static_attributes: statics('service') }
  const { origin, gateway } = await openGateway(t, {
    endpoints: [endpoint('/x/{id}', upstream, { extra: { [NAMESPACE]: { global: layer('endpoint') } } })],
    extra_config: {
      [NAMESPACE]: {
        exporters: {
          otlp: [{ name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true }],
          prometheus: [{ name: 'p', port, host: '127.0.0.1' }]
        },
        layers: { global: layer('service'), proxy: layer('service'), backend: { metrics: part, traces: part } }
      }
    }
  })
  for (const path of ['/x/1', '/nowhere']) await (await fetch(origin + path)).text()
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  await gateway.close({ graceMs: 1 })

  const hasEachOnce = (names: readonly string[], where: string): void => {
    assert.equal(new Set(names).size, names.length, `${where}: ${names.join(' ')}`)
  }
  for (const { path, body } of receiver.requests) {
    if (path === '/v1/traces') {
      for (const { name, attributes } of decodeTraces(body).resourceSpans[0].scopeSpans[0].spans)
        hasEachOnce(
          attributes.map((one: { key: string }) => one.key),
          name
        )
    } else {
      for (const { name, ...kinds } of decodeMetrics(body).resourceMetrics[0].scopeMetrics[0].metrics) {
        const { dataPoints } = kinds.sum ?? kinds.histogram ?? kinds.gauge
        for (const { attributes = [] } of dataPoints)
          hasEachOnce(
            attributes.map((one: { key: string }) => one.key),
            name
          )
      }
    }
  }
  for (const line of page.split('\n')) {
    const [, labels] = /^[a-z_]+\{(.*)\} /.exec(line) ?? []
    if (labels !== undefined)
      hasEachOnce(
        [...labels.matchAll(/(\w+)="/g)].map(match => match[1]!),
        line
      )
  }
  const server = receiver.spans.filter(one => one.kind === 2)
  assert.deepEqual(server.map(one => [one.attributes.owner, one.attributes['http.route'], one.attributes.empty]).sort(), [
    ['endpoint', '/x/:id', undefined],
    ['service', '404 Not Found', undefined]
  ])
  const points = receiver.metrics.get('http.server.duration')!.points
  assert.deepEqual(points.map(one => `${one.attributes['http.route']} ${one.attributes.owner}`).sort(), [
    '/x/:id endpoint',
    '404 Not Found service'
  ])
})
