/** What undici's client does that neither the gateway's pools nor components with clients of their own may do. */

import type { Socket } from 'node:net'

/** What undici's client puts behind the Host field of every head (its `writeH1`), as its head says that the connection lives on or ends. */
const KEEP_ALIVE = 'connection: keep-alive\r\n'
const CLOSE = 'connection: close\r\n'

const LF = 10

/** The code of a reset, in place of `ECONNRESET`. */
const RESET = 'ECONNABORTED'

/** `push` of a socket, which node calls with null at the end of the connection. */
type Push = (chunk: unknown, encoding?: unknown) => boolean

/** `write` of a socket, whatever it is called with. */
type Write = (data: unknown, encoding?: unknown, done?: unknown) => boolean

/**
 * Leaves the `Connection` field out of the heads that undici writes to a socket: KrakenD sends none, and in HTTP/1.1 a connection persists
 * without it (RFC 9112 §9.3). `close` stays where the gateway means it; undici adds it to each HEAD, and there it goes unless `endsAll`.
 * Heads and the framing of chunks are the only texts that undici writes; bodies are buffers and pass unread.
 *
 * @param endsAll every connection ends with its response (`disable_keep_alives`)
 * @param ownHead returns the head of the request under way, where it is not undici's (`request-head.ts`)
 */
export function omitConnection(socket: Socket, endsAll: boolean, ownHead: () => string | undefined = none): void {
  const write = socket.write as Write
  const omitting: Write = function (this: Socket, data, encoding, done) {
    return write.call(this, typeof data === 'string' ? (ownHead() ?? withoutConnection(data, endsAll)) : data, encoding, done)
  }
  socket.write = omitting as Socket['write']
}

const none = (): undefined => undefined

/** Gives a socket its own `write` back: what is written next is not HTTP. */
export function stopOmitting(socket: Socket): void {
  if (Object.hasOwn(socket, 'write')) delete (socket as { write?: unknown }).write
}

/** Takes the line that undici wrote out of a head; any other text stays the same. One search in a head costs 60 ns, two cost 170. */
export function withoutConnection(head: string, endsAll: boolean): string {
  const at = head.indexOf(KEEP_ALIVE)
  if (at > 0) return withoutLine(head, at, KEEP_ALIVE)
  return !endsAll && head.startsWith('HEAD ') ? withoutLine(head, head.indexOf(CLOSE), CLOSE) : head
}

/** Takes out `line` where it stands at `at` and begins there: it may end another field's value. */
function withoutLine(head: string, at: number, line: string): string {
  return at > 0 && head.charCodeAt(at - 1) === LF ? head.slice(0, at) + head.slice(at + line.length) : head
}

/**
 * Makes the reset of a connection an error that undici's client takes for one. A body that only the end of its connection delimits
 * would be complete otherwise, and it is not (RFC 9112 §8). To be called before undici listens.
 * - Under `ECONNRESET` undici calls such a body complete: the error gets another code.
 * - A reset that comes together with data is a clean end for libuv: then the socket has no peer any more.
 */
export function reportResets(socket: Socket): void {
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = RESET
  })
  const push = socket.push as Push
  const reporting: Push = function (this: Socket, chunk, encoding) {
    if (chunk !== null || this.remoteAddress !== undefined) return push.call(this, chunk, encoding)
    this.destroy(Object.assign(new Error('the connection was reset'), { code: RESET }))
    return false
  }
  socket.push = reporting as Socket['push']
}

/**
 * Translates a failed connection attempt for undici. For this one code its client leaves the failed call in its queue, and the next
 * call on it would wait for ever; under another code it fails all calls that wait.
 */
export function connectFailure(error: Error): Error {
  if ((error as { code?: unknown }).code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return error
  return Object.assign(new Error(error.message, { cause: error }), { code: 'ERR_TLS_CERT_ALTNAME' })
}
