import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Phase } from '../../src/admin/phase.js'
import { addProbes } from '../../src/admin/probes.js'
import { ask, openAdmin } from './support.js'

test('live is 200 for as long as the port responds, ready follows the phase', async t => {
  const { server, port } = await openAdmin(t, { token: 'a-token-of-enough-length' })
  const phase = new Phase()
  addProbes(server, phase)
  const both = async (): Promise<unknown[]> => [
    (await ask(port, '/__live')).status,
    (await ask(port, '/__ready')).status,
    (await ask(port, '/__ready')).body
  ]
  assert.deepEqual(await both(), [200, 200, '{"status":"ok"}\n'])
  phase.opening()
  assert.deepEqual(await both(), [200, 503, '{"status":"unavailable"}\n'])
  phase.serving()
  assert.deepEqual(await both(), [200, 200, '{"status":"ok"}\n'])
  phase.stopping()
  assert.deepEqual(await both(), [200, 503, '{"status":"unavailable"}\n'])
})
