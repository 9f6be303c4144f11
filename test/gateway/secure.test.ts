/** TLS on both sides, HTTP/2 with and without it. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { ConfigError, GatewayError } from '../../src/index.js'
import { certificate as file } from '../support/certificates.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { openStreamingUpstream, openUpstream, sendJson, type Upstream } from '../support/upstream.js'
import { deferred, once } from '../support/waiting.js'

const read = (name: string): Buffer => readFileSync(file(name))
const SERVER = { key: read('a.key'), cert: read('a.pem') }
const ca = read('ca.pem')

const endpoints = (host: string): object[] => [
  { endpoint: '/bytes', output_encoding: 'no-op', input_headers: ['*'], backend: [{ host: [host], url_pattern: '/bytes' }] },
  { endpoint: '/up', method: 'POST', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/up' }] },
  { endpoint: '/json', backend: [{ host: [host], url_pattern: '/json', group: 'g' }] }
]

/** A TLS upstream that tells who called. */
function secureUpstream(t: TestContext, more: object = {}): Promise<Upstream> {
  return openStreamingUpstream(
    t,
    (req, res) => {
      const socket = req.socket as TLSSocket
      const client = socket.getPeerCertificate().subject?.CN ?? null
      sendJson(res, { client, version: socket.getProtocol() })
    },
    { ...SERVER, ...more }
  )
}

test('an upstream is believed only with a certificate of a known authority', async t => {
  const upstream = await secureUpstream(t)
  const failing = {
    extra_config: { router: { error_status: 'http', return_error_msg: true } },
    endpoints: endpoints(upstream.origin)
  }
  const plain = await openGateway(t, failing)
  const refused = await ask(plain.port, '/bytes')
  assert.equal(refused.status, 502)
  assert.match(refused.text, /certificate/)

  const trusting = await openGateway(t, { client_tls: { ca_certs: [file('ca.pem')] }, endpoints: endpoints(upstream.origin) })
  assert.deepEqual((await ask(trusting.port, '/bytes')).json(), { client: null, version: 'TLSv1.3' })
  assert.deepEqual((await ask(trusting.port, '/json')).json(), { g: { client: null, version: 'TLSv1.3' } })

  const careless = await openGateway(t, {
    client_tls: { allow_insecure_connections: true },
    endpoints: endpoints(upstream.origin)
  })
  assert.equal((await ask(careless.port, '/bytes')).status, 200)
  const alone = { client_tls: { ca_certs: [file('b.pem')], disable_system_ca_pool: true }, endpoints: endpoints(upstream.origin) }
  assert.equal((await ask((await openGateway(t, alone)).port, '/bytes')).status, 500)
})

test('a backend has TLS settings of its own, and shows its certificate to no other', async t => {
  const asking = await secureUpstream(t, { ca, requestCert: true, rejectUnauthorized: false })
  const certificate = { certificate: file('client.pem'), private_key: file('client.key') }
  const client_tls = { ca_certs: [file('ca.pem')], client_certs: [certificate], min_version: 'TLS12' }
  const own = { 'backend/http/client': { client_tls } }
  const backend = { host: [asking.origin], url_pattern: '/' }
  const gateway = await openGateway(t, {
    client_tls: { ca_certs: [file('ca.pem')] },
    endpoints: [
      { endpoint: '/own', backend: [{ ...backend, extra_config: own }] },
      { endpoint: '/own-bytes', output_encoding: 'no-op', backend: [{ ...backend, extra_config: own }] },
      { endpoint: '/other', backend: [backend] }
    ]
  })
  const seen = { version: 'TLSv1.3' }
  assert.deepEqual((await ask(gateway.port, '/own')).json(), { client: 'client', ...seen })
  assert.deepEqual((await ask(gateway.port, '/own-bytes')).json(), { client: 'client', ...seen })
  assert.deepEqual((await ask(gateway.port, '/other')).json(), { client: null, ...seen })
  const absent = { 'backend/http/client': { client_tls: { ca_certs: ['absent.pem'] } } }
  await assert.rejects(
    openGateway(t, { endpoints: [{ endpoint: '/a', backend: [{ ...backend, extra_config: absent }] }] }),
    error => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.problems[0]?.pointer, '/endpoints/0/backend/0/extra_config/backend~1http~1client/client_tls')
      return true
    }
  )
})

test('a client certificate is shown to upstreams that ask for one', async t => {
  const upstream = await secureUpstream(t, { ca, requestCert: true, rejectUnauthorized: true })
  const certificate = { certificate: file('client.pem'), private_key: file('client.key') }
  const known = { client_tls: { ca_certs: [file('ca.pem')], client_certs: [certificate] }, endpoints: endpoints(upstream.origin) }
  assert.deepEqual((await ask((await openGateway(t, known)).port, '/bytes')).json(), { client: 'client', version: 'TLSv1.3' })
  const stranger = { client_tls: { ca_certs: [file('ca.pem')] }, endpoints: endpoints(upstream.origin) }
  assert.equal((await ask((await openGateway(t, stranger)).port, '/bytes')).status, 500)
})

