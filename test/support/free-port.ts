/** Ports for listeners whose configuration cannot say 0. */

import { createServer } from 'node:net'
import { once } from './waiting.js'

/** Below those that systems give to outgoing connections (Linux from 32768): no connection takes one before its listener does. */
const FIRST = 11_000
const COUNT = 19_000
/** Processes that run at the same time begin at different ports, and each goes on with the next one. */
let offset = process.pid * 97

/** Returns a port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + (offset++ % COUNT)
    const server = createServer()
    const isFree = new Promise<boolean>(resolve => {
      server.once('listening', () => resolve(true))
      server.once('error', () => resolve(false))
    })
    server.listen(port, '127.0.0.1')
    if (!(await isFree)) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
