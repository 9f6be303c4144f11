import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConfigInput, createGateway } from '../src/index.js'
import { freePort } from './support/free-port.js'
import { openGateway } from './support/open-gateway.js'
import { openStreamingUpstream, openUpstream } from './support/upstream.js'
import { deferred, fetch, once, until } from './support/waiting.js'

interface Endpoint {
  readonly path?: string
  readonly host: string
  readonly noOp?: boolean
  readonly root?: object
}

/** A configuration with one endpoint. */
function configTo({ path = '/x', host, noOp = true, root = {} }: Endpoint): ConfigInput {
  const encoding = noOp ? 'no-op' : 'json'
  const backend = [{ host: [host], url_pattern: '/', encoding }]
  return {
    version: 3,
    listen_ip: '127.0.0.1',
    timeout: '30s',
    endpoints: [{ endpoint: path, output_encoding: encoding, backend }],
    ...root
  }
}

const naming = (t: TestContext, name: string) => openUpstream(t, (_req, res) => res.end(JSON.stringify({ name })))
const textAt = async (url: string): Promise<string> => (await fetch(url)).text()

test('a reload serves the new configuration on the same port, and says what differs', async t => {
  const [a, b] = [await naming(t, 'a'), await naming(t, 'b')]
  const { gateway, origin, log } = await openGateway(t, configTo({ host: a.origin }))
  assert.equal(gateway.lastReload, undefined)
  assert.equal(await textAt(`${origin}/x`), '{"name":"a"}')
  const changes = await gateway.reload({
    ...configTo({ host: b.origin, root: { name: 'new' } }),
    endpoints: [...configTo({ host: b.origin }).endpoints!, { endpoint: '/y', backend: [{ host: [b.origin], url_pattern: '/' }] }]
  })
  assert.deepEqual(changes, {
    endpoints: { added: ['GET /y'], removed: [], changed: ['GET /x'] },
    service: ['name'],
    staleCode: [],
    summary: 'endpoints: 1 added, 1 changed; also: name'
  })
  assert.equal(await textAt(`${origin}/x`), '{"name":"b"}')
  assert.equal(await textAt(`${origin}/y`), '{"name":"b"}')
  assert.equal(gateway.config.name, 'new')
  assert.equal(gateway.pipes.length, 2)
  assert.equal(gateway.lastReload!.ok, true)
  await until(() => a.sockets.size === 0, 'the pools of the old configuration are closed')
  assert.match(log.text, /The new configuration serves: endpoints: 1 added, 1 changed; also: name/)
})

test('without an argument the same file is read again', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'reload-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'sluice.json')
  const [a, b] = [await naming(t, 'a'), await naming(t, 'b')]
  await writeFile(file, JSON.stringify(configTo({ host: a.origin })))
  const gateway = await createGateway(file, { port: 0, env: {} })
  t.after(() => gateway.close({ graceMs: 1 }))
  assert.equal((await gateway.request('/x')).text(), '{"name":"a"}')
  await writeFile(file, JSON.stringify(configTo({ host: b.origin })))
  await gateway.reload()
  assert.equal((await gateway.request('/x')).text(), '{"name":"b"}')
  const same = await gateway.reload()
  const none = { added: [], removed: [], changed: [] }
  assert.deepEqual(same, { endpoints: none, service: [], staleCode: [], summary: 'no differences' })
})

test('a configuration that cannot be built changes nothing', async t => {
  const upstream = await naming(t, 'a')
  const { gateway, origin, log } = await openGateway(t, configTo({ host: upstream.origin }))
  const before = gateway.config
  const broken = configTo({ host: upstream.origin, root: { timeout: 'soon' } })
  await assert.rejects(gateway.reload(broken), { name: 'ConfigError', message: /timeout/ })
  await assert.rejects(gateway.reload('/no/such/file.json'), { name: 'ConfigError' })
  assert.equal(gateway.config, before)
  assert.equal(await textAt(`${origin}/x`), '{"name":"a"}')
  assert.equal(gateway.lastReload!.ok, false)
  assert.match(gateway.lastReload!.findings[0]!.message, /no such file/)
  await log.line(/ERROR.*nothing has changed: .*\/timeout/)
  assert.equal(log.lines.filter(line => line.includes('ERROR')).length, 2)
  await gateway.reload()
  assert.equal(gateway.lastReload!.ok, true)
})

