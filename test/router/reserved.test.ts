import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withGateway } from '../support/open-gateway.js'

const ADMIN = { 'sluice/admin': { port: 0 } }
const answering = (endpoint: string, method = 'GET') => ({
  endpoint,
  method,
  extra_config: { proxy: { static: { strategy: 'always', data: { mine: true } } } },
  backend: [{ host: ['http://127.0.0.1:17'], url_pattern: '/' }]
})
const bodies = (config: object, ...paths: string[]): Promise<string[]> =>
  withGateway(config, async ({ gateway }) =>
    Promise.all(paths.map(async path => `${(await gateway.request(path)).status} ${(await gateway.request(path)).text()}`))
  )

test('the probes stand on the gateway’s own port where there is no admin port', async () => {
  assert.deepEqual(await bodies({}, '/__live', '/__ready'), ['200 {"status":"ok"}', '200 {"status":"ok"}'])
  for (const text of await bodies({ extra_config: ADMIN }, '/__live', '/__ready')) assert.match(text, /^404 /)
  const off = { extra_config: { router: { disable_health: true } } }
  for (const text of await bodies(off, '/__live', '/__ready')) assert.match(text, /^404 /)
})

test('a probe never takes a path that leads to an endpoint', async () => {
  const mine = '200 {"mine":true}'
  assert.deepEqual(await bodies({ endpoints: [answering('/__ready')] }, '/__ready', '/__live'), [mine, '200 {"status":"ok"}'])
  const [ready, live, health] = await bodies({ endpoints: [answering('/{any}')] }, '/__ready', '/__live', '/__health')
  assert.deepEqual([ready, live], [mine, mine])
  assert.match(health!, /^200 \{"agents"/)
})

test('nor one that leads to an endpoint by another method, or by a redirect', async () => {
  const [posted] = await bodies({ endpoints: [answering('/__ready', 'POST')] }, '/__ready')
  assert.match(posted!, /^405 /)
  const [slashed] = await bodies({ endpoints: [answering('/__live/')] }, '/__live')
  assert.match(slashed!, /^301 /)
})
