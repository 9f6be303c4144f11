/** An upstream that says on its sockets exactly what a test tells it to. */

import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { once } from './waiting.js'

export interface RawUpstream {
  readonly origin: string
  readonly sockets: Set<Socket>
  /** Heads of the requests, in the order they came. */
  readonly heads: string[]
}

/** Calls `onHead` with each request's head; what follows is the test's business. */
export async function rawUpstream(
  owner: Pick<TestContext, 'after'>,
  onHead: (socket: Socket, head: string, rest: Buffer) => void
): Promise<RawUpstream> {
  const sockets = new Set<Socket>()
  const heads: string[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => setImmediate(() => socket.end())) // unless the test has ended it otherwise
    let held: Buffer = Buffer.alloc(0)
    const read = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk])
      const end = held.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.removeListener('data', read)
      const head = held.toString('latin1', 0, end + 4)
      heads.push(head)
      onHead(socket, head, held.subarray(end + 4))
    }
    socket.on('data', read)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, heads }
}

/** A Content-Length answer as text. */
export function answer(status: string, body: string, fields = ''): string {
  return `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}

export const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