test('exchanges finish as they began: on the port, in process and by the handler', async t => {
  const arrived = [deferred('1 request'), deferred('2 requests'), deferred('3 requests')]
  const held: (() => void)[] = []
  const slow = await openUpstream(t, (_req, res) => {
    held.push(() => res.end('{"name":"slow"}'))
    arrived[held.length - 1]!.resolve()
  })
  const quick = await naming(t, 'quick')
  const { gateway, origin } = await openGateway(t, configTo({ host: slow.origin }))
  const own = createServer(gateway.handler).listen(0, '127.0.0.1')
  t.after(() => void own.close().closeAllConnections())
  await once(own, 'listening')
  const inProcess = gateway.request('/x')
  const onPort = textAt(`${origin}/x`)
  const byHandler = textAt(`http://127.0.0.1:${(own.address() as AddressInfo).port}/x`)
  await arrived[2]!.promise
  await gateway.reload(configTo({ host: quick.origin, noOp: false }))
  assert.equal((await gateway.request('/x')).text(), '{"name":"quick"}')
  for (const letGo of held) letGo()
  assert.equal((await inProcess).text(), '{"name":"slow"}')
  assert.equal(await onPort, '{"name":"slow"}')
  assert.equal(await byHandler, '{"name":"slow"}')
  await until(() => slow.sockets.size === 0, 'the old pools are closed')
})

async function openStream(origin: string): Promise<IncomingMessage> {
  const request = httpRequest(`${origin}/x`, { agent: false }).end()
  const [response] = await once<[IncomingMessage]>(request, 'response')
  response.on('error', () => {})
  return response
}

test('a stream goes on over reloads without max_shutdown_wait_time, and is cut after it', async t => {
  const sending = await openStreamingUpstream(t, (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n')
    const timer = setInterval(() => res.write('data: 2\n\n'), 20)
    res.on('close', () => clearInterval(timer))
  })
  const { gateway, origin, log } = await openGateway(t, configTo({ host: sending.origin }))
  const stream = await openStream(origin)
  await gateway.reload(configTo({ host: sending.origin, root: { max_shutdown_wait_time: '50ms' } }))
  await gateway.reload()
  const [chunk] = await once<[Buffer]>(stream, 'data')
  assert.match(String(chunk), /data/)
  const late = await openStream(origin)
  late.resume()
  await gateway.reload()
  await once(late, 'close')
  assert.equal(late.complete, false)
  await log.line(/1 exchange\(s\) begun before the reload were still open after max_shutdown_wait_time \(50ms\)/)
  assert.equal(stream.destroyed, false, 'that of the configuration without a limit')
  stream.destroy()
  await until(() => sending.sockets.size === 0, 'all old pools are closed')
})

test('a request that waits when its time is over gets a response', async t => {
  const arrived = deferred('the request')
  const silent = await openUpstream(t, () => arrived.resolve())
  const root = { max_shutdown_wait_time: '20ms' }
  const { gateway, origin } = await openGateway(t, configTo({ host: silent.origin, noOp: false, root }))
  const response = fetch(`${origin}/x`)
  await arrived.promise
  await gateway.reload()
  assert.equal((await response).status, 503)
})

test('shadow calls end before their pools are closed', async t => {
  const arrived = deferred('the shadow call')
  let letGo = (): void => {}
  let broken = false
  const shadow = await openUpstream(t, (_req, res) => {
    res.on('close', () => {
      broken = !res.writableFinished
    })
    letGo = () => res.end('{}')
    arrived.resolve()
  })
  const regular = await naming(t, 'a')
  const config = configTo({ host: regular.origin, noOp: false })
  const [endpoint] = config.endpoints!
  const extra_config = { proxy: { shadow: true } }
  const both = [...endpoint!.backend!, { host: [shadow.origin], url_pattern: '/', extra_config }]
  const { gateway, origin } = await openGateway(t, { ...config, endpoints: [{ ...endpoint, backend: both }] })
  assert.equal(await textAt(`${origin}/x`), '{"name":"a"}')
  await arrived.promise
  await gateway.reload(configTo({ host: regular.origin }))
  assert.equal(await textAt(`${origin}/x`), '{"name":"a"}')
  letGo()
  await until(() => shadow.sockets.size === 0, 'the old pools are closed')
  assert.equal(broken, false)
})

