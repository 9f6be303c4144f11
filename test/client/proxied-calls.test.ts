import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConfigInput, createGateway } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { certificate } from '../support/certificates.js'
import { openUpstream } from '../support/upstream.js'
import { once } from '../support/waiting.js'

test('HTTP_PROXY: a plain http backend is asked of the proxy in absolute form, without CONNECT', async t => {
  const seen: { method: string; url: string; host: string | undefined }[] = []
  const proxy = createServer((req, res) => {
    seen.push({ method: req.method!, url: req.url!, host: req.headers.host })
    res.end('{"via":"proxy"}')
  })
  proxy.on('connect', (_req, socket) => {
    seen.push({ method: 'CONNECT', url: '', host: undefined })
    socket.destroy()
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  const config: ConfigInput = {
    version: 3,
    timeout: '60s',
    host: ['http://backend.test:8080'],
    extra_config: { router: { disable_access_log: true } },
    endpoints: [
      { endpoint: '/bytes', output_encoding: 'no-op', backend: [{ url_pattern: '/a?x=1' }] },
      { endpoint: '/data', backend: [{ url_pattern: '/b', group: 'g' }] }
    ]
  }
  const env = { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }
  const gateway = await createGateway(config, { env, logger: silentLogger })
  t.after(() => gateway.close({ graceMs: 1 }))
  assert.deepEqual((await gateway.request({ path: '/bytes' })).json(), { via: 'proxy' })
  assert.deepEqual((await gateway.request({ path: '/data' })).json(), { g: { via: 'proxy' } })
  assert.deepEqual(seen, [
    { method: 'GET', url: 'http://backend.test:8080/a?x=1', host: 'backend.test:8080' },
    { method: 'GET', url: 'http://backend.test:8080/b', host: 'backend.test:8080' }
  ])
})

/** A proxy on this machine that goes wherever it is asked to; `asked` has the request lines and credentials. */
async function openProxy(t: TestContext): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const note = (req: IncomingMessage): void =>
    void asked.push([req.method, req.url, req.headers['proxy-authorization']].filter(part => part !== undefined).join(' '))
  const proxy = createServer((req, res) => {
    note(req)
    res.end('{"via":"proxy"}')
  })
  proxy.on('connect', (req: IncomingMessage, socket) => {
    note(req)
    const [host, port] = req.url!.split(':')
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    for (const one of [socket, upstream]) one.on('error', () => {})
    t.after(() => {
      socket.destroy()
      upstream.destroy()
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return { port: (proxy.address() as AddressInfo).port, asked }
}

test('proxy_address: one backend goes through its proxy, whatever the environment says; https through a tunnel with its own certificate', async t => {
  const proxy = await openProxy(t)
  const plain = await openUpstream(t, (_req, res) => res.end('{"via":"direct"}'))
  const secure = await openUpstream(t, (_req, res) => res.end('{"via":"tunnel"}'), {
    cert: readFileSync(certificate('a.pem')),
    key: readFileSync(certificate('a.key'))
  })
  const { port } = new URL(secure.origin)
  const proxied = { proxy_address: `http://me:se%40cret@127.0.0.1:${proxy.port}` }
  const tls = { client_tls: { ca_certs: [certificate('ca.pem')] } }
  const backend = (host: string, client: object) => [
    { host: [host], url_pattern: '/x', extra_config: { 'backend/http/client': client } }
  ]
  const config: ConfigInput = {
    version: 3,
    timeout: '60s',
    extra_config: { router: { disable_access_log: true } },
    endpoints: [
      { endpoint: '/direct', backend: backend(plain.origin, {}) },
      { endpoint: '/proxied', backend: backend(plain.origin, proxied) },
      { endpoint: '/bytes', output_encoding: 'no-op', backend: backend(plain.origin, proxied) },
      { endpoint: '/secure', backend: backend(`https://localhost:${port}`, { ...proxied, ...tls }) },
      { endpoint: '/untrusted', backend: backend(`https://localhost:${port}`, proxied) }
    ]
  }
  const gateway = await createGateway(config, { env: { NO_PROXY: '*' }, logger: silentLogger })
  t.after(() => gateway.close({ graceMs: 1 }))
  const via = async (path: string): Promise<unknown> => (await gateway.request({ path })).json()
  assert.deepEqual(await via('/direct'), { via: 'direct' })
  assert.deepEqual(proxy.asked, [])
  const credentials = `Basic ${Buffer.from('me:se@cret').toString('base64')}`
  assert.deepEqual(await via('/proxied'), { via: 'proxy' })
  assert.deepEqual(await via('/bytes'), { via: 'proxy' })
  assert.deepEqual(proxy.asked.splice(0), Array(2).fill(`GET ${plain.origin}/x ${credentials}`))
  assert.deepEqual(await via('/secure'), { via: 'tunnel' })
  assert.deepEqual(proxy.asked.splice(0), [`CONNECT localhost:${port} ${credentials}`])
  assert.equal(secure.seen[0]!.headers['proxy-authorization'], undefined)
  assert.equal((await gateway.request({ path: '/untrusted' })).status, 500, 'the proxy does not vouch for the backend')
  assert.equal(secure.seen.length, 1)
})

test('proxy_address: a proxy that refuses or is not there fails the call, and nothing goes out directly', async t => {
  const plain = await openUpstream(t, (_req, res) => res.end('{}'))
  const refusing = createServer((_req, res) => res.writeHead(407).end()).on('connect', (_req, socket) =>
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  )
  refusing.listen(0, '127.0.0.1')
  await once(refusing, 'listening')
  t.after(() => refusing.close())
  const at = (port: number) => ({ 'backend/http/client': { proxy_address: `http://127.0.0.1:${port}` } })
  const { port } = refusing.address() as AddressInfo
  const secure = plain.origin.replace('http:', 'https:')
  const config: ConfigInput = {
    version: 3,
    timeout: '60s',
    extra_config: { router: { disable_access_log: true } },
    endpoints: [
      { endpoint: '/refused', backend: [{ host: [plain.origin], url_pattern: '/', extra_config: at(port) }] },
      { endpoint: '/tunnel', backend: [{ host: [secure], url_pattern: '/', extra_config: at(port) }] },
      { endpoint: '/absent', backend: [{ host: [plain.origin], url_pattern: '/', extra_config: at(1) }] }
    ]
  }
  const gateway = await createGateway(config, { env: {}, logger: silentLogger })
  t.after(() => gateway.close({ graceMs: 1 }))
  for (const path of ['/refused', '/tunnel', '/absent']) assert.equal((await gateway.request({ path })).status, 500, path)
  assert.equal(plain.accepted, 0)
})
