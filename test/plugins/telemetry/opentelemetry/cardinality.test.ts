/**
 * What clients and upstreams choose makes no series, point or span name beyond a bound, and no memory, in any exporter.
 * `SLUICE_LONG=1` (npm run test:long): a million requests.
 */

import assert from 'node:assert/strict'
import { METHODS } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { decodeMetrics, decodeTraces, metricsIn, spansIn, startReceiver } from '../../../support/otlp-receiver.js'
import { openUpstream } from '../../../support/upstream.js'
import { once, until } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const LONG = process.env.SLUICE_LONG === '1'
const MORE = LONG ? 1_000_000 : 4_000
const MADE_UP_METHODS = LONG ? 10_000 : 100
const LIMIT = { timeout: LONG ? 3_600_000 : 600_000 }
/** Requests on one connection. */
const BATCH = 50
const CONNECTIONS = 4

const MIB = 1024 * 1024
/** MiB that may stay: the engine's own, such as code that was compiled on the way. */
const MOST_GROWTH = 24
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function usedMiB(): number {
  collect()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return (heapUsed + external + arrayBuffers) / MIB
}

const text = (): string => Math.random().toString(36).slice(2)
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!

/** Those with which a connection goes on. */
const METHODS_HERE = METHODS.filter(one => one !== 'CONNECT' && one !== 'HEAD')
const STATUSES = Array.from({ length: 100 }, (_, i) => 200 + 4 * i)
const ROUTES: readonly ((part: string) => string)[] = [
  part => `/direct/${part}`,
  part => `/decoded/${part}`,
  part => `/any/${part}/${part}`
]

/** Sends requests on one connection and waits for a response to each. */
async function send(port: number, requests: readonly { method: string; target: string }[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  let answers = 0
  let tail = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    const all = tail + chunk
    for (let at = all.indexOf(LINE); at >= 0; at = all.indexOf(LINE, at + 1)) answers++
    tail = all.slice(1 - LINE.length)
  })
  const heads = requests.map(
    ({ method, target }, i) =>
      `${method} ${target} HTTP/1.1\r\nHost: ${text()}.example\r\nUser-Agent: ${text()}\r\nX-Random: ${text()}\r\n` +
      `Traceparent: ${text()}\r\nTracestate: ${text()}\r\nB3: ${text()}\r\nContent-Length: 0\r\n` +
      `${i === requests.length - 1 ? 'Connection: close\r\n' : ''}\r\n`
  )
  socket.write(heads.join(''))
  await once(socket, 'close')
  assert.equal(answers, requests.length)
}

const LINE = 'HTTP/1.1 '

/** A request of which as much as possible is chance. */
function anything(): { method: string; target: string } {
  const kind = Math.random()
  if (kind < 0.6) return { method: 'GET', target: `/${text()}/${text()}?${text()}=${text()}` }
  if (kind < 0.7) return { method: oneOf(METHODS_HERE), target: oneOf([`/${text()}`, ...ROUTES.map(one => one(text()))]) }
  return { method: 'GET', target: `${oneOf(ROUTES)(text())}?status=${oneOf(STATUSES)}&${text()}=${text()}` }
}

