import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAdmin } from '../../src/admin/create-admin.js'
import { Phase } from '../../src/admin/phase.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { ask } from './support.js'

test('without the namespace there is no admin port; with it, it has the probes', async t => {
  assert.equal(createAdmin(undefined, new Phase(), silentLogger), undefined)
  const server = createAdmin({ address: '127.0.0.1', port: 0, token: '' }, new Phase(), silentLogger)!
  const { port } = await server.open()
  t.after(() => server.close())
  assert.equal((await ask(port, '/__ready')).status, 200)
})
