/**
 * What collectors of others make of our messages: an OpenTelemetry collector with the `file` exporter, and Jaeger. A test whose program is
 * not there is skipped, loudly: name it in OTELCOL or JAEGER, or put it on the PATH. CONTRIBUTING.md says how to get them.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { fetch, once, until } from '../../../support/waiting.js'
import { startUpstream } from '../../scripted-upstream.js'

/** The first of these programs that runs. */
function found(variable: string, names: readonly string[], argument: string): string | undefined {
  const candidates = process.env[variable] === undefined ? names : [process.env[variable]]
  return candidates.find(name => spawnSync(name, [argument], { timeout: 20_000 }).error === undefined)
}

const otelcol = found('OTELCOL', ['otelcol-contrib', 'otelcol'], '--version')
const jaeger = found('JAEGER', ['jaeger-all-in-one'], 'version')
const needsCollector = { skip: otelcol === undefined && 'NO OPENTELEMETRY COLLECTOR HERE: name one in OTELCOL' }
const needsJaeger = { skip: jaeger === undefined && 'NO JAEGER HERE: name jaeger-all-in-one in JAEGER' }
for (const { skip } of [needsCollector, needsJaeger]) if (skip !== false) console.error(`SKIPPED, ${skip}`)

/** A span, as any collector tells of it. */
interface Seen {
  readonly trace: string
  readonly id: string
  readonly parent: string
  readonly name: string
}

function run(t: TestContext, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' })
  t.after(async () => {
    if (child.exitCode !== null) return
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    await over
  })
  return child
}

const pass: PluginModule = {
  HandlerRegisterer: { registerHandlers: register => void register('outer', (_c, _e, next) => request => next(request)) },
  ClientRegisterer: { registerClients: register => void register('inner', (_c, _e, next) => request => next(request)) }
}

/** Sends one request through three backends and two plugins. */
async function sendTrace(t: TestContext, telemetry: object): Promise<void> {
  const upstream = await startUpstream(t, (req, res) => void res.end(`{"${req.url!.slice(1)}":1}`))
  const backend = (name: string, extra: object = {}): object => ({
    host: [upstream],
    url_pattern: `/${name}`,
    extra_config: extra
  })
  const backends = [backend('a', { 'plugin/http-client': { name: 'inner' } }), backend('b'), backend('c')]
  const { origin } = await openGateway(
    t,
    {
      endpoints: [{ endpoint: '/all/{id}', backend: backends, extra_config: { 'plugin/http-server': { name: 'outer' } } }],
      extra_config: telemetry
    },
    { plugins: [pass], env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )
  const { status } = await fetch(`${origin}/all/7`)
  assert.equal(status, 200)
}

/** The tree of the only trace, as names within names. */
function treeOf(spans: readonly Seen[]): unknown {
  assert.equal(new Set(spans.map(({ trace }) => trace)).size, 1, 'one trace')
  const below = (parent: string): unknown[] =>
    spans
      .filter(span => span.parent === parent)
      .map(span => {
        const inside = below(span.id)
        return inside.length === 0 ? span.name : { [span.name]: inside }
      })
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  return below('')
}

/** @param reads bodies of responses have a span */
function expectedTree(prefixes: { pipe: string; backend: string }, reads: boolean): unknown {
  const call = (name: string): unknown => (reads ? { [name]: ['http.client.response.read.tracker'] } : name)
  const backend = (name: string): unknown => ({ [prefixes.backend + name]: [call(name)] })
  const first = { [`${prefixes.backend}/a`]: [{ 'plugin/http-client: inner': [call('/a')] }] }
  return [
    { '/all/:id': [{ 'plugin/http-server: outer': [{ [`${prefixes.pipe}/all/:id`]: [first, backend('/b'), backend('/c')] }] }] }
  ]
}

for (const protocol of ['http', 'gRPC'] as const) {
  test(`an OpenTelemetry collector takes one tree over ${protocol}, and the metrics`, needsCollector, async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-collector-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 'out.json')
    writeFileSync(file, '')
    const port = await freePort()
    const listens = { [protocol.toLowerCase()]: { endpoint: `127.0.0.1:${port}` } }
    const pipeline = { receivers: ['otlp'], exporters: ['file'] }
    writeFileSync(
      path.join(folder, 'collector.yaml'),
      JSON.stringify({
        receivers: { otlp: { protocols: listens } },
        exporters: { file: { path: file } },
        service: { telemetry: { metrics: { level: 'none' } }, pipelines: { traces: pipeline, metrics: pipeline } }
      })
    )
    run(t, otelcol!, ['--config', path.join(folder, 'collector.yaml')])
    const otlp = { name: 'real', host: '127.0.0.1', port, use_http: protocol === 'http', custom_metric_reporting_period: 1 }
    await sendTrace(t, { 'telemetry/opentelemetry': { service_name: 'shop', exporters: { otlp: [otlp] } } })
    const lines = (): Json[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap(line => (line.endsWith('}') ? [JSON.parse(line)] : []))
    const spans = await until(
      () => {
        const all = lines().flatMap((one: Json) => one.resourceSpans ?? [])
        const got: Json[] = all.flatMap((one: Json) => one.scopeSpans.flatMap((scope: Json) => scope.spans))
        return got.length >= 13 && got
      },
      '13 spans in the file of the collector',
      20_000
    )
    const seen = spans.map((one: Json) => ({
      trace: one.traceId,
      id: one.spanId,
      parent: one.parentSpanId ?? '',
      name: one.name
    }))
    assert.deepEqual(treeOf(seen), expectedTree({ pipe: '', backend: '' }, true))
    await until(
      () => JSON.stringify(lines()).includes('"http.server.duration"'),
      'the metrics in the file of the collector',
      20_000
    )
  })
}

