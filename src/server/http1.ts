/**
 * HTTP/1: node:http set up strictly, with the rules that it does not keep by itself: head checks, minimum body rate, write
 * timeout, polite ends of connections whose body nobody read, `100 Continue` on the first read, orderly drain.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { ServerConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { hasBody } from '../http/fields.js'
import type { UpgradeOffer } from '../message/upgrade.js'
import { type ClientErrorInfo, endWithRefusal, REFUSALS, type Refusal, refusalFields, refusalOf } from './client-error.js'
import { type Connection, connectionOf, continueOnRead, trackConnection } from './connection.js'
import { judgeHead, MAX_HEADER_FIELDS } from './request-rules.js'
import { Handshake, type UpgradeCheck, upgradableMessage } from './upgrade.js'

/** Serves one exchange; with an `offer` it may take the connection over instead of answering on `response`. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, offer?: UpgradeOffer) => void

export interface Http1Options {
  readonly limits: Pick<
    ServerConfig,
    | 'readTimeoutMs'
    | 'writeTimeoutMs'
    | 'idleTimeoutMs'
    | 'readHeaderTimeoutMs'
    | 'maxHeaderBytes'
    | 'unreadAnswerTimeoutMs'
    | 'http2MaxHeaderFields'
    | 'http2HeaderFieldsPerSecond'
    | 'http2HeaderBytesPerSecond'
  >
  readonly onRequest: RequestHandler
  /** Undefined = every offer of an upgrade is passed over. */
  readonly mayUpgrade: UpgradeCheck | undefined
  readonly onClientError: (info: ClientErrorInfo) => void
  readonly onHandlerError: (error: unknown) => void
}

/** Without `read_header_timeout` and `read_timeout` a head must arrive within this time. */
export const DEFAULT_HEAD_TIMEOUT_MS = 10_000
/** Without `idle_timeout` and `read_timeout` an idle connection is kept this long: longer than common load balancers (60 s). */
export const DEFAULT_IDLE_TIMEOUT_MS = 75_000
/** Go reads so much more than `max_header_bytes` before it refuses. */
const HEADER_SLACK_BYTES = 4096

const ignore = (): void => {}

/** The HTTP/1 half of a listener. Serves connections of its own server, or such as are handed over by `emit('connection')`. */
export class Http1 {
  readonly server: Server
  private readonly options: Http1Options
  private readonly live = new Set<Connection>()
  private readonly sweeper: NodeJS.Timeout
  private draining = false

