import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type ConfigInput, createGateway } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'
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