test('another port is opened before the one before it closes, one that is taken changes nothing', async t => {
  const upstream = await naming(t, 'a')
  const first = await freePort()
  const config = (port: number): ConfigInput => configTo({ host: upstream.origin, root: { port } })
  const gateway = await createGateway(config(first), { env: {} })
  t.after(() => gateway.close({ graceMs: 1 }))
  await gateway.listen()
  const second = await freePort()
  const changes = await gateway.reload(config(second))
  assert.deepEqual(changes.service, ['port'])
  assert.equal(await textAt(`http://127.0.0.1:${second}/x`), '{"name":"a"}')
  await until(
    () =>
      textAt(`http://127.0.0.1:${first}/x`).then(
        () => false,
        () => true
      ),
    'the old port is closed'
  )
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => void other.close())
  await once(other, 'listening')
  const taken = (other.address() as AddressInfo).port
  await assert.rejects(gateway.reload(config(taken)), { code: 'SLUICE_ERR_CONFIG_LISTEN' })
  assert.match(gateway.lastReload!.findings[0]!.message, /already in use/)
  assert.equal(await textAt(`http://127.0.0.1:${second}/x`), '{"name":"a"}')
})

test('the admin port stays open and takes a new token', async t => {
  const upstream = await naming(t, 'a')
  const port = await freePort()
  const config = (token: string): ConfigInput => ({
    ...configTo({ host: upstream.origin }),
    extra_config: { 'sluice/admin': { address: '127.0.0.1', port, token } }
  })
  const { gateway } = await openGateway(t, config('first-token-of-the-gateway'))
  const ask = async (token: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/none`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.equal(await ask('first-token-of-the-gateway'), 404)
  await gateway.reload(config('second-token-of-the-gateway'))
  assert.equal(await ask('first-token-of-the-gateway'), 401)
  assert.equal(await ask('second-token-of-the-gateway'), 404)
  await gateway.reload(configTo({ host: upstream.origin }))
  await until(
    () =>
      ask('').then(
        () => false,
        () => true
      ),
    'the admin port is closed'
  )
})

test('a reload before the port is opened, and while it opens', async t => {
  const [a, b] = [await naming(t, 'a'), await naming(t, 'b')]
  const gateway = await createGateway(configTo({ host: a.origin }), { port: 0, env: {} })
  t.after(() => gateway.close({ graceMs: 1 }))
  await gateway.reload(configTo({ host: a.origin, noOp: false }))
  const [bound] = await Promise.all([gateway.listen(), gateway.reload(configTo({ host: b.origin }))])
  assert.equal(await textAt(`http://127.0.0.1:${bound.port}/x`), '{"name":"b"}')
})

test('reloads run one after another, and those that wait for the same are one', async t => {
  const upstream = await naming(t, 'a')
  const { gateway } = await openGateway(t, configTo({ host: upstream.origin }))
  const first = gateway.reload()
  const second = gateway.reload()
  const third = gateway.reload()
  assert.equal(second, third)
  await Promise.all([first, second])
  await gateway.reload()
})

test('a closing gateway takes no new configuration', async t => {
  const { gateway } = await openGateway(t, configTo({ host: 'http://127.0.0.1:17' }))
  const reloading = gateway.reload()
  const closed = gateway.close()
  await assert.rejects(reloading, { code: 'SLUICE_ERR_GATEWAY_CLOSING' })
  assert.equal(await closed, true)
  await assert.rejects(gateway.reload(), { code: 'SLUICE_ERR_GATEWAY_CLOSING' })
})
