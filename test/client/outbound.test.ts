import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { PooledOutbound } from '../../src/client/outbound.js'
import type { GatewayError } from '../../src/errors.js'
import { PushSource } from '../../src/message/push-source.js'
import type { ResponseMessage } from '../../src/message/response.js'
import { Scope } from '../../src/message/scope.js'
import type { OutboundCall, OutboundRequest } from '../../src/plugin/outbound.js'
import { deadlines } from '../../src/telemetry/timer-wheel.js'
import { pem } from '../support/certificates.js'
import { openStreamingUpstream, openUpstream } from '../support/upstream.js'
import { deferred, until, within } from '../support/waiting.js'
import { TRANSPORT } from './probe.js'

function openClient(t: TestContext, limits: { maxConnections?: number } = {}): PooledOutbound {
  const client = new PooledOutbound({
    // a connection whose call was given up before it was there is idle, and closes after a while
    transport: { ...TRANSPORT, idleConnectionTimeoutMs: 0 },
    maxConnections: limits.maxConnections ?? 10,
    maxQueued: 10,
    wheel: deadlines,
    env: {}
  })
  t.after(() => client.close())
  return client
}

interface Outcome {
  readonly call: OutboundCall
  readonly answer: Promise<{ readonly response: ResponseMessage; readonly unzipped: boolean }>
}

function send(client: PooledOutbound, request: Partial<OutboundRequest> & { readonly origin: string }): Outcome {
  let call!: OutboundCall
  const answer = new Promise<{ response: ResponseMessage; unzipped: boolean }>((resolve, reject) => {
    call = client.send(
      { method: 'GET', path: '/', fields: [], body: undefined, ...request },
      { receive: (response, unzipped) => resolve({ response, unzipped }), reject }
    )
  })
  const outcome = within('the outcome of the call', answer)
  outcome.catch(() => {}) // not each test looks at it
  return { call, answer: outcome }
}

async function said(client: PooledOutbound, request: Partial<OutboundRequest> & { readonly origin: string }): Promise<string> {
  try {
    const { response, unzipped } = await send(client, request).answer
    return `${response.status} ${await response.body.text()}${unzipped ? ' unzipped' : ''}`
  } catch (error) {
    return (error as GatewayError).code
  }
}

test('sends method, path, fields and body; keeps the connection; follows no redirect', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    res.writeHead(req.url === '/moved' ? 302 : 200, { Location: '/other' })
    res.end(`${req.method} ${req.url} ${req.headers.host} ${req.headers['x-a']} ${req.body}`)
  })
  const client = openClient(t)
  const fields = ['X-A', '1', 'Host', 'other.test']
  assert.equal(
    await said(client, { origin: upstream.origin, method: 'POST', path: '/p?q=1', fields, body: Buffer.from('body') }),
    '200 POST /p?q=1 other.test 1 body'
  )
  assert.match(await said(client, { origin: upstream.origin, path: '/moved', fields: ['X-A', '2'] }), /^302 GET \/moved /)
  assert.equal(upstream.accepted, 1)
})

test('bodies stream in both directions', async t => {
  const upstream = await openStreamingUpstream(t, (req, res) => {
    res.writeHead(200)
    req.on('data', chunk => res.write(`got ${chunk} `))
    req.on('end', () => res.end('end'))
  })
  const client = openClient(t)
  const body = new PushSource({ drained() {}, gone() {} })
  const { answer } = send(client, { origin: upstream.origin, method: 'POST', body })
  body.push(Buffer.from('a'))
  const { response } = await answer
  const stream = response.body.stream()
  stream.setEncoding('utf8')
  const iterator = stream[Symbol.asyncIterator]()
  assert.equal((await within('the first chunk', iterator.next())).value, 'got a ')
  body.push(Buffer.from('b'))
  assert.equal((await within('the second chunk', iterator.next())).value, 'got b ')
  body.end()
  assert.equal((await within('the last chunk', iterator.next())).value, 'end')
})

