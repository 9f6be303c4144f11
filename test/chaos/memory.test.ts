/**
 * The weight of a gateway in a process of its own. Takes about a minute and reads /proc, so it runs only when asked for: `CHAOS_LONG=1`.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { LIMIT_MS, once, pause, until, within } from '../support/waiting.js'

const skip = process.env.CHAOS_LONG !== '1' || process.platform !== 'linux' ? 'set CHAOS_LONG=1 (Linux)' : false
const ROOT = new URL('../../', import.meta.url)
const GIB = 1 << 30
const MIB = 1 << 20
const BLOCK = Buffer.alloc(MIB, '"x",'.repeat(256))

interface Served {
  readonly pid: number
  readonly port: number
}

/** `descriptors` limits how many files and sockets the process may hold. */
async function serve(t: TestContext, config: object, descriptors = 0): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
  const file = join(folder, 'gateway.json')
  await writeFile(file, JSON.stringify(config))
  const args = ['--conditions=sluice-source', '--import', 'tsx', 'src/cli.ts', 'run', '-c', file, '-p', '0']
  const limit = descriptors === 0 ? '' : `ulimit -n ${descriptors} && `
  const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })
  const lines = createInterface({ input: child.stdout })
  const listening = new Promise<number>((resolve, reject) => {
    lines.on('line', line => {
      const port = /Listening on port: (\d+)/.exec(line)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    lines.once('close', () => reject(new Error('the gateway did not start')))
  })
  const port = await within('the port of the gateway', listening)
  return { pid: child.pid!, port }
}

const rss = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
const sockets = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

/** Highest growth while `work` runs. */
async function growth(pid: number, work: Promise<unknown>): Promise<number> {
  const before = rss(pid)
  let most = before
  let over = false
  const done = work.finally(() => {
    over = true
  })
  while (!over) {
    most = Math.max(most, rss(pid))
    await pause(20)
  }
  await done
  return most - before
}

/** Sends 1 GiB of JSON as fast as it is taken; answers nothing to uploads and does not read them. */
async function upstream(t: TestContext): Promise<string> {
  const server = createHttpServer((req, res) => {
    if (req.method === 'POST' && req.url === '/stuck') return
    if (req.method === 'POST') {
      req.resume()
      req.on('end', () => res.end('{}'))
      req.on('error', () => {})
      return
    }
    res.writeHead(200, { 'content-type': 'application/json' })
    res.write('{"list":[')
    pump(res, GIB / BLOCK.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function pump(res: ServerResponse, blocks: number): void {
  let left = blocks
  const more = (): void => {
    while (left-- > 0) if (!res.write(BLOCK)) return void res.once('drain', more)
    res.end('1]}')
  }
  more()
}

const gatewayConfig = (host: string): object => ({
  version: 3,
  listen_ip: '127.0.0.1',
  timeout: '3s',
  max_shutdown_wait_time: '1s',
  endpoints: [
    { endpoint: '/pass', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/' }] },
    { endpoint: '/shape', timeout: '6s', max_body_bytes: 100_000, backend: [{ host: [host], url_pattern: '/', deny: ['x'] }] },
    { endpoint: '/stuck', method: 'POST', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/stuck' }] },
    { endpoint: '/up', method: 'POST', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/up' }] }
  ],
  extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'INFO', stdout: true } }
})

function open(port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text)
  return socket
}

/** Writes until the socket is closed. */
function feed(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(BLOCK));
  }
  socket.on('drain', more)
  more()
}

test('holds less than 64 MiB while a client or an upstream stands still over 1 GiB', { skip }, async t => {
  const { pid, port } = await serve(t, gatewayConfig(await upstream(t)))
  for (const path of ['/pass', '/shape']) {
    const first = open(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await once(first, 'data')
    first.destroy()
    const socket = open(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await once(socket, 'readable')
    const grown = await growth(pid, pause(8000))
    t.diagnostic(`${path}, client stands still: ${(grown / MIB).toFixed(1)} MiB`)
    assert.ok(grown < 64 * MIB)
    socket.destroy()
  }
  const socket = open(port, 'POST /stuck HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n')
  const closed = once(socket, 'close')
  feed(socket)
  socket.resume()
  const grown = await growth(pid, closed)
  t.diagnostic(`upload, upstream stands still: ${(grown / MIB).toFixed(1)} MiB`)
  assert.ok(grown < 64 * MIB)
})

test('a whole GiB passes at constant memory', { skip }, async t => {
  const { pid, port } = await serve(t, { ...gatewayConfig(await upstream(t)), timeout: '60s' })
  const transfer = async (): Promise<number> => {
    const socket = open(port, 'GET /pass HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    let heard = 0
    socket.on('data', chunk => {
      heard += chunk.length
    })
    await once(socket, 'close', 3 * LIMIT_MS)
    return heard
  }
  await transfer() // code and heap have their working size
  const heard = transfer()
  const grown = await growth(pid, heard)
  t.diagnostic(`pass-through of 1 GiB: ${(grown / MIB).toFixed(1)} MiB`)
  assert.ok((await heard) > GIB)
  assert.ok(grown < 64 * MIB)
})

test('2,000 aborted downloads and uploads leave sockets and memory where they were', { skip }, async t => {
  const { pid, port } = await serve(t, gatewayConfig(await upstream(t)))
  const round = async (count: number): Promise<void> => {
    let left = count
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const uploads = left % 2 === 0
        const path = left % 3 === 0 ? '/shape' : '/pass'
        const socket = open(
          port,
          uploads
            ? 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n'
            : `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
        )
        if (uploads) socket.write(BLOCK, () => socket.resetAndDestroy())
        else socket.once('data', () => socket.destroy())
        await once(socket, 'close', 3 * LIMIT_MS)
      }
    }
    await Promise.all(Array.from({ length: 20 }, worker))
  }
  const rested = async (limit: number): Promise<void> => {
    await until(() => sockets(pid) <= limit)
  }
  const idle = sockets(pid)
  await round(1000)
  await rested(idle)
  await round(1000) // now code and heap have their working size
  await rested(idle)
  const before = rss(pid)
  // what is lost grows with every round; what the collector has not given back yet comes and goes
  const after: number[] = []
  for (let i = 0; i < 3; i++) {
    await round(2000)
    await rested(idle)
    after.push(rss(pid))
  }
  const mebibytes = [before, ...after].map(bytes => (bytes / MIB).toFixed(1))
  t.diagnostic(`sockets ${idle} → ${sockets(pid)}, ${mebibytes.join(' → ')} MiB`)
  assert.ok(sockets(pid) <= idle)
  assert.ok(Math.min(...after) - before < 32 * MIB)
})

test('survives running out of descriptors and serves again afterwards', { skip }, async t => {
  const { pid, port } = await serve(t, gatewayConfig(await upstream(t)), 120)
  const many = Array.from({ length: 120 }, () => open(port, 'GET /pass HTTP/1.1\r\nHost: a\r\n\r\n'))
  await pause(1500)
  assert.ok(sockets(pid) > 100, 'ran out of descriptors')
  for (const socket of many) socket.destroy()
  for (let tries = 0; ; tries++) {
    const socket = open(port, 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi')
    let heard = ''
    socket.on('data', chunk => {
      heard += chunk
    })
    await once(socket, 'close', 3 * LIMIT_MS)
    if (heard.startsWith('HTTP/1.1 200')) break
    assert.ok(tries < 50, heard)
    await pause(100)
  }
})
