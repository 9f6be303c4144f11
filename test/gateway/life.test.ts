import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConfigInput, createGateway, type Gateway, type GatewayLogger } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { fetch, once } from '../support/waiting.js'

/** Keeps its requests until they are let go. */
async function waiting(t: TestContext): Promise<{ origin: string; arrived: Promise<unknown>; letGo: () => void }> {
  let letGo = (): void => {}
  const server: Server = createServer((_, res) => {
    letGo = () => res.end('{"late":true}')
    server.emit('arrived')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, arrived: once(server, 'arrived'), letGo: () => letGo() }
}

const quietLogger = (close: () => Promise<void>): GatewayLogger => ({ ...silentLogger, close })

function gatewayTo(origin: string, close = async () => {}): Promise<Gateway> {
  const endpoints = [{ endpoint: '/late', timeout: '30s', backend: [{ host: [origin], url_pattern: '/' }] }]
  const config: ConfigInput = {
    version: 3,
    listen_ip: '127.0.0.1',
    extra_config: { router: { disable_access_log: true } },
    endpoints
  }
  return createGateway(config, { port: 0, env: {}, logger: quietLogger(close) })
}

test('closing waits for requests that did not come on the port', async t => {
  const upstream = await waiting(t)
  const gateway = await gatewayTo(upstream.origin)
  const answer = gateway.request({ path: '/late' })
  await upstream.arrived
  const closed = gateway.close()
  upstream.letGo()
  assert.equal((await answer).text(), '{"late":true}')
  assert.equal(await closed, true)
})

test('closing waits for exchanges of a server of one’s own', async t => {
  const upstream = await waiting(t)
  const gateway = await gatewayTo(upstream.origin)
  const own = createServer(gateway.handler).listen(0, '127.0.0.1')
  await once(own, 'listening')
  t.after(() => void own.close().closeAllConnections())
  const answer = fetch(`http://127.0.0.1:${(own.address() as AddressInfo).port}/late`)
  await upstream.arrived
  const closed = gateway.close()
  upstream.letGo()
  assert.equal(await (await answer).text(), '{"late":true}')
  assert.equal(await closed, true)
})

test('what is still open after the grace is cut, and told', async t => {
  const upstream = await waiting(t)
  const gateway = await gatewayTo(upstream.origin)
  const answer = gateway.request({ path: '/late' }).catch(() => undefined)
  await upstream.arrived
  assert.equal(await gateway.close({ graceMs: 1 }), false)
  assert.notEqual((await answer)?.status, 200)
})

test('a gateway listens once, and not after its end', async () => {
  const gateway = await gatewayTo('http://127.0.0.1:17')
  await gateway.listen()
  await assert.rejects(gateway.listen(), { code: 'SLUICE_ERR_CONFIG_LISTEN', message: /listens already/ })
  await gateway.close()
  await assert.rejects(gateway.listen(), { code: 'SLUICE_ERR_CONFIG_LISTEN', message: /closed/ })
})

test('a logger that was handed over stays open', async () => {
  let closed = 0
  const gateway = await gatewayTo('http://127.0.0.1:17', async () => void closed++)
  await gateway.close()
  assert.equal(closed, 0)
})
