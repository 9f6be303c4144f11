import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { workerCount } from '../../src/cli/workers.js'
import { fetch, once } from '../support/waiting.js'
import { CLI, Watched } from './command.js'

async function upstream(): Promise<{ server: Server; origin: string }> {
  const server = createServer((_, res) => res.end('{"ok":true}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function withConfig(port: number, host: string, work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-workers-'))
  const file = path.join(folder, 'krakend.json')
  const endpoints = [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ url_pattern: '/x' }] }]
  await writeFile(file, JSON.stringify({ version: 3, port, listen_ip: '127.0.0.1', host: [host], endpoints }))
  try {
    await work(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('reads the number of workers, and refuses anything else', () => {
  assert.equal(workerCount('3'), 3)
  assert.ok(workerCount('auto') >= 1)
  for (const wrong of ['0', '-1', 'two', '1.5', '']) assert.throws(() => workerCount(wrong), /invalid number of workers/)
})

test('workers share a port, a dead one is replaced, all stop together with exit code 0', async t => {
  const { server, origin } = await upstream()
  try {
    await withConfig(0, origin, async file => {
      const gateway = new Watched(t, [...CLI, 'run', '-c', file, '-p', '0', '--workers', '2'])
      try {
        const [, port] = await gateway.until(/Listening on port: (\d+)[\s\S]*Listening on port/)
        assert.deepEqual(await (await fetch(`http://127.0.0.1:${port}/x`)).json(), { ok: true })
        gateway.child.kill('SIGUSR2')
        const [, pid] = await gateway.until(/Worker \d \(pid (\d+)\): rss [\d.]+ MiB, heap [\d.]+ MiB/)
        process.kill(Number(pid), 'SIGKILL')
        await gateway.until(/died \(SIGKILL\), starting another one in 100 ms/)
        await gateway.until(/(Listening on port[\s\S]*){3}/)
        assert.equal((await fetch(`http://127.0.0.1:${port}/x`)).status, 200)
        gateway.child.kill('SIGTERM')
        assert.deepEqual(await gateway.exited, [0, null])
        assert.match(gateway.text, /All workers ended/)
      } finally {
        gateway.child.kill('SIGKILL')
      }
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('a port in use ends the start with an exit code, not with restarts', async t => {
  const taken = createNetServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  try {
    await withConfig((taken.address() as AddressInfo).port, 'http://127.0.0.1:80', async file => {
      const gateway = new Watched(t, [...CLI, 'run', '-c', file, '--workers', '1'])
      assert.deepEqual(await gateway.exited, [1, null])
      assert.match(gateway.text, /in use/)
      assert.match(gateway.text, /Worker 1 could not start/)
    })
  } finally {
    taken.close()
  }
})
