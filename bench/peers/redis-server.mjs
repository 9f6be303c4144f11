/** A Redis for benchmarks, on a free port of 127.0.0.1, without files. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** @returns the address and the end of a server; undefined where none is installed */
export async function startRedis() {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' })
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await listens(port)) return { address: `127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') }
    await pause(25)
  }
  child.kill('SIGKILL')
  throw new Error('redis-server does not listen')
}

function listens(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
