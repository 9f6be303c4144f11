/** What is revoked in one worker of `sluice run --workers` is revoked in all, also in those that start later. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { CLI, Watched } from '../../../cli/command.js'
import { freePort } from '../../../support/free-port.js'
import { fetch } from '../../../support/waiting.js'

const OPTIONS = { N: 1000, P: 0.0001, hash_name: 'optimal', TTL: 1500, token_keys: ['jti'] }

async function start(t: TestContext, workers: number) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-revoker-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'krakend.json')
  const port = await freePort()
  const revoker = { ...OPTIONS, port: await freePort(), http: { port } }
  const endpoints = [{ endpoint: '/x', backend: [{ host: ['http://127.0.0.1:80'], url_pattern: '/' }] }]
  await writeFile(
    file,
    JSON.stringify({ version: 3, listen_ip: '127.0.0.1', endpoints, extra_config: { 'auth/revoker': revoker } })
  )
  const gateway = new Watched(t, [...CLI, 'run', '-c', file, '-p', '0', '--workers', String(workers)])
  t.after(() => gateway.child.kill('SIGKILL'))
  const send = async (call: string, elems: string[]): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const response = await fetch(`http://127.0.0.1:${port}${call}`, { method: 'POST', headers, body: JSON.stringify({ elems }) })
    return response.json()
  }
  return {
    gateway,
    add: (elem: string) => send('/add', [elem]),
    /** What so many workers say, whose turn it is one after the other. */
    async check(...elems: string[]): Promise<string> {
      const said = new Set<string>()
      for (let i = 0; i < workers * 3; i++) said.add(JSON.stringify(await send('/check', elems)))
      return [...said].join(' ')
    },
    listening: (times: number) => gateway.until(new RegExp(`(Router\\] Listening on port[\\s\\S]*){${times}}`))
  }
}

test('an element is revoked in all workers when the call returns, and in each that starts later', async t => {
  const { gateway, add, check, listening } = await start(t, 2)
  await listening(2)
  assert.deepEqual(await add('jti-a'), { count: 1 })
  assert.equal(await check('jti-a', 'jti-b'), '{"checks":[true,false]}')
  gateway.child.kill('SIGUSR2')
  const [, pid] = await gateway.until(/Worker \d \(pid (\d+)\): rss/)
  process.kill(Number(pid), 'SIGKILL')
  await listening(3)
  assert.equal(await check('jti-a', 'jti-b'), '{"checks":[true,false]}')
  await add('jti-b')
  assert.equal(await check('jti-a', 'jti-b'), '{"checks":[true,true]}')
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})

test('what is revoked outlives the only worker', async t => {
  const { gateway, add, check, listening } = await start(t, 1)
  await listening(1)
  await add('jti-a')
  gateway.child.kill('SIGUSR2')
  const [, pid] = await gateway.until(/Worker \d \(pid (\d+)\): rss/)
  process.kill(Number(pid), 'SIGKILL')
  await listening(2)
  assert.equal(await check('jti-a', 'jti-b'), '{"checks":[true,false]}')
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})
