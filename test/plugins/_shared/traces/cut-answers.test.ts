/** The spans of responses that break off after their head, whichever side ends them, over HTTP/1 and HTTP/2. */

import assert from 'node:assert/strict'
import { get } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { type TestContext, test } from 'node:test'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { openGateway } from '../../../support/open-gateway.js'
import { type ReceivedSpan, startReceiver } from '../../../support/otlp-receiver.js'
import { passTime } from '../../../support/time.js'
import { once, until } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'

/** A client's request, and how it is given up. */
interface Asked {
  /** Resolves with the first bytes of the body. */
  readonly begun: Promise<unknown>
  /** Resolves when the answer has ended, whole or not. */
  readonly ended: Promise<unknown>
  readonly leave: () => void
}

type Ask = (owner: TestContext, origin: string, path: string) => Asked

const overHttp1: Ask = (_owner, origin, path) => {
  const request = get(origin + path, { agent: false })
  request.on('error', () => {})
  const response = once<[import('node:http').IncomingMessage]>(request, 'response').then(([one]) => one)
  const begun = response.then(one => {
    one.on('error', () => {})
    const first = once(one, 'data')
    one.resume()
    return first
  })
  const ended = response.then(one => once(one, 'close'))
  return { begun, ended, leave: () => request.destroy() }
}

const overHttp2: Ask = (owner, origin, path) => {
  const session: ClientHttp2Session = connect(origin)
  session.on('error', () => {})
  owner.after(() => session.destroy())
  const stream = session.request({ ':path': path })
  stream.on('error', () => {})
  const begun = once(stream, 'data')
  const ended = once(stream, 'close')
  stream.resume()
  return { begun, ended, leave: () => stream.close(8) }
}

/** What ends an answer. */
interface Cut {
  readonly name: string
  readonly code: string
  readonly status: number
  /** Of the endpoint. */
  readonly endpoint?: object
  /** Of the service. */
  readonly root?: object
  /** The upstream ends the body. */
  readonly upstreamBreaks?: true
  readonly clientLeaves?: true
  readonly timePasses?: true
}

const MINUTE = { timeout: '60s' }

const CUTS: readonly Cut[] = [
  { name: 'the upstream breaks off', code: 'SLUICE_ERR_UPSTREAM_RESET', status: 200, upstreamBreaks: true },
  { name: 'the client leaves', code: 'SLUICE_ERR_CLIENT_ABORTED', status: 499, clientLeaves: true },
  { name: 'the body stands still', code: 'SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', status: 200, endpoint: MINUTE, timePasses: true },
  {
    name: 'the deadline covers the body',
    code: 'SLUICE_ERR_UPSTREAM_TIMEOUT',
    status: 200,
    endpoint: MINUTE,
    root: { router: { no_op_timeout: 'whole' } },
    timePasses: true
  },
  {
    name: 'write_timeout',
    code: 'SLUICE_ERR_CLIENT_TIMEOUT',
    status: 200,
    endpoint: { timeout: '600s' },
    root: { write_timeout: '50s' },
    timePasses: true
  }
]

const around: PluginModule = {
  HandlerRegisterer: {
    registerHandlers(register) {
      register('around', (_context, _extra, next) => request => next(request))
    }
  }
}

const PLUGIN = { 'plugin/http-server': { name: ['around'] } }

