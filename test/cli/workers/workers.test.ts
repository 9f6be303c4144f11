import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { workerCount } from '../../../src/cli/workers/worker-count.js'
import { freePort } from '../../support/free-port.js'
import { fetch, once, until } from '../../support/waiting.js'
import { CLI, folderWith, Watched } from '../command.js'

async function upstream(): Promise<{ server: Server; origin: string }> {
  const server = createServer((_, res) => res.end('{"ok":true}'))
  server.keepAliveTimeout = 0 // workers that were held up find their idle connections open
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function withConfig(port: number, host: string, work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-workers-'))
  const file = path.join(folder, 'krakend.json')
  const endpoints = [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ url_pattern: '/x' }] }]
  await writeFile(file, JSON.stringify({ version: 3, timeout: '60s', port, listen_ip: '127.0.0.1', host: [host], endpoints }))
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

test('one scrape has what all workers have counted', async t => {
  const { server, origin } = await upstream()
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-workers-'))
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await rm(folder, { recursive: true })
  })
  const metrics = await freePort()
  const file = path.join(folder, 'krakend.json')
  const exporter = { name: 'x', port: metrics, listen_ip: '127.0.0.1' }
  await writeFile(
    file,
    JSON.stringify({
      version: 3,
      timeout: '60s',
      listen_ip: '127.0.0.1',
      host: [origin],
      extra_config: { 'telemetry/opentelemetry': { exporters: { prometheus: [exporter] } } },
      endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ url_pattern: '/x' }] }]
    })
  )
  const gateway = new Watched(t, [...CLI, 'run', '-c', file, '-p', '0', '--workers', '2'])
  t.after(() => gateway.child.kill('SIGKILL'))
  const [, port] = await gateway.until(/Router\] Listening on port: (\d+)[\s\S]*Router\] Listening on port/)
  for (let i = 0; i < 12; i++) await fetch(`http://127.0.0.1:${port}/x`, { headers: { connection: 'close' } })
  const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
  const counted = async (): Promise<number> => {
    const lines = (await scrape()).matchAll(/^http_server_duration_count\{[^}]*\} (\d+)/gm)
    return [...lines].reduce((sum, [, count]) => sum + Number(count), 0)
  }
  await until(async () => (await counted()) === 12, 'all requests are counted')
  // a worker that is held up is left out of a scrape
  const both = /process_resident_memory_bytes\{worker="1"\} \d+[\s\S]*process_resident_memory_bytes\{worker="2"\} \d+/
  await until(async () => both.test(await scrape()), 'the memory of both workers')
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})

test('the status page shows all workers together', async t => {
  const { server, origin } = await upstream()
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const admin = await freePort()
  const folder = await folderWith(t, {
    'krakend.json': JSON.stringify({
      version: 3,
      timeout: '60s',
      listen_ip: '127.0.0.1',
      host: [origin],
      extra_config: { 'sluice/admin': { port: admin } },
      endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ url_pattern: '/x' }] }]
    })
  })
  const gateway = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'krakend.json'), '-p', '0', '--workers', '2'])
  const [, port] = await gateway.until(/Router\] Listening on port: (\d+)[\s\S]*Router\] Listening on port/)
  for (let i = 0; i < 12; i++) await fetch(`http://127.0.0.1:${port}/x`, { headers: { connection: 'close' } })
  const status = async () =>
    (await (await fetch(`http://127.0.0.1:${admin}/__sluice/status.json`)).json()) as {
      traffic: { requests: number; p99_ms?: number }
      workers: { worker: number; pid: number; requests: number }[]
    }
  const all = await until(async () => {
    const now = await status()
    // a worker that is held up is left out
    return now.traffic.requests === 12 && now.workers.length === 2 && now
  }, 'all requests and both workers in the status')
  assert.deepEqual(
    all.workers.map(({ worker }) => worker),
    [1, 2]
  )
  assert.equal(new Set(all.workers.map(({ pid }) => pid)).size, 2)
  assert.equal(
    all.workers.reduce((sum, { requests }) => sum + requests, 0),
    12
  )
  assert.ok(all.traffic.p99_ms! > 0)
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})

test('a worker that dies again and again ends the primary, with an exit code', async t => {
  const folder = await folderWith(t, {
    'krakend.json': JSON.stringify({ version: 3, listen_ip: '127.0.0.1', endpoints: [] })
  })
  const gateway = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'krakend.json'), '-p', '0', '--workers', '1'])
  for (let death = 1; death <= 6; death++) {
    await gateway.until(new RegExp(`(Router\\] Listening on port[\\s\\S]*){${death}}`))
    gateway.child.kill('SIGUSR2')
    const [, pid] = await gateway.until(new RegExp(`(?:\\(pid (\\d+)\\): rss[\\s\\S]*){${death}}`))
    process.kill(Number(pid), 'SIGKILL')
    await gateway.until(new RegExp(`(died \\(SIGKILL\\)[\\s\\S]*){${death}}`))
  }
  await gateway.until(/died \(SIGKILL\) for the 6th time in a row, giving up/)
  assert.deepEqual(await gateway.exited, [1, null])
})
