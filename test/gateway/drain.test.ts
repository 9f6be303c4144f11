import assert from 'node:assert/strict'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { ask } from '../admin/support.js'
import { CLI, folderWith, Watched } from '../cli/command.js'
import { openGateway } from '../support/open-gateway.js'
import { holdPauses } from '../support/time.js'
import { openStreamingUpstream } from '../support/upstream.js'
import { deferred, once, until } from '../support/waiting.js'

const DELAY = '600s'
const DELAY_MS = 600_000

/** A gateway with an admin port, and an upstream whose `/late` waits. */
async function opened(t: TestContext, more: object = {}) {
  const arrived = deferred('the request at the upstream')
  let letGo = (): void => {}
  const upstream = await openStreamingUpstream(t, (req, res) => {
    if (req.url !== '/late') return void res.end('{"now":true}')
    letGo = () => void res.end('{"late":true}')
    arrived.resolve()
  })
  const endpoints = ['/now', '/late'].map(endpoint => ({
    endpoint,
    backend: [{ host: [upstream.origin], url_pattern: endpoint }]
  }))
  const extra = { router: { shutdown_delay: DELAY, disable_access_log: true }, 'sluice/admin': { port: 0 } }
  const open = await openGateway(t, { endpoints, extra_config: extra, ...more })
  return { ...open, arrived, letGo: () => letGo() }
}

const adminOf = async (log: { line(pattern: RegExp): Promise<string> }): Promise<number> =>
  Number(/port: (\d+)$/.exec(await log.line(/Admin\] Listening/))![1])

/** True when a connection to the port is refused. */
const refused = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(false))
    socket.on('error', () => resolve(true))
    socket.on('connect', () => socket.destroy())
  })

const read = async (res: IncomingMessage): Promise<string> => Buffer.concat(await res.toArray()).toString()

test('a drain as Kubernetes walks it: not ready, still accepting, closed, the rest within its time', async t => {
  const { gateway, port, log, arrived, letGo } = await opened(t)
  const admin = await adminOf(log)
  const probe = async (path: string): Promise<number> => (await ask(admin, path)).status
  assert.deepEqual([await probe('/__live'), await probe('/__ready')], [200, 200])

  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const late = get({ port, host: '127.0.0.1', path: '/late', agent })
  const lateHead = once<[IncomingMessage]>(late, 'response')
  await arrived.promise

  // SIGTERM: the pod leaves the endpoints of its service while traffic still comes
  const delayIsOver = holdPauses(t, DELAY_MS)
  const closed = gateway.close()
  assert.deepEqual([await probe('/__live'), await probe('/__ready')], [200, 503])
  assert.equal((await ask(port, '/now')).body, '{"now":true}')
  await log.line(/Not ready any more; the port closes in 600000 ms/)

  // then no new connections; what runs goes on, the probes too
  delayIsOver()
  await until(() => refused(port), 'the port to close')
  assert.deepEqual([await probe('/__live'), await probe('/__ready')], [200, 503])
  letGo()
  const [res] = await lateHead
  assert.deepEqual([res.statusCode, res.headers.connection, await read(res)], [200, 'close', '{"late":true}'])
  assert.equal(await closed, true)
  assert.equal(await refused(admin), true)
})

test('HTTP/2 clients are told with GOAWAY after the delay; their streams finish', async t => {
  const { gateway, port, arrived, letGo } = await opened(t, { use_h2c: true })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  const goaway = once(session, 'goaway')
  const stream = session.request({ ':path': '/late' })
  await arrived.promise
  const delayIsOver = holdPauses(t, DELAY_MS)
  const closed = gateway.close()
  delayIsOver()
  await goaway
  letGo()
  let text = ''
  stream.setEncoding('utf8').on('data', part => {
    text += part
  })
  await once(stream, 'close')
  assert.equal(text, '{"late":true}')
  assert.equal(await closed, true)
})

test('the delay is for gateways that listen; the grace begins after it', async t => {
  const { gateway, arrived } = await opened(t)
  const late = gateway.request('/late').catch(() => undefined)
  await arrived.promise
  assert.equal(await gateway.close({ graceMs: 1, delayMs: 1 }), false)
  await late
})

test('without an admin port the ready probe of the own port turns too', async t => {
  const { gateway, port } = await openGateway(t, { extra_config: { router: { shutdown_delay: DELAY } } })
  assert.equal((await ask(port, '/__ready')).status, 200)
  const delayIsOver = holdPauses(t, DELAY_MS)
  const closed = gateway.close()
  assert.deepEqual([(await ask(port, '/__ready')).status, (await ask(port, '/__live')).status], [503, 200])
  delayIsOver()
  assert.equal(await closed, true)
})

test('an admin port that is taken stops the start, and leaves the other port closed', async t => {
  const { gateway, log } = await opened(t)
  const taken = await adminOf(log)
  await assert.rejects(openGateway(t, { extra_config: { 'sluice/admin': { port: taken } } }), {
    code: 'SLUICE_ERR_CONFIG_LISTEN'
  })
  await gateway.close({ graceMs: 1, delayMs: 1 })
})

test('a second signal ends the delay and all the rest at once', async t => {
  const config = { version: 3, listen_ip: '127.0.0.1', extra_config: { router: { shutdown_delay: '10m' } }, endpoints: [] }
  const folder = await folderWith(t, { 'k.json': JSON.stringify(config) })
  const gateway = new Watched(t, [...CLI, 'run', '-c', `${folder}/k.json`, '-p', '0'])
  const [, port] = await gateway.until(/Listening on port: (\d+)/)
  gateway.child.kill('SIGTERM')
  await gateway.until(/Not ready any more; the port closes in 600000 ms/)
  assert.equal((await ask(Number(port), '/__ready')).status, 503)
  gateway.child.kill('SIGTERM')
  assert.deepEqual((await gateway.exited)[0], 143)
})
