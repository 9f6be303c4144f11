/** An upstream that answers as a test scripts it and keeps what it was asked. */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { TlsOptions } from 'node:tls'
import { once } from './waiting.js'

/** A request as it arrived; its body only where the script did not read it itself. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly trailers: readonly string[]
}

export interface Upstream {
  readonly origin: string
  readonly seen: Seen[]
  /** Open connections. */
  readonly sockets: Set<Socket>
  /** Connections there ever were. */
  accepted: number
}

/** Responds to a request whose body has come; `call` counts from 1. */
export type Script = (req: Seen, res: ServerResponse, call: number) => void

type Owner = Pick<TestContext, 'after'>

/** An upstream whose script sees whole requests. */
export function openUpstream(owner: Owner, script: Script, tls?: TlsOptions): Promise<Upstream> {
  return openStreamingUpstream(
    owner,
    (req, res, upstream) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('error', () => {})
      req.on('end', () => {
        const seen = {
          method: req.method!,
          url: req.url!,
          rawHeaders: req.rawHeaders,
          headers: req.headers,
          body: Buffer.concat(chunks).toString(),
          trailers: req.rawTrailers
        }
        upstream.seen.push(seen)
        script(seen, res, upstream.seen.length)
      })
    },
    tls
  )
}

/** An upstream whose script gets the streams themselves. */
export async function openStreamingUpstream(
  owner: Owner,
  script: (req: IncomingMessage, res: ServerResponse, upstream: Upstream) => void,
  tls?: TlsOptions
): Promise<Upstream> {
  const sockets = new Set<Socket>()
  const upstream: Upstream = { origin: '', seen: [], sockets, accepted: 0 }
  const listener: RequestListener = (req, res) => {
    res.on('error', () => {})
    script(req, res, upstream)
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
  server.on('connection', (socket: Socket) => {
    upstream.accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  owner.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(upstream, {
    origin: `${tls === undefined ? 'http' : 'https'}://${tls === undefined ? '127.0.0.1' : 'localhost'}:${port}`
  })
}

/** Sends JSON text with its length. */
export function sendJson(res: ServerResponse, body: unknown, status = 200): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
  res.end(text)
}
