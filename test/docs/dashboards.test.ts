/** Every metric and label that dashboards and rules in deploy/ name is one that a gateway exports. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { fileOf } from '../openapi/support.js'
import { endpoint, startUpstream } from '../plugins/scripted-upstream.js'
import { certificate } from '../support/certificates.js'
import { freePort } from '../support/free-port.js'
import { openGateway } from '../support/open-gateway.js'
import { type ReceivedMetric, startReceiver } from '../support/otlp-receiver.js'
import { fetch } from '../support/waiting.js'
import { ROOT } from './pages.js'

const read = (name: string): string => readFileSync(path.join(ROOT, 'deploy', name), 'utf8')

/** Labels of each metric. */
type Exported = Map<string, Set<string>>

/** Labels that the scrape, or the way over OTLP, adds. */
const ADDED = ['job', 'instance', 'worker', 'le']

/** One of every kind, so that every metric has a value. */
const TARGETS = ['/ok', '/own', '/slow', '/none']

/** A gateway that has had traffic. */
async function busyGateway(t: TestContext, exporters: object) {
  const upstream = await startUpstream(t, (req, res) => void (req.url === '/slow' || res.end('{"a":1}')))
  const { gateway } = await openGateway(t, {
    endpoints: [
      endpoint('/ok', upstream, { extra: { 'qos/ratelimit/router': { max_rate: 100 } } }),
      endpoint('/own', upstream, { backendExtra: { 'backend/http/client': { client_tls: {} } } }),
      endpoint('/slow', upstream, { url: '/slow', timeout: '50ms' })
    ],
    tls: { public_key: certificate('a.pem'), private_key: certificate('a.key') },
    extra_config: { 'telemetry/opentelemetry': { exporters, metric_reporting_period: 1 } }
  })
  for (const target of TARGETS) await gateway.request(target)
  return gateway
}

async function exportedToPrometheus(t: TestContext): Promise<Exported> {
  const port = await freePort()
  await busyGateway(t, { prometheus: [{ name: 'p', port, listen_ip: '127.0.0.1' }] })
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const found: Exported = new Map()
  for (const line of text.split('\n').filter(one => one !== '' && !one.startsWith('#'))) {
    const [, name = '', labels = ''] = /^([\w:]+)(?:\{(.*)\})? /.exec(line) ?? []
    const known = found.get(name) ?? new Set()
    for (const [, label] of labels.matchAll(/(?:^|,)(\w+)="/g)) known.add(label!)
    found.set(name, known)
  }
  return found
}

/** The names that a Prometheus gives to what comes over OTLP. */
async function exportedOverOtlp(t: TestContext): Promise<Exported> {
  const receiver = await startReceiver(t)
  await busyGateway(t, {
    otlp: [{ name: 'o', host: '127.0.0.1', port: receiver.port, use_http: true, disable_traces: true }]
  })
  // a push that was made between two requests lacks what the later ones bring
  const served = (one?: ReceivedMetric): number => (one?.points ?? []).reduce((sum, { count = 0 }) => sum + count, 0)
  const metrics = await receiver.metricsWith(all => served(all.get('http.server.duration')) === TARGETS.length)
  const found: Exported = new Map()
  const plain = (text: string): string => text.replace(/[^A-Za-z0-9_]/g, '_')
  const units: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }
  for (const [name, { kind, unit = '', points }] of metrics) {
    const suffix = units[unit] ?? ''
    const base = plain(name).endsWith(suffix) ? plain(name) : plain(name) + suffix
    const labels = new Set(points.flatMap(one => Object.keys(one.attributes).map(plain)))
    const names =
      kind === 'histogram'
        ? ['_bucket', '_sum', '_count'].map(end => base + end)
        : [kind === 'sum' && !base.endsWith('_total') ? `${base}_total` : base]
    for (const one of names) found.set(one, labels)
  }
  return found
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'by', 'on', 'without', 'ignoring'])

/** Metrics of an expression with the labels that stand in their braces, and the labels of `by` and `on`. */
function namesIn(expression: string): { metrics: { name: string; labels: string[] }[]; labels: string[] } {
  const labels: string[] = []
  const plain = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(?:by|on) \(([^)]*)\)/g, (_, list: string) => {
      labels.push(...list.split(',').map(label => label.trim()))
      return ''
    })
  const metrics: { name: string; labels: string[] }[] = []
  for (const [, name = '', braces = '', call = ''] of plain.matchAll(/([A-Za-z_:][\w:]*)(\{[^}]*\})?(\s*\()?/g)) {
    if (call !== '' || KEYWORDS.has(name)) continue
    metrics.push({ name, labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(match => match[1]!) })
  }
  return { metrics, labels }
}