for (const [protocol, ask] of [['HTTP/1', overHttp1] as const, ['HTTP/2', overHttp2] as const]) {
  for (const form of ['direct', 'with a plugin'] as const) {
    for (const cut of CUTS) {
      test(`${cut.name} (${protocol}, ${form}): all spans around the body have failed, by the same code`, async t => {
        let breakOff = (): void => {}
        const upstream = await startUpstream(t, (_, res) => {
          res.writeHead(200, { 'Content-Length': '1000000' })
          res.write('x'.repeat(1000))
          breakOff = () => res.destroy()
        })
        const receiver = await startReceiver(t)
        const { router, ...root } = { router: {}, ...cut.root } as { router: object }
        const { origin } = await openGateway(
          t,
          {
            use_h2c: true,
            ...root,
            endpoints: [
              endpoint('/x', upstream, {
                output_encoding: 'no-op',
                ...cut.endpoint,
                ...(form === 'direct' ? {} : { extra: PLUGIN })
              })
            ],
            extra_config: {
              router,
              [NAMESPACE]: {
                exporters: {
                  otlp: [{ name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true, disable_metrics: true }]
                }
              }
            }
          },
          { plugins: [around], env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
        )
        const asked = ask(t, origin, '/x')
        await asked.begun
        if (cut.upstreamBreaks) breakOff()
        if (cut.timePasses) void passTime(60_000)
        if (cut.clientLeaves) asked.leave()
        else await asked.ended
        const spans = await receiver.spansOf(form === 'direct' ? 5 : 6)
        const named = (kind: number, name: string): ReceivedSpan => spans.find(one => one.kind === kind && one.name === name)!
        const server = named(2, '/x')
        assert.deepEqual(
          [server.status, server.attributes['error.type'], server.attributes['http.response.status_code']],
          [2, cut.code, cut.status]
        )
        assert.notEqual(server.message, '')
        for (const name of ['/x', '/up']) {
          const pipe = named(1, name)
          assert.deepEqual(
            [pipe.status, pipe.attributes['error.type'], pipe.attributes['http.response.status_code'], pipe.attributes.complete],
            [2, cut.code, 200, false],
            name
          )
          assert.equal(pipe.attributes.canceled, cut.clientLeaves, name)
        }
        const read = named(1, 'http.client.response.read.tracker')
        assert.deepEqual([read.status, read.attributes['error.type']], [2, cut.code])
        assert.equal(read.events[0]!.name, 'exception')
        // the call itself has had its head
        assert.deepEqual([named(3, '/up').status, named(3, '/up').attributes['http.response.status_code']], [1, 200])
        assert.ok(spans.every(one => one.traceId === server.traceId && one.end <= server.end + 1e6))
      })
    }
  }
}

test('a response that is whole is no failure of its exchange, also behind a plugin, nor is a partial one', async t => {
  const upstream = await startUpstream(t, (req, res) => {
    if (req.url === '/bad') res.statusCode = 500
    res.write('{"ok":')
    setImmediate(() => res.end('true}'))
  })
  const receiver = await startReceiver(t)
  const { origin } = await openGateway(
    t,
    {
      endpoints: [
        endpoint('/direct', upstream, { output_encoding: 'no-op' }),
        endpoint('/plugin', upstream, { output_encoding: 'no-op', extra: PLUGIN }),
        {
          endpoint: '/partial',
          backend: [
            { host: [upstream], url_pattern: '/good' },
            { host: [upstream], url_pattern: '/bad' }
          ]
        }
      ],
      extra_config: {
        [NAMESPACE]: {
          exporters: { otlp: [{ name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true, disable_metrics: true }] }
        }
      }
    },
    { plugins: [around], env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )
  for (const path of ['/direct', '/plugin', '/partial']) await (await fetch(origin + path)).text()
  const servers = await until(() => {
    const found = receiver.spans.filter(one => one.kind === 2)
    return found.length === 3 && found
  }, 'three exchanges')
  assert.deepEqual(servers.map(one => [one.name, one.status, one.attributes['http.response.status_code']]).sort(), [
    ['/direct', 1, 200],
    ['/partial', 1, 200],
    ['/plugin', 1, 200]
  ])
  const pipes = receiver.spans.filter(one => one.attributes['krakend.stage'] === 'proxy')
  assert.deepEqual(
    pipes.map(one => [one.name, one.status, one.attributes.complete, one.attributes['http.response.status_code']]).sort(),
    [
      ['/direct', 0, true, 200],
      ['/partial', 2, false, 500],
      ['/plugin', 0, true, 200]
    ]
  )
})

test('a large body that is decoded while it flows: its pipe and backend have failed when it breaks off', async t => {
  let breakOff = (): void => {}
  const upstream = await startUpstream(t, (_, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' })
    res.write(`{"kept":"${'x'.repeat(200_000)}`)
    breakOff = () => res.destroy()
  })
  const receiver = await startReceiver(t)
  const { origin } = await openGateway(
    t,
    {
      max_body_bytes: 100_000,
      endpoints: [{ endpoint: '/x', backend: [{ host: [upstream], url_pattern: '/up', allow: ['kept'] }] }],
      extra_config: {
        [NAMESPACE]: {
          exporters: { otlp: [{ name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true, disable_metrics: true }] }
        }
      }
    },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )
  const asked = overHttp1(t, origin, '/x')
  await asked.begun
  breakOff()
  await asked.ended
  const spans = await receiver.spansOf(5)
  for (const [kind, name] of [
    [2, '/x'],
    [1, '/x'],
    [1, '/up'],
    [1, 'http.client.response.read.tracker']
  ] as const) {
    const span = spans.find(one => one.kind === kind && one.name === name)!
    assert.deepEqual([span.status, span.attributes['error.type']], [2, 'SLUICE_ERR_UPSTREAM_RESET'], `${kind} ${name}`)
  }
})