  constructor(options: Http1Options) {
    const { limits } = options
    this.options = options
    const headersTimeout = limits.readHeaderTimeoutMs || limits.readTimeoutMs || DEFAULT_HEAD_TIMEOUT_MS
    const shortest = Math.min(headersTimeout, limits.readTimeoutMs || Infinity, limits.writeTimeoutMs || Infinity)
    const tickMs = Math.max(20, Math.min(1000, Math.floor(shortest / 4)))
    this.server = createServer({
      maxHeaderSize: limits.maxHeaderBytes + HEADER_SLACK_BYTES,
      headersTimeout: limits.readTimeoutMs === 0 ? headersTimeout : Math.min(headersTimeout, limits.readTimeoutMs),
      requestTimeout: limits.readTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs || limits.readTimeoutMs || DEFAULT_IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: tickMs,
      requireHostHeader: false, // judged with the other rules, see request-rules.ts
      insecureHTTPParser: false,
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
      ...(options.mayUpgrade !== undefined && { IncomingMessage: upgradableMessage(options.mayUpgrade) })
    })
    this.server.timeout = 0
    // node cuts the list silently at this number; ours is refused before.
    this.server.maxHeadersCount = MAX_HEADER_FIELDS + 200
    this.server.on('connection', (socket: Socket) => this.onConnection(socket))
    this.server.on('request', (request, response) => this.serve(request, response, undefined))
    this.server.on('checkContinue', (request, response) => this.serve(request, response, 'continue'))
    this.server.on('checkExpectation', (request, response) => this.serve(request, response, 'unknown'))
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.onClientError(error, socket as Socket))
    this.server.on('connect', (request, socket) => this.refuseConnect(request, socket as Socket))
    if (options.mayUpgrade !== undefined) {
      this.server.on('upgrade', (request, socket, head) => this.onUpgrade(request, socket as Socket, head))
    }
    this.sweeper = setInterval(() => this.sweep(performance.now()), tickMs).unref()
  }

  /** Connections that have left HTTP. */
  get tunnels(): number {
    let count = 0
    for (const connection of this.live) if (connection.tunnel) count++
    return count
  }

  /** Starts node's own timers for connections that another server accepts. */
  trackForeign(): void {
    this.server.emit('listening')
  }

  /** From now on answers carry `Connection: close` and idle connections are ended. */
  drain(): void {
    this.draining = true
    for (const connection of this.live) {
      const { response } = connection
      if (response !== undefined && connection.answering && !response.headersSent) response.shouldKeepAlive = false
      // node counts a connection that has not said anything yet as busy
      if (response === undefined && connection.socket.bytesRead === 0) connection.socket.destroy()
    }
    this.server.closeIdleConnections()
  }

  /** Cuts every connection and stops the timers. */
  destroy(): void {
    clearInterval(this.sweeper)
    for (const connection of this.live) connection.socket.destroy()
    this.server.close(ignore)
  }

  private onConnection(socket: Socket): void {
    const connection = trackConnection(socket)
    this.live.add(connection)
    socket.once('close', () => this.live.delete(connection))
  }

  private serve(
    request: IncomingMessage,
    response: ServerResponse,
    expectation: 'continue' | 'unknown' | undefined,
    offer?: UpgradeOffer
  ): void {
    const connection = connectionOf(request.socket)!
    if (connection.failed) return // what follows a refusal is never served
    connection.begin(request, response, performance.now())
    response.on('error', ignore) // a write after the end of the connection; its owner hears 'close'
    if (this.draining) response.shouldKeepAlive = false
    if (hasBody(request.rawHeaders)) {
      request.socket.destroySoon = destroySoonPolitely
      response.prependOnceListener('finish', dropRest)
    }
    const refused = judgeHead(request) ?? (expectation === 'unknown' ? REFUSALS.expectation : undefined)
    if (refused !== undefined) {
      this.refuse(request, response, refused)
      return
    }
    if (expectation === 'continue') continueOnRead(request, response)
    try {
      this.options.onRequest(request, response, offer)
    } catch (error) {
      this.options.onHandlerError(error)
      abandon(response)
    }
  }

  private refuse(request: IncomingMessage, response: ServerResponse, refused: Refusal): void {
    connectionOf(request.socket)!.failed = true
    response.shouldKeepAlive = false
    response.writeHead(refused.status, refusalFields(refused))
    response.end(refused.text)
    this.report(request.socket, refused, refused.text, request)
  }

  private refuseConnect(request: IncomingMessage, socket: Socket): void {
    socket.on('error', ignore)
    socket.resume()
    const connection = connectionOf(socket)!
    if (connection.answering) {
      // pipelined: the answer that is owed goes out, ours would be taken for it
      const { response } = connection
      socket.on('drain', () => response!.emit('drain')) // node listens no more
      this.giveUp(connection, REFUSALS.connect, 'CONNECT')
      return
    }
    endWithRefusal(socket, REFUSALS.connect)
    connection.linger(performance.now())
    this.report(socket, REFUSALS.connect, 'CONNECT', request)
  }

  private onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', ignore)
    const handshake = new Handshake(request, connectionOf(socket)!, head)
    this.serve(request, handshake.response, undefined, handshake)
  }

  private onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const refused = refusalOf(error)
    const connection = connectionOf(socket)
    if (refused === undefined || connection === undefined || socket.destroyed || !socket.writable) {
      socket.destroy()
      return
    }
    if (connection.failed) {
      if (connection.lingerSince !== 0 && connection.lingeredOut(performance.now())) socket.destroy()
      return
    }
    const timer = refused === REFUSALS.slow ? this.timerName(connection) : undefined
    this.giveUp(connection, refused, timer ?? error.code!)
  }

  private timerName(connection: Connection): string {
    const { limits } = this.options
    if (connection.busy) return `read_timeout=${limits.readTimeoutMs}ms`
    return `read_header_timeout=${limits.readHeaderTimeoutMs || limits.readTimeoutMs || DEFAULT_HEAD_TIMEOUT_MS}ms`
  }

  /** Ends a connection on which no further request can be read. */
  private giveUp(connection: Connection, refused: Refusal, detail: string): void {
    const { socket, request, response } = connection
    connection.failed = true
    if (connection.answering && request!.complete) {
      // Garbage behind a whole request: its answer goes out, then the connection ends. Ours would be taken for it.
      if (response!.headersSent) response!.once('finish', () => socket.destroySoon())
      else response!.shouldKeepAlive = false
      this.report(socket, refused, detail, undefined, 0)
      return
    }
    const begun = connection.answering && response!.headersSent
    const silent = begun || socket.bytesRead === 0
    if (silent) {
      socket.destroy()
    } else {
      endWithRefusal(socket, refused)
      connection.linger(performance.now())
      if (connection.answering) failRequest(request!, new GatewayError(refused.code, { limit: detail }))
    }
    const served = connection.answering
    this.report(socket, refused, detail, served ? request : undefined, silent ? 0 : refused.status, served)
  }

  private report(
    socket: Socket,
    refused: Refusal,
    detail: string,
    request?: IncomingMessage,
    status = refused.status,
    served = false
  ): void {
    this.options.onClientError({
      code: refused.code,
      status,
      remoteAddress: socket.remoteAddress ?? '',
      detail,
      method: request?.method ?? '',
      target: request?.url ?? '',
      served
    })
  }

  private sweep(now: number): void {
    const { writeTimeoutMs } = this.options.limits
    for (const connection of this.live) {
      if (connection.tunnel) continue
      if (connection.lingerSince !== 0) {
        if (!connection.failed && !connection.busy) connection.lingerSince = 0
        else if (connection.lingeredOut(now)) connection.socket.destroy()
      } else if (writeTimeoutMs > 0 && connection.answering && now - connection.startedAt >= writeTimeoutMs) {
        const limit = `write_timeout=${writeTimeoutMs}ms`
        this.report(connection.socket, REFUSALS.slow, limit, connection.request, 0, true)
        connection.socket.destroy(new GatewayError('SLUICE_ERR_CLIENT_TIMEOUT', { message: 'the answer took too long', limit }))
      } else if (!connection.failed && connection.crawls(now)) {
        this.giveUp(connection, REFUSALS.slow, 'minimum body rate')
      }
    }
    if (this.draining) this.server.closeIdleConnections()
  }
}