/** What of an expression is not exported. */
function unknownIn(expression: string, exported: Exported, recorded: ReadonlySet<string> = new Set()): string[] {
  const { metrics, labels } = namesIn(expression)
  assert.ok(metrics.length > 0, expression)
  const all = new Set([...ADDED, ...metrics.flatMap(({ name }) => [...(exported.get(name) ?? [])])])
  return [
    ...metrics.flatMap(one => {
      if (recorded.has(one.name)) return []
      const known = exported.get(one.name)
      if (known === undefined) return [one.name]
      return one.labels.filter(label => !known.has(label) && !ADDED.includes(label)).map(label => `${one.name}{${label}}`)
    }),
    ...labels.filter(label => !all.has(label)).map(label => `by (${label}) of ${expression}`)
  ]
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
  readonly templating: { readonly list: readonly { readonly query?: unknown; readonly name: string }[] }
}

/** All expressions of a dashboard, with variables filled in. */
function expressionsOf({ panels, templating }: Dashboard): string[] {
  const queries = templating.list.flatMap(({ query }) => {
    const text = typeof query === 'object' && query !== null ? (query as { query: string }).query : ''
    return text === '' ? [] : [text.replace(/^label_values\((.*), \w+\)$/, '$1')]
  })
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  assert.ok(expressions.length > 20)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
  return [...queries, ...expressions].map(one => one.replaceAll('${server_duration}', 'http_server_duration'))
}

test('the dashboards are those that scripts/dashboards.mjs writes', async () => {
  const { dashboards } = (await import('../../scripts/dashboards.mjs' as string)) as {
    dashboards: readonly { file: string; text: string }[]
  }
  for (const { file, text } of dashboards) assert.equal(read(`grafana/${file}`), text, 'run: node scripts/dashboards.mjs')
})

test('dashboard and rules name what the Prometheus exporter exports', async t => {
  const exported = await exportedToPrometheus(t)
  const dashboard = JSON.parse(read('grafana/sluice-prometheus.json')) as Dashboard
  assert.deepEqual(
    expressionsOf(dashboard).flatMap(one => unknownIn(one, exported)),
    []
  )
  const { groups } = parse(read('prometheus/sluice-rules.yaml')) as { groups: { rules: { record?: string; expr: string }[] }[] }
  const rules = groups.flatMap(group => group.rules)
  const recorded = new Set(rules.flatMap(({ record }) => record ?? []))
  const overOtlp = new Set(['nodejs_eventloop_delay_p99_seconds'])
  assert.deepEqual(
    rules.flatMap(({ expr }) => unknownIn(expr, exported, new Set([...recorded, ...overOtlp]))),
    []
  )
})

test('the dashboard for OTLP, and what the rules name besides, is what comes over OTLP', async t => {
  const exported = await exportedOverOtlp(t)
  const dashboard = JSON.parse(read('grafana/sluice-otlp.json')) as Dashboard
  assert.deepEqual(
    expressionsOf(dashboard).flatMap(one => unknownIn(one, exported)),
    []
  )
  assert.ok(exported.has('nodejs_eventloop_delay_p99_seconds'))
})

const promtool = (...args: string[]) =>
  spawnSync('promtool', args, { encoding: 'utf8', cwd: path.join(ROOT, 'deploy/prometheus') })
const needsPromtool = {
  skip: promtool('--version').error === undefined ? false : 'NO PROMTOOL HERE: install it (apt-get install prometheus)'
}
if (needsPromtool.skip) console.error(`SKIPPED, ${needsPromtool.skip}`)

test('promtool takes the rules', needsPromtool, () => {
  const { status, stderr } = promtool('check', 'rules', 'sluice-rules.yaml')
  assert.equal(status, 0, stderr)
})

test('each alert fires when it should and not when it should not', needsPromtool, () => {
  const { status, stdout, stderr } = promtool('test', 'rules', 'sluice-rules-test.yaml')
  assert.equal(status, 0, stdout + stderr)
})

test('each alert has a test that it fires', () => {
  const { groups } = parse(read('prometheus/sluice-rules.yaml')) as { groups: { rules: { alert?: string }[] }[] }
  const { tests } = parse(read('prometheus/sluice-rules-test.yaml')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[]
  }
  const fire = tests.flatMap(one => one.alert_rule_test).filter(one => one.exp_alerts.length > 0)
  const fires = new Set(fire.map(({ alertname }) => alertname))
  const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []))
  assert.deepEqual(
    alerts.filter(alert => !fires.has(alert)),
    []
  )
})

for (const name of ['sluice-prometheus', 'sluice-otlp']) {
  test(`promtool parses each query of ${name}.json`, needsPromtool, async t => {
    const expressions = expressionsOf(JSON.parse(read(`grafana/${name}.json`)) as Dashboard)
    const rules = expressions.map((expr, i) => ({
      record: `query_${i}`,
      // what Grafana fills in
      expr: expr.replaceAll(/\$\{?__(?:rate_)?(?:interval|range)\}?/g, '5m').replaceAll(/\$\{?\w+\}?/g, 'x')
    }))
    const file = fileOf(t, 'queries.yaml', { groups: [{ name: 'queries', rules }] })
    const { status, stdout, stderr } = promtool('check', 'rules', file)
    assert.equal(status, 0, stderr)
    assert.match(stdout, new RegExp(`${rules.length} rules found`))
  })
}
