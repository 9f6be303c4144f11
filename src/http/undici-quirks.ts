/** What undici's client does that neither the gateway's pools nor components with clients of their own may do. */

import type { Socket } from 'node:net'

/** What undici's client puts behind the Host field of every head (its `writeH1`), as its head says that the connection lives on or ends. */
const KEEP_ALIVE = 'connection: keep-alive\r\n'
const CLOSE = 'connection: close\r\n'

const CR = 13

/**
 * Leaves the `Connection` field out of the heads that undici writes to a socket: KrakenD sends none, and in HTTP/1.1 a connection persists
 * without it (RFC 9112 §9.3). `close` stays where the gateway means it; undici adds it to each HEAD, and there it goes unless `endsAll`.
 * A head is the only text that undici writes but for the framing of chunks, which begins with CR; bodies are buffers and pass unread.
 *
 * @param endsAll every connection ends with its answer (`disable_keep_alives`)
 */
export function omitConnection(socket: Socket, endsAll: boolean): void {
  const { write } = socket
  const omitting = function (this: Socket, data: unknown, encoding?: unknown, done?: unknown): boolean {
    const bare = typeof data === 'string' && data.charCodeAt(0) !== CR ? withoutConnection(data, endsAll) : data
    return Reflect.apply(write, this, [bare, encoding, done])
  }
  socket.write = omitting as Socket['write']
}

/** Gives a socket its own `write` back: what is written next is not HTTP. */
export function stopOmitting(socket: Socket): void {
  if (Object.hasOwn(socket, 'write')) delete (socket as { write?: unknown }).write
}

/** Takes the third line out of a head when undici wrote it; any other text stays the same. */
export function withoutConnection(head: string, endsAll: boolean): string {
  const requestLine = head.indexOf('\r\n') + 2
  const third = head.indexOf('\r\n', requestLine) + 2
  if (third < 4) return head
  if (head.startsWith(KEEP_ALIVE, third)) return head.slice(0, third) + head.slice(third + KEEP_ALIVE.length)
  if (!endsAll && head.startsWith('HEAD ') && head.startsWith(CLOSE, third))
    return head.slice(0, third) + head.slice(third + CLOSE.length)
  return head
}

/**
 * Gives the reset of a connection another code. Under `ECONNRESET` undici's client takes a body that only the end of its connection
 * delimits for complete, and it is not (RFC 9112 §8). To be called before undici listens.
 */
export function reportResets(socket: Socket): void {
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED'
  })
}

/**
 * Translates a failed connection attempt for undici. For this one code its client leaves the failed call in its queue, and the next
 * call on it would wait for ever; under another code it fails all calls that wait.
 */
export function connectFailure(error: Error): Error {
  if ((error as { code?: unknown }).code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return error
  return Object.assign(new Error(error.message, { cause: error }), { code: 'ERR_TLS_CERT_ALTNAME' })
}