/** Answers 500 when nothing was sent yet, else breaks the connection: a cut answer must look cut. */
export function abandon(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500, ['Content-Length', '0']).end()
}

/** Tells the reader of a request body that the rest will not come, and leaves the socket to its refusal. */
function failRequest(request: IncomingMessage, error: Error): void {
  request._destroy = (cause, done) => done(request.listenerCount('error') > 0 ? cause : null)
  request.aborted = true
  request.emit('aborted')
  request.destroy(error)
}

/** Stands for `socket.destroySoon`: with a body on its way a plain close resets the connection, and the client loses its answer. */
function destroySoonPolitely(this: Socket): void {
  const connection = connectionOf(this)
  if (connection === undefined || connection.request?.complete !== false) {
    Socket.prototype.destroySoon.call(this)
    return
  }
  connection.failed = true
  connection.linger(performance.now())
  this.end()
}

/**
 * Reads the rest of a body that nobody wanted, up to a cap. Stands before node's own listener, which would drop the rest
 * uncounted unless somebody has read from the request.
 */
function dropRest(this: ServerResponse): void {
  const request = this.req
  if (request.complete || request.destroyed) return
  connectionOf(request.socket)?.linger(performance.now())
  request.read()
  request.on('data', cutWhenTooMuch)
  request.resume()
}

function cutWhenTooMuch(this: IncomingMessage): void {
  if (connectionOf(this.socket)?.lingeredOut(performance.now())) this.socket.destroy()
}
