import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGateway } from '../../../support/open-gateway.js'
import { startGrpcReceiver, startReceiver } from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry-security'

for (const [protocol, start] of [['HTTP', startReceiver] as const, ['gRPC', startGrpcReceiver] as const]) {
  test(`adds fields to the requests of an exporter over ${protocol}; those of the exporter win`, async t => {
    const upstream = await startUpstream(t)
    const receiver = await start(t)
    const other = await start(t)
    const exporter = (name: string, port: number, more: object = {}): object => ({
      name,
      host: '127.0.0.1',
      port,
      use_http: protocol === 'HTTP',
      disable_metrics: true,
      ...more
    })
    const { origin } = await openGateway(
      t,
      {
        endpoints: [endpoint('/x', upstream)],
        extra_config: {
          'telemetry/opentelemetry': {
            exporters: { otlp: [exporter('a', receiver.port, { headers: { 'X-Own': 'own' } }), exporter('b', other.port)] }
          },
          [NAMESPACE]: { otlp: [{ name: 'a', headers: { 'API-Key': 'k1', 'x-own': 'other' } }] }
        }
      },
      { env: { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=of-env' } }
    )
    await (await fetch(`${origin}/x`)).text()
    await receiver.spansOf(5)
    await other.spansOf(5)
    const { headers } = receiver.requests[0]!
    assert.deepEqual([headers['api-key'], headers['x-own']], ['k1', 'own'])
    assert.equal(other.requests[0]!.headers['api-key'], 'of-env')
  })
}

const otlp = [{ name: 'a', headers: { 'api-key': 'k' } }]

test('names that no exporter has, and fields for nothing, are warnings', async t => {
  const warnings = async (extra: object): Promise<string[]> => {
    const { gateway } = await build(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config: extra })
    return gateway.config.problems.map(({ level, message }) => `${level} ${message}`)
  }
  assert.match((await warnings({ [NAMESPACE]: { otlp } })).join(), /^warning it does nothing without `telemetry\/opentelemetry`/)
  const exporters = { otlp: [{ name: 'b', host: '127.0.0.1', port: 1, disable_metrics: true }] }
  assert.match(
    (await warnings({ 'telemetry/opentelemetry': { exporters }, [NAMESPACE]: { otlp } })).join(),
    /^warning .*headers for an exporter 'a' that is not there/
  )
})

test('a field that is none stops the start', async t => {
  const extra = { 'telemetry/opentelemetry': {}, [NAMESPACE]: { otlp: [{ name: 'a', headers: { 'a b': 'c' } }] } }
  await assert.rejects(build(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config: extra }), /otlp\/0\/headers/)
})