test('client_tls keeps to its versions, and to files that exist', async t => {
  const upstream = await secureUpstream(t, { maxVersion: 'TLSv1.2' })
  const tls = (more: object): object => ({
    client_tls: { ca_certs: [file('ca.pem')], ...more },
    endpoints: endpoints(upstream.origin)
  })
  assert.equal((await ask((await openGateway(t, tls({}))).port, '/bytes')).status, 500, 'TLS 1.3 or nothing')
  const older = await openGateway(t, tls({ min_version: 'TLS12', max_version: 'TLS12' }))
  assert.deepEqual((await ask(older.port, '/bytes')).json(), { client: null, version: 'TLSv1.2' })
  await assert.rejects(openGateway(t, tls({ ca_certs: ['nowhere.pem'] })), (error: unknown) => {
    assert.ok(error instanceof GatewayError || error instanceof ConfigError)
    assert.match(error.message, /nowhere\.pem/)
    return true
  })
})

/** Sends a request over HTTP/2 and returns what came, trailers included. */
async function http2(
  session: ClientHttp2Session,
  path: string,
  body?: string,
  fields: object = {}
): Promise<Record<string, unknown>> {
  const stream = session.request(
    { ':path': path, ':method': body === undefined ? 'GET' : 'POST', ...fields },
    { endStream: body === undefined }
  )
  if (body !== undefined) stream.end(body)
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
  let text = ''
  for await (const chunk of stream) text += chunk
  return { status: head[':status'], connection: head.connection ?? null, length: head['content-length'] ?? null, text }
}

for (const mode of ['TLS', 'cleartext'] as const) {
  test(`serves both pipes over HTTP/2, ${mode}, beside HTTP/1`, async t => {
    const upstream = await openUpstream(t, (req, res) => {
      if (req.url === '/up') return void res.end(`heard ${req.body}`)
      sendJson(res, { url: req.url, host: req.headers['x-forwarded-host'] ?? null, te: req.headers.te ?? null })
    })
    const listener =
      mode === 'TLS'
        ? { tls: { public_key: file('a.pem'), private_key: file('a.key') } }
        : { extra_config: { router: { use_h2c: true } } }
    const { port } = await openGateway(t, { ...listener, endpoints: endpoints(upstream.origin) })
    const session = connectHttp2(`${mode === 'TLS' ? 'https' : 'http'}://127.0.0.1:${port}`, { ca, servername: 'a.test' })
    t.after(() => session.destroy())
    const [bytes, json, up, missing] = await Promise.all([
      http2(session, '/bytes', undefined, { te: 'trailers' }),
      http2(session, '/json'),
      http2(session, '/up', 'a body'),
      http2(session, '/nowhere')
    ])
    assert.deepEqual([bytes!.status, bytes!.connection], [200, null])
    assert.equal(JSON.parse(bytes!.text as string).te, null)
    assert.deepEqual(Object.keys(JSON.parse(json!.text as string)), ['g'])
    assert.deepEqual([up!.status, up!.text], [200, 'heard a body'])
    assert.equal(missing!.status, 404)
    if (mode === 'cleartext') assert.equal((await ask(port, '/bytes')).status, 200)
    else {
      const req = request({ port, host: '127.0.0.1', servername: 'a.test', path: '/bytes', ca, agent: false })
      req.end()
      const [res] = await once<[IncomingMessage]>(req, 'response')
      assert.deepEqual([res.statusCode, res.httpVersion], [200, '1.1'])
      res.resume()
    }
  })
}

test('a stream that a client resets frees the upstream, and others go on', async t => {
  let freed: Promise<unknown> = Promise.resolve()
  const asked = deferred('the upstream to be asked')
  const upstream = await openStreamingUpstream(t, (req, res) => {
    if (req.url === '/json') return sendJson(res, { ok: 1 })
    freed = once(res, 'close')
    res.writeHead(200)
    res.write('begun')
    asked.resolve()
  })
  const tls = { public_key: file('a.pem'), private_key: file('a.key') }
  const { port } = await openGateway(t, { tls, endpoints: endpoints(upstream.origin) })
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername: 'a.test' })
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/bytes' })
  stream.on('error', () => {})
  await asked.promise
  stream.close(8)
  await freed
  assert.equal((await http2(session, '/json')).text, '{"g":{"ok":1}}')
})

test('mTLS lets in who shows a certificate', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { ok: 1 }))
  const tls = { public_key: file('a.pem'), private_key: file('a.key'), enable_mtls: true, ca_certs: [file('ca.pem')] }
  const { port } = await openGateway(t, { tls, endpoints: endpoints(upstream.origin) })
  const get = async (more: object): Promise<number> => {
    const req = request({ port, host: '127.0.0.1', servername: 'a.test', path: '/json', ca, agent: false, ...more })
    const [res] = await once<[IncomingMessage]>(req.end(), 'response')
    res.resume()
    return res.statusCode!
  }
  assert.equal(await get({ cert: read('client.pem'), key: read('client.key') }), 200)
  await assert.rejects(get({}))
})
