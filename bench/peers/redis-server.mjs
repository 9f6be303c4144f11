/** A Redis for benchmarks, on a free port of 127.0.0.1, without files. */

import { freePort, onPath, start } from './processes.mjs'

/** @returns the address and the end of a server; undefined where none is installed */
export async function startRedis() {
  if (!onPath('redis-server')) return undefined
  const port = await freePort()
  const { child } = await start(
    'redis-server',
    ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', ''],
    {},
    port
  )
  return { address: `127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') }
}