test('gzip is asked for and undone on wish, unless the fields ask for a coding or a part', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    const zipped = req.headers['accept-encoding'] === 'gzip'
    if (zipped) res.setHeader('Content-Encoding', 'gzip')
    res.end(zipped ? gzipSync('plain') : 'as it is')
  })
  const client = openClient(t)
  const { origin } = upstream
  const { response, unzipped } = await send(client, { origin, gunzip: true }).answer
  assert.deepEqual(
    [unzipped, response.headers.has('content-encoding'), response.headers.has('content-length')],
    [true, false, false]
  )
  assert.equal(await response.body.text(), 'plain')
  assert.equal(await said(client, { origin, gunzip: true, fields: ['Range', 'bytes=0-1'] }), '200 as it is')
  assert.equal(await said(client, { origin, gunzip: true, fields: ['Accept-Encoding', 'identity'] }), '200 as it is')
  assert.equal(await said(client, { origin }), '200 as it is')
  const { response: asked } = await send(client, { origin, gunzip: true, fields: ['Accept-Encoding', 'gzip'] }).answer
  assert.equal(asked.headers.get('content-encoding'), 'gzip', 'its own wish, its own work')
})

test('only http and https, and no user information', async t => {
  const client = openClient(t)
  for (const origin of ['ftp://127.0.0.1', 'file:///etc/passwd', 'nowhere', 'http://u:p@127.0.0.1:1'])
    assert.equal(await said(client, { origin }), 'SLUICE_ERR_UPSTREAM_REQUEST', origin)
  assert.equal(await said(client, { origin: 'http://127.0.0.1:1' }), 'SLUICE_ERR_UPSTREAM_CONNECT')
  assert.equal(await said(client, { origin: 'http://127.0.0.1:1', path: '/a b' }), 'SLUICE_ERR_UPSTREAM_REQUEST')
})

test('TLS options count for each call, and have connections of their own', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('ok'), { cert: pem('a.pem'), key: pem('a.key') })
  const client = openClient(t)
  const { origin } = upstream
  assert.equal(await said(client, { origin }), 'SLUICE_ERR_UPSTREAM_TLS')
  assert.equal(await said(client, { origin, tls: { roots: pem('ca.pem') } }), '200 ok')
  assert.equal(await said(client, { origin, tls: { roots: pem('ca.pem') } }), '200 ok')
  const accepted = upstream.accepted
  assert.equal(await said(client, { origin, tls: { insecure: true } }), '200 ok')
  assert.equal(upstream.accepted, accepted + 1)
  assert.equal(await said(client, { origin, tls: { roots: pem('ca.pem'), serverName: 'other.test' } }), 'SLUICE_ERR_UPSTREAM_TLS')
  assert.equal(await said(client, { origin, tls: { roots: 'no PEM' } }), 'SLUICE_ERR_UPSTREAM_TLS')
})

test('a server that demands a certificate gets it', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('ok'), {
    cert: pem('a.pem'),
    key: pem('a.key'),
    ca: pem('ca.pem'),
    requestCert: true,
    rejectUnauthorized: true
  })
  const client = openClient(t)
  const tls = { roots: pem('ca.pem'), certificate: pem('client.pem'), key: pem('client.key') }
  assert.equal(await said(client, { origin: upstream.origin, tls }), '200 ok')
  assert.notEqual(await said(client, { origin: upstream.origin, tls: { roots: pem('ca.pem') } }), '200 ok')
})

test('a proxy that the call names takes it, none is asked where the call says so', async t => {
  const proxy = await openUpstream(t, (req, res) => res.end(`proxied ${req.url}`))
  const client = openClient(t)
  assert.equal(await said(client, { origin: 'http://there.test', proxy: proxy.origin }), '200 proxied http://there.test/')
  assert.equal(await said(client, { origin: proxy.origin, proxy: null }), '200 proxied /')
})