/** Ports of Jaeger's that are not asked for are any. */
async function startJaeger(
  t: TestContext
): Promise<{ otlp: number; thrift: number; zipkin: number; spansOf: (service: string, count: number) => Promise<Seen[]> }> {
  const [grpc, http, thrift, zipkin, query, queryGrpc, collectorGrpc, admin] = await Promise.all(
    Array.from({ length: 8 }, freePort)
  )
  const at = (port: number | undefined): string => `127.0.0.1:${port}`
  run(t, jaeger!, [
    `--collector.otlp.grpc.host-port=${at(grpc)}`,
    `--collector.otlp.http.host-port=${at(http)}`,
    `--collector.http-server.host-port=${at(thrift)}`,
    `--collector.zipkin.host-port=${at(zipkin)}`,
    `--collector.grpc-server.host-port=${at(collectorGrpc)}`,
    `--query.http-server.host-port=${at(query)}`,
    `--query.grpc-server.host-port=${at(queryGrpc)}`,
    `--admin.http.host-port=${at(admin)}`
  ])
  await until(
    async () => (await fetch(`http://${at(admin)}/`).catch(() => undefined))?.status === 200,
    'Jaeger to be ready',
    20_000
  )
  const spansOf = (service: string, count: number): Promise<Seen[]> =>
    until(
      async () => {
        const { data } = (await (await fetch(`http://${at(query)}/api/traces?service=${service}`)).json()) as Json
        const spans: Json[] = (data ?? []).flatMap((one: Json) => one.spans)
        if (spans.length < count) return false
        return spans.map(one => ({
          trace: one.traceID,
          id: one.spanID,
          parent: one.references[0]?.spanID ?? '',
          name: one.operationName
        }))
      },
      `${count} spans in Jaeger`,
      20_000
    )
  return { otlp: http!, thrift: thrift!, zipkin: zipkin!, spansOf }
}

// biome-ignore lint/suspicious/noExplicitAny: what others write is looked into freely
type Json = any

test('Jaeger shows one tree, sent as OTLP, Thrift and to the port of Zipkin', needsJaeger, async t => {
  const { otlp, thrift, zipkin, spansOf } = await startJaeger(t)
  const exporter = { name: 'jaeger', host: '127.0.0.1', port: otlp, use_http: true, disable_metrics: true }
  await sendTrace(t, { 'telemetry/opentelemetry': { service_name: 'by-otlp', exporters: { otlp: [exporter] } } })
  assert.deepEqual(treeOf(await spansOf('by-otlp', 13)), expectedTree({ pipe: '', backend: '' }, true))
  const census = { pipe: 'pipe-', backend: 'backend-' }
  const byThrift = { endpoint: `http://127.0.0.1:${thrift}/api/traces`, service_name: 'by-thrift' }
  await sendTrace(t, { 'telemetry/opencensus': { sample_rate: 100, exporters: { jaeger: byThrift } } })
  assert.deepEqual(treeOf(await spansOf('by-thrift', 10)), expectedTree(census, false))
  const byZipkin = { collector_url: `http://127.0.0.1:${zipkin}/api/v2/spans`, service_name: 'by-zipkin' }
  await sendTrace(t, { 'telemetry/opencensus': { sample_rate: 100, exporters: { zipkin: byZipkin } } })
  assert.deepEqual(treeOf(await spansOf('by-zipkin', 10)), expectedTree(census, false))
})
