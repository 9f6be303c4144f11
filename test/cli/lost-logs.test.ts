/** Gateways whose log has no reader, or no room. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/free-port.js'
import { fetch, until } from '../support/waiting.js'
import { CLI, folderWith, Watched } from './command.js'

const config = (port: number): string =>
  JSON.stringify({
    version: 3,
    listen_ip: '127.0.0.1',
    port,
    extra_config: { 'telemetry/logging': { level: 'INFO', stdout: true, access_log_format: 'json' } },
    endpoints: [{ endpoint: '/a', backend: [{ host: ['http://127.0.0.1:99'], url_pattern: '/' }] }]
  })

const unix = { skip: process.platform === 'win32' && 'there are no named pipes' }

test('a log that nothing reads does not hold up requests or the end', unix, async t => {
  const port = await freePort()
  const folder = await folderWith(t, { 'gateway.json': config(port) })
  const pipe = path.join(folder, 'pipe')
  spawnSync('mkfifo', [pipe])
  // opened for both directions: it has a reader, which never reads
  const gateway = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'gateway.json')], {
    stdio: ['ignore', openSync(pipe, 'r+'), 'pipe']
  })
  const target = `http://127.0.0.1:${port}/${'a'.repeat(1000)}`
  await until(async () => (await fetch(target).catch(() => undefined))?.status === 404, 'the gateway responds')
  // far more than a pipe holds
  for (let sent = 0; sent < 200; sent++) assert.equal((await fetch(target)).status, 404)
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})

test('a log on a full disk: requests are served, and the standard error output says what is lost', {
  skip: process.platform !== 'linux'
}, async t => {
  const port = await freePort()
  const folder = await folderWith(t, { 'gateway.json': config(port) })
  const gateway = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'gateway.json')], {
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe']
  })
  await gateway.until(/SLUICE ERROR: \[SERVICE: Logging\] Log lines get lost: ENOSPC/)
  await until(
    async () => (await fetch(`http://127.0.0.1:${port}/a`).catch(() => undefined))?.status === 500,
    'the gateway responds'
  )
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
  assert.equal(gateway.text.match(/Log lines get lost/g)!.length, 1)
})
