/** What is known about one HTTP/1 connection, and the rules of time that a coarse sweep keeps on it. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Turns } from './turns.js'

/** A body that the gateway waits for must bring this many bytes … */
export const MIN_BODY_BYTES = 2400
/** … in every window of this many ms, until the response has begun. */
export const BODY_WINDOW_MS = 10_000
/** After an early response this much of the rest of a body is read and dropped, so that the client can read the response … */
export const LINGER_BYTES = 1 << 20
/** … for this many ms at most. */
export const LINGER_MS = 2000

const KEY = Symbol('connection')

/** State of one connection; all fields are set here. */
export class Connection {
  readonly socket: Socket
  /** The newest exchange; undefined before the first, and when {@link forgetExchange} has let it go. */
  request: IncomingMessage | undefined = undefined
  response: ServerResponse | undefined = undefined
  /** ms on the monotonic clock when the newest head was read. */
  startedAt = 0
  /**
   * ms on the monotonic clock when the connection was given up: nothing more is served, what still arrives is dropped. 0 = it was
   * not.
   */
  lingerSince = 0
  /** The response to this request ends the connection, as node:http drops what stands behind it. */
  last: IncomingMessage | undefined = undefined
  /** The parser has failed, or a limit was broken: no further request can come. */
  failed = false
  /** Both sides have left HTTP; nothing here is watched any more. */
  tunnel = false
  /** Requests that wait for the one under way; undefined until a client pipelines. */
  turns: Turns | undefined = undefined
  /** Requests that were read after {@link failed}, and dropped. */
  dropped = 0
  private unreadSince = 0
  private unreadBytes = 0
  private lingerBytes = 0
  private windowSince = 0
  private windowBytes = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Notes a new exchange. Per request. */
  begin(request: IncomingMessage, response: ServerResponse, now: number): void {
    this.request = request
    this.response = response
    this.startedAt = now
    this.windowSince = 0
    this.lingerSince = 0
  }

  /** From now on the bytes are not HTTP. */
  becomeTunnel(): void {
    this.tunnel = true
    this.request = undefined
    this.response = undefined
  }

  /** True while the client waits for a response. */
  get answering(): boolean {
    const { response } = this
    return response !== undefined && !response.writableFinished && !response.destroyed
  }

  /** As {@link answering}, or a response that is out still holds the socket: node:http detaches it a tick later. */
  get occupied(): boolean {
    return this.answering || (this.response !== undefined && this.response.socket !== null)
  }

  /** True while a request waits for its turn. */
  get waits(): boolean {
    return this.turns !== undefined && this.turns.length > 0
  }

  /** True while the client waits for a response, or a request body is still on its way. */
  get busy(): boolean {
    return this.answering || (this.request !== undefined && !this.request.complete && !this.request.destroyed)
  }

  /** Lets an exchange go that is over on both sides: it takes more memory than an idle connection. */
  forgetExchange(): void {
    if (this.request?.complete !== true || this.occupied || this.waits) return
    this.request = undefined
    this.response = undefined
  }

  /** Starts to give the connection up: what still arrives is dropped, within limits. */
  linger(now: number): void {
    if (this.lingerSince !== 0) return
    this.lingerSince = now
    this.lingerBytes = this.socket.bytesRead
  }

  /** True when a lingering connection has used up its time or its bytes. */
  lingeredOut(now: number): boolean {
    return now - this.lingerSince >= LINGER_MS || this.socket.bytesRead - this.lingerBytes > LINGER_BYTES
  }

  /** True when the client has taken nothing of a complete response for `limitMs`. `now` is the time of clients (sweeper.ts). */
  leavesUnread(now: number, limitMs: number): boolean {
    const { socket, response } = this
    if (socket.writableLength === 0 || response?.writableEnded === false) {
      this.unreadSince = 0
      return false
    }
    const bytes = queuedBytes(socket)
    if (this.unreadSince === 0 || bytes !== this.unreadBytes) {
      this.unreadSince = now
      this.unreadBytes = bytes
      return false
    }
    return now - this.unreadSince >= limitMs
  }

  /**
   * True when the client sends a body slower than the minimum rate although the gateway waits for it. Not counted: bytes held back
   * by back-pressure, a body that the client was not asked for (100-continue), and the time after the response has begun. `now` is
   * the time of clients (sweeper.ts).
   */
  crawls(now: number): boolean {
    const { request, response, socket } = this
    if (request === undefined || request.complete || request.destroyed || response!.headersSent) return false
    if (this.windowSince === 0 || request.readableLength > 0 || socket.isPaused() || awaitsContinue(request)) {
      this.windowSince = now
      this.windowBytes = socket.bytesRead
      return false
    }
    if (now - this.windowSince < BODY_WINDOW_MS) return false
    const slow = socket.bytesRead - this.windowBytes < MIN_BODY_BYTES
    this.windowSince = now
    this.windowBytes = socket.bytesRead
    return slow
  }
}

/** Bytes that the kernel has not taken; counts down within a single large write, which `writableLength` does not. */
function queuedBytes(socket: Socket): number {
  const handle = (socket as { _handle?: { writeQueueSize?: number } | null })._handle
  return handle?.writeQueueSize ?? socket.writableLength
}

type Marked = { [KEY]?: Connection }

/** Returns the state kept for a socket. */
export function connectionOf(socket: Socket): Connection | undefined {
  return (socket as Marked)[KEY]
}

/** Makes the state of a new socket. */
export function trackConnection(socket: Socket): Connection {
  const connection = new Connection(socket)
  ;(socket as Marked)[KEY] = connection
  return connection
}

const CONTINUE = Symbol('continue')
type Expecting = IncomingMessage & { [CONTINUE]?: boolean }

function awaitsContinue(request: IncomingMessage): boolean {
  return (request as Expecting)[CONTINUE] === true
}

/**
 * Holds `100 Continue` back until the gateway reads the body (RFC 9110 §10.1.1). node:http closes the connection after a response
 * that is sent without it. To a client whose body is there already it is sent ahead of the response.
 */
export function continueOnRead(request: IncomingMessage, response: ServerResponse): void {
  const expecting = request as Expecting
  const { _read: read } = request
  const { writeHead } = response
  expecting[CONTINUE] = true
  const goOn = (): void => {
    expecting[CONTINUE] = false
    request._read = read
    response.writeHead = writeHead
    if (!response.headersSent && !response.destroyed) response.writeContinue()
  }
  request._read = function (size: number) {
    goOn()
    read.call(this, size)
  }
  response.writeHead = function (this: ServerResponse, ...head: unknown[]) {
    if (request.complete) goOn()
    response.writeHead = writeHead
    return writeHead.apply(this, head as never)
  } as typeof writeHead
}