test('a deadline, a cancelled call, a signal and a scope end the call', async t => {
  const reached = { count: 0 }
  const upstream = await openStreamingUpstream(t, req => {
    if (req.url === '/cancelled') reached.count++
  })
  const { origin } = upstream
  const client = openClient(t)
  // on a busy machine its time may be over before it reaches the server
  assert.equal(await said(client, { origin, timeoutMs: 20 }), 'SLUICE_ERR_UPSTREAM_TIMEOUT')
  const one = send(client, { origin, path: '/cancelled' })
  await until(() => reached.count === 1, 'the call to reach the server')
  one.call.cancel()
  await assert.rejects(one.answer, { code: 'SLUICE_ERR_CLIENT_ABORTED' })
  const end = new AbortController()
  const two = send(client, { origin, signal: end.signal })
  end.abort()
  await assert.rejects(two.answer, { code: 'SLUICE_ERR_CLIENT_ABORTED' })
  const three = send(client, { origin, signal: end.signal })
  await assert.rejects(three.answer, { code: 'SLUICE_ERR_CLIENT_ABORTED' }, 'aborted before')
  const scope = new Scope(deadlines)
  const four = send(client, { origin, scope })
  scope.close()
  await assert.rejects(four.answer, { code: 'SLUICE_ERR_CLIENT_ABORTED' })
  await until(() => upstream.sockets.size === 0, 'the connections to close')
})

/** Asks until the head comes within the deadline, which is longer each time: on a busy machine the first may be too short. */
async function headBefore(client: PooledOutbound, origin: string, timeoutMs: number): Promise<ResponseMessage> {
  try {
    return (await send(client, { origin, timeoutMs }).answer).response
  } catch (error) {
    assert.ok(timeoutMs < 60_000, String(error))
    return headBefore(client, origin, 2 * timeoutMs)
  }
}

test('a deadline counts until the last byte, and not beyond', async t => {
  const upstream = await openStreamingUpstream(t, (req, res) => {
    if (req.url === '/whole') return res.end('whole')
    res.write('a')
  })
  const client = openClient(t)
  const { origin } = upstream
  const response = await headBefore(client, origin, 50)
  await assert.rejects(within('the body', response.body.text()), { code: 'SLUICE_ERR_UPSTREAM_TIMEOUT' })
  const scope = new Scope(deadlines)
  const { response: whole } = await send(client, { origin, path: '/whole', timeoutMs: 60_000, scope }).answer
  assert.equal(await whole.body.text(), 'whole')
  assert.equal(scope.reason, undefined)
})

test('an upload of a call that cannot be made is let go', async t => {
  const client = openClient(t)
  const gone = deferred<GatewayError>('the upload to be let go')
  const body = new PushSource({ drained() {}, gone: gone.resolve })
  assert.equal(await said(client, { origin: 'ftp://x', method: 'POST', body }), 'SLUICE_ERR_UPSTREAM_REQUEST')
  assert.equal((await gone.promise).code, 'SLUICE_ERR_UPSTREAM_REQUEST')
})

test('pools are bounded: those without a call make room', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('ok'))
  const client = openClient(t)
  const { port } = new URL(upstream.origin)
  for (let i = 0; i < 300; i++) {
    const origin = `http://127.0.${i >> 8}.${i & 255}:${port}`
    if (i % 50 === 1) assert.equal(await said(client, { origin: upstream.origin }), '200 ok')
    else if (i > 0) send(client, { origin, timeoutMs: 1 }).call.cancel()
  }
  assert.ok([...client.all()].length <= 256)
})

test('a client that was closed calls nothing', async t => {
  const client = openClient(t)
  await client.close()
  assert.equal(await said(client, { origin: 'http://127.0.0.1:1' }), 'SLUICE_ERR_GATEWAY_CLOSING')
})
