/** What clients and upstreams choose makes no series, point or span name beyond a bound, in any exporter. `SLUICE_LONG=1`: a million requests. */

import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { decodeMetrics, decodeTraces, metricsIn, spansIn, startReceiver } from '../../../support/otlp-receiver.js'
import { openUpstream } from '../../../support/upstream.js'
import { once, until } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const MORE = process.env.SLUICE_LONG === '1' ? 1_000_000 : 4_000
const BOTH = { timeout: 600_000 }

const text = (): string => Math.random().toString(36).slice(2)

test('random paths, hosts, agents, methods and queries add no series', BOTH, async t => {
  // every status that there is, so that a further one cannot come
  const upstream = await startUpstream(t, (req, res) => {
    res.statusCode = Number(new URL(req.url!, 'http://x').searchParams.get('status') ?? 200)
    res.end('{"ok":true}')
  })
  const influx = await openUpstream(t, (_, res) => res.writeHead(204).end())
  const spanNames = new Set<string>()
  const receiver = await startReceiver(t)
  const [own, census] = await Promise.all([freePort(), freePort()])
  const otlp = { name: 'o', host: '127.0.0.1', port: receiver.port, use_http: true, custom_metric_reporting_period: 1 }
  const { gateway, port } = await openGateway(
    t,
    {
      use_h2c: true,
      endpoints: [
        endpoint('/direct/{id}', upstream, {
          output_encoding: 'no-op',
          url: '/{id}',
          input_query_strings: ['*'],
          input_headers: ['*']
        }),
        endpoint('/decoded/{id}', upstream, { url: '/{id}', input_headers: ['*'] })
      ],
      extra_config: {
        [NAMESPACE]: {
          trace_sample_rate: 0.05,
          exporters: { otlp: [otlp], prometheus: [{ name: 'p', port: own, host: '127.0.0.1' }] }
        },
        'telemetry/opencensus': {
          exporters: { prometheus: { port: census, tag_host: true, tag_path: true, tag_method: true, tag_statuscode: true } }
        },
        'telemetry/metrics': { collection_time: '1s', listen_address: '127.0.0.1:0' },
        'telemetry/influx': { address: influx.origin, ttl: '200ms', db: 'x' }
      }
    },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )

  const ask = async (i: number): Promise<void> => {
    const id = text()
    const path = [`/direct/${id}?status=${200 + (i % 400)}`, `/decoded/${id}?q=${text()}`, `/${id}`, `/${id}/${text()}`][i % 4]!
    const headers = {
      host: `${text()}.example`,
      'user-agent': text(),
      'x-random': text(),
      traceparent: text(),
      tracestate: text()
    }
    const method = ['GET', 'GET', 'POST', 'PROPFIND'][(i >> 2) % 4]!
    await gateway.request({ path, headers, method })
  }
  const askMany = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 8) await Promise.all(Array.from({ length: 8 }, (_, k) => ask(i + k)))
  }
  /** Over HTTP/2 a method may be any word. */
  const askWithMadeUpMethods = async (count: number): Promise<void> => {
    const session = connect(`http://127.0.0.1:${port}`)
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
    for (const { path, body } of receiver.requests) {
      if (path === '/v1/traces') for (const { name } of spansIn(decodeTraces(body))) spanNames.add(name)
    }
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

  await askMany(1_600)
  await askWithMadeUpMethods(40)
  const before = await take()
  await askMany(MORE)
  await askWithMadeUpMethods(100)
  const after = await take()
  for (const [exporter, series] of Object.entries(after)) {
    const added = [...series].filter(one => !before[exporter]!.has(one))
    assert.deepEqual(added, [], `${exporter} had ${before[exporter]!.size} and has ${series.size}`)
    assert.ok(before[exporter]!.size > 3, exporter)
  }
})