test('random paths, hosts, agents, methods, queries and statuses add no series, and no memory', LIMIT, async t => {
  const upstream = await startUpstream(t, (req, res) => {
    res.statusCode = Number(new URL(req.url!, 'http://x').searchParams.get('status') ?? 200)
    res.end('{"ok":true}')
  })
  const influx = await openUpstream(t, (_, res) => res.writeHead(204).end())
  const spanNames = new Set<string>()
  const receiver = await startReceiver(t)
  const [own, census] = await Promise.all([freePort(), freePort()])
  const otlp = {
    name: 'o',
    host: '127.0.0.1',
    port: receiver.port,
    use_http: true,
    custom_metric_reporting_period: LONG ? 10 : 1
  }
  const all = { url: '/{id}', input_query_strings: ['*'], input_headers: ['*'] }
  const { port, log } = await openGateway(
    t,
    {
      use_h2c: true,
      endpoints: [
        endpoint('/direct/{id}', upstream, { output_encoding: 'no-op', ...all }),
        endpoint('/decoded/{id}', upstream, all),
        endpoint('/any/*', upstream, { output_encoding: 'no-op', ...all, url: '/' })
      ],
      extra_config: {
        router: { disable_access_log: true },
        'telemetry/logging': { level: 'CRITICAL', stdout: true },
        [NAMESPACE]: {
          trace_sample_rate: 0.05,
          exporters: { otlp: [otlp], prometheus: [{ name: 'p', port: own, host: '127.0.0.1' }] }
        },
        'telemetry/opencensus': {
          exporters: { prometheus: { port: census, tag_host: true, tag_path: true, tag_method: true, tag_statuscode: true } }
        },
        'telemetry/metrics': { collection_time: '1s', listen_address: '127.0.0.1:0' },
        'telemetry/influx': { address: influx.origin, ttl: LONG ? '5s' : '200ms', db: 'x' }
      }
    },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )

  /** What came is looked at and let go: the test holds no more than the gateway. */
  const lookAtSpans = (): void => {
    for (const { path, body } of receiver.requests) {
      if (path === '/v1/traces') for (const { name } of spansIn(decodeTraces(body))) spanNames.add(name)
    }
  }
  const sendMany = async (count: number, make: (i: number) => { method: string; target: string }): Promise<void> => {
    for (let i = 0; i < count; i += BATCH * CONNECTIONS) {
      const from = (k: number): number => Math.min(count, i + k * BATCH)
      await Promise.all(
        Array.from({ length: CONNECTIONS }, (_, k) =>
          from(k) === from(k + 1)
            ? undefined
            : send(
                port,
                Array.from({ length: from(k + 1) - from(k) }, (_, j) => make(from(k) + j))
              )
        )
      )
      if (receiver.requests.length < 200) continue
      lookAtSpans()
      receiver.requests.splice(0)
      influx.seen.splice(0)
    }
  }
  /** Over HTTP/2 a method may be any word. */
  const askWithMadeUpMethods = async (count: number): Promise<void> => {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    for (let i = 0; i < count; i++) {
      const stream = session.request({ ':method': `M${text()}`.toUpperCase(), ':path': ['/direct/1', '/nowhere'][i % 2]! })
      stream.resume()
      await once(stream, 'close')
    }
    session.close()
  }

  const seriesOn = async (at: number): Promise<Set<string>> => {
    const page = await (await fetch(`http://127.0.0.1:${at}/metrics`)).text()
    const lines = page.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    return new Set(lines.map(line => line.replace(/ [^ ]*$/, '')))
  }
  const pointsOf = (): Set<string> => {
    const last = receiver.requests.filter(one => one.path === '/v1/metrics').at(-1)!
    return new Set(
      metricsIn(decodeMetrics(last.body)).flatMap(({ name, points }) =>
        points.map(one => `${name} ${JSON.stringify(one.attributes)}`)
      )
    )
  }
  const tagsOf = (): Set<string> =>
    new Set(
      influx.seen.flatMap(({ body }) =>
        body
          .trimEnd()
          .split('\n')
          .map(line => line.split(' ')[0]!)
      )
    )
  const take = async (): Promise<Record<string, Set<string>>> => {
    const [metrics, posts] = [receiver.requests.length, influx.seen.length]
    await until(
      () => receiver.requests.slice(metrics).some(one => one.path === '/v1/metrics') && influx.seen.length > posts + 1,
      'pushes of metrics'
    )
    lookAtSpans()
    const found = {
      prometheus: await seriesOn(own),
      opencensus: await seriesOn(census),
      otlp: pointsOf(),
      influx: tagsOf(),
      spans: new Set(spanNames)
    }
    receiver.requests.splice(0)
    influx.seen.splice(0)
    return found
  }

  // every series that there can be: each status of each route, each method of each kind of path
  await sendMany(STATUSES.length * ROUTES.length, i => ({
    method: 'GET',
    target: `${ROUTES[i % ROUTES.length]!(text())}?status=${STATUSES[Math.floor(i / ROUTES.length)]}`
  }))
  const paths = [...ROUTES, (part: string) => `/${part}`]
  await sendMany(METHODS_HERE.length * paths.length, i => ({
    method: METHODS_HERE[Math.floor(i / paths.length)]!,
    target: paths[i % paths.length]!(text())
  }))
  await askWithMadeUpMethods(40)
  await sendMany(4_000, anything)
  const before = await take()
  const memory = usedMiB()
  const from = performance.now()
  await sendMany(MORE, anything)
  const seconds = (performance.now() - from) / 1000
  await askWithMadeUpMethods(MADE_UP_METHODS)
  const after = await take()
  let grown = 0
  const isGivenBack = (): boolean => {
    grown = usedMiB() - memory
    return grown < MOST_GROWTH
  }
  // sockets and sessions that have closed give their memory back later, with Node.js 24 most of all
  await until(isGivenBack, 'memory to be given back').catch(() => {})
  const sizes = Object.entries(after).map(([exporter, series]) => `${exporter} ${before[exporter]!.size} → ${series.size}`)
  t.diagnostic(
    `${MORE} requests in ${seconds.toFixed(0)} s: ${sizes.join(', ')}; ${grown.toFixed(1)} MiB more than ${memory.toFixed(0)}`
  )
  for (const [exporter, series] of Object.entries(after)) {
    const added = [...series].filter(one => !before[exporter]!.has(one))
    assert.deepEqual(added, [], `${exporter} had ${before[exporter]!.size} and has ${series.size}`)
    assert.ok(before[exporter]!.size > 3, exporter)
  }
  assert.ok(grown < MOST_GROWTH, `${grown.toFixed(1)} MiB stay`)
  assert.equal(log.text.match(/ERROR/), null)
})
