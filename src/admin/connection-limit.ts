/** Bounds the connections of a small server, so that clients that ask nothing do not keep others out. */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Lets `server` have `most` connections. A further one takes the place of the one that has waited longest for a whole head of a request;
 * where each has a request, the further one is refused.
 */
export function limitConnections(server: Server, most: number): void {
  const open = new Set<Socket>()
  /** Those without a request, in the order in which they began to wait. */
  const waiting = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (open.size >= most) {
      const [longest = socket] = waiting
      longest.destroy()
      if (longest === socket) return
    }
    open.add(socket)
    waiting.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      waiting.delete(socket)
    })
  })
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket)
    response.once('close', () => {
      if (!socket.destroyed) waiting.add(socket)
    })
  })
}
