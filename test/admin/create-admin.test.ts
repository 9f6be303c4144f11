import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAdmin } from '../../src/admin/create-admin.js'
import { Phase } from '../../src/admin/phase.js'
import { GatewayStatus } from '../../src/admin/status/status.js'
import { GatewayRecord } from '../../src/telemetry/gateway-state.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { ask } from './support.js'

test('without the namespace there is no admin port; with it, it has the probes and the status', async t => {
  const phase = new Phase()
  const status = new GatewayStatus(phase, new GatewayRecord())
  t.after(() => status.close())
  assert.equal(createAdmin(undefined, { phase, status }, silentLogger), undefined)
  const server = createAdmin({ address: '127.0.0.1', port: 0, token: '' }, { phase, status }, silentLogger)!
  const { port } = await server.open()
  t.after(() => server.close())
  assert.equal((await ask(port, '/__ready')).status, 200)
  assert.equal(JSON.parse((await ask(port, '/__sluice/status.json')).body).gateway.ready, true)
})
