import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { workerCount } from '../../src/cli/workers.js'
import { freePort } from '../support/free-port.js'
import { fetch, LIMIT_MS, once, until } from '../support/waiting.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))

/** A command under watch: what it printed so far, and a way to wait for more. */
class Watched {
  text = ''
  readonly child: ChildProcess
  readonly exited: Promise<unknown[]>

  constructor(args: readonly string[]) {
    const node = ['--conditions=sluice-source', '--import', 'tsx', 'src/cli.ts', ...args]
    this.child = spawn(process.execPath, node, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    this.exited = once(this.child, 'exit', 2 * LIMIT_MS)
    this.child.stdout!.on('data', chunk => this.take(chunk))
    this.child.stderr!.on('data', chunk => this.take(chunk))
  }

  private take(chunk: Buffer): void {
    this.text += chunk
  }

  async until(pattern: RegExp): Promise<RegExpMatchArray> {
    return until(() => {
      const match = this.text.match(pattern)
      if (match === null && this.child.exitCode !== null) assert.fail(`ended early: ${this.text}`)
      return match
    }, `output like ${pattern}`)
  }
}

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

test('workers share a port, a dead one is replaced, all stop together with exit code 0', async () => {
  const { server, origin } = await upstream()
  const port = await freePort()
  try {
    await withConfig(port, origin, async file => {
      const gateway = new Watched(['run', '-c', file, '--workers', '2'])
      try {
        await gateway.until(/Listening on port[\s\S]*Listening on port/)
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

test('a port in use ends the start with an exit code, not with restarts', async () => {
  const taken = createNetServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  try {
    await withConfig((taken.address() as AddressInfo).port, 'http://127.0.0.1:80', async file => {
      const gateway = new Watched(['run', '-c', file, '--workers', '1'])
      assert.deepEqual(await gateway.exited, [1, null])
      assert.match(gateway.text, /in use/)
      assert.match(gateway.text, /Worker 1 could not start/)
    })
  } finally {
    taken.close()
  }
})
