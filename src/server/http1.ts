/**
 * HTTP/1: node:http set up strictly, with the rules that it does not keep by itself: head checks, minimum body rate, write timeout,
 * `100 Continue` on the first read, drain. A connection whose request body no handler read ends so that its client reads the response.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { GatewayError } from '../errors.js'
import { hasBody } from '../http/fields.js'
import type { UpgradeOffer } from '../message/protocol-change.js'
import { type ClientErrorInfo, endWithRefusal, infoOf, REFUSALS, type Refusal, refusalFields, refusalOf } from './client-error.js'
import { type Connection, connectionOf, continueOnRead, trackConnection } from './connection.js'
import { closeEmptyBody, settingsOf, tickOf } from './http1-settings.js'
import { type Limits, limitOf } from './limits.js'
import { abandon, destroySoonPolitely, dropRest, failRequest } from './polite-end.js'
import { judgeHead, MAX_HEADER_FIELDS } from './request-rules.js'
import { Sweeper } from './sweeper.js'
import { type Turn, TurnBudget, Turns } from './turns.js'
import { Handshake, headWithoutOffer, isTunnelOffer, ReadAhead, type UpgradeCheck } from './upgrade.js'

/** Serves one exchange; an `offer` may be taken over, `response` unused. Newer Node.js emit no `end` where `hasBody` finds no body. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, offer?: UpgradeOffer) => void

export interface Http1Options {
  readonly limits: Limits
  readonly onRequest: RequestHandler
  /** Undefined = every offer of an upgrade is passed over. */
  readonly mayUpgrade: UpgradeCheck | undefined
  readonly onClientError: (info: ClientErrorInfo) => void
  readonly onHandlerError: (error: unknown) => void
}

/** Requests that are read and dropped after the last one that is served; with more of them the connection is cut. */
const MAX_DROPPED = 256

const ignore = (): void => {}

/** What a request asks of the listener itself: `100 Continue`, an expectation that is not known, CONNECT. */
type Demand = 'continue' | 'unknown' | 'connect' | undefined

/** The HTTP/1 half of a listener. Serves connections that its server accepts, and those handed over by `emit('connection')`. */
export class Http1 {
  readonly server: Server
  private readonly options: Http1Options
  private readonly live = new Set<Connection>()
  private readonly sweeper: Sweeper
  private readonly budget = new TurnBudget()
  /** Each response is the last of its connection. */
  private closing = false
  /** Idle connections are ended too. */
  private draining = false

  constructor(options: Http1Options) {
    const { limits } = options
    this.options = options
    const tickMs = tickOf(limits)
    this.server = createServer(settingsOf(limits, tickMs))
    this.server.timeout = 0
    // node:http cuts the list silently at this number; judgeHead refuses such a head before.
    this.server.maxHeadersCount = MAX_HEADER_FIELDS + 200
    this.server.on('connection', (socket: Socket) => this.onConnection(socket))
    this.server.on('request', (request, response) => this.onRequest(request, response, undefined))
    this.server.on('checkContinue', (request, response) => this.onRequest(request, response, 'continue'))
    this.server.on('checkExpectation', (request, response) => this.onRequest(request, response, 'unknown'))
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.onClientError(error, socket as Socket))
    this.server.on('connect', (request, socket, head) => this.onGivenAway(request, socket as Socket, head))
    this.server.on('upgrade', (request, socket, head) => this.onGivenAway(request, socket as Socket, head))
    this.sweeper = new Sweeper(tickMs, (now, clientTime) => this.sweep(now, clientTime))
  }

  /** Connections that have left HTTP. */
  get tunnels(): number {
    let count = 0
    for (const connection of this.live) if (connection.tunnel) count++
    return count
  }

  /** Starts node:http's timers for connections that another server accepts. */
  trackForeign(): void {
    this.server.emit('listening')
  }

  /** From now on responses carry `Connection: close`. */
  retire(): void {
    this.closing = true
    for (const connection of this.live) {
      const { response } = connection
      if (response !== undefined && connection.answering && !response.headersSent) response.shouldKeepAlive = false
    }
  }

  /** As {@link retire}; idle connections are ended too. */
  drain(): void {
    this.retire()
    this.draining = true
    for (const connection of this.live) {
      const { response } = connection
      // node:http counts a connection on which no byte has come as busy
      if (response === undefined && connection.socket.bytesRead === 0) connection.socket.destroy()
    }
    this.server.closeIdleConnections()
  }

  /** Cuts every connection and stops the timers. */
  destroy(): void {
    this.sweeper.stop()
    for (const connection of this.live) connection.socket.destroy()
    this.server.close(ignore)
  }

  private onConnection(socket: Socket): void {
    if (connectionOf(socket) !== undefined) return // node:http had given it away, see goOn
    const connection = trackConnection(socket)
    this.live.add(connection)
    socket.once('close', () => {
      this.live.delete(connection)
      connection.turns?.clear()
    })
  }

  private onRequest(request: IncomingMessage, response: ServerResponse, demand: Demand): void {
    const connection = connectionOf(request.socket)!
    if (connection.failed) this.drop(connection)
    else if (!connection.occupied && !connection.waits) this.serve(request, response, demand)
    else this.wait(connection, { request, response, start: () => this.serve(request, response, demand) })
  }

  /** Drops what follows the last request that is served; a client that sends more than MAX_DROPPED requests is cut. */
  private drop(connection: Connection): void {
    if (++connection.dropped > MAX_DROPPED) connection.socket.destroy()
  }

  /** Serves one exchange at a time: a request that was read ahead of its turn waits, and no call is made for it. */
  private wait(connection: Connection, turn: Turn): void {
    connection.turns ??= new Turns(this.budget)
    const first = !connection.waits
    if (connection.turns.add(turn)) {
      if (first) connection.response!.once('finish', () => this.nextTurn(connection))
      return
    }
    connection.failed = true
    closeAfter(connection.turns.last!)
  }

  private nextTurn(connection: Connection): void {
    const { turns, socket } = connection
    // after a response that ends the connection node:http has closed its half
    if (socket.destroyed || !socket.writable) return turns!.clear()
    turns!.next()?.start() // giveUp may have dropped the last one
    if (connection.waits) connection.response!.once('finish', () => this.nextTurn(connection))
  }

  private serve(request: IncomingMessage, response: ServerResponse, demand: Demand, offer?: UpgradeOffer): void {
    const connection = connectionOf(request.socket)!
    connection.begin(request, response, performance.now())
    response.on('error', ignore) // a write after the end of the connection; its owner hears 'close'
    if (this.closing || connection.last === request) response.shouldKeepAlive = false
    if (hasBody(request.rawHeaders)) {
      request.socket.destroySoon = destroySoonPolitely
      response.prependOnceListener('finish', dropRest)
    } else closeEmptyBody(request)
    const refused = judgeHead(request) ?? refusalOfDemand(demand)
    if (refused !== undefined) {
      this.refuse(request, response, refused)
      return
    }
    if (demand === 'continue') continueOnRead(request, response)
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
    this.options.onClientError(infoOf({ socket: request.socket, request, refused, detail: refused.text, status: refused.status }))
  }

  /** Called by node:http behind CONNECT and any `Upgrade`: it reads the connection no further. */
  private onGivenAway(request: IncomingMessage, given: Socket, head: Buffer): void {
    given.on('error', ignore)
    const connection = connectionOf(request.socket)!
    // CONNECT with a body: newer versions of Node.js go on reading the socket, and hand out a stream of what follows the body
    if (given !== request.socket) return this.giveUp(connection, REFUSALS.connect, REFUSALS.connect.text)
    const ahead = new ReadAhead(connection, head)
    const start = (): void => this.takeUp(connection, request, ahead.stop())
    if (connection.failed) this.drop(connection)
    else if (!connection.occupied && !connection.waits) start()
    else this.wait(connection, { request, response: undefined, start })
  }

  /** Serves a request behind which `rest` was read; an offer that no endpoint takes is passed over (RFC 9110 §7.8). */
  private takeUp(connection: Connection, request: IncomingMessage, rest: Buffer): void {
    const { mayUpgrade } = this.options
    const connects = request.method === 'CONNECT'
    const offers = !connects && mayUpgrade !== undefined && isTunnelOffer(request) && mayUpgrade(request)
    if (!connects && !offers) return this.goOn(connection, Buffer.concat([headWithoutOffer(request), rest]))
    const handshake = new Handshake(request, connection, rest, more => this.goOn(connection, more))
    if (connects) this.serve(request, handshake.response, 'connect')
    else this.serve(request, handshake.response, undefined, handshake)
  }

  /** Gives a connection back to node:http, which reads `bytes` first. */
  private goOn(connection: Connection, bytes: Buffer): void {
    const { socket } = connection
    if (socket.destroyed) return
    if (socket.readableEnded || connection.failed || this.closing) return void socket.destroySoon()
    socket.setTimeout(0)
    socket.unshift(bytes)
    this.server.emit('connection', socket)
    socket.resume()
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
    // a client that ends its half has gone, in the middle of a further request too
    if (error.code === 'HPE_INVALID_EOF_STATE' && connection.answering && connection.request!.complete) {
      connection.failed = true
      socket.destroy()
      return
    }
    const timer = refused === REFUSALS.slow ? limitOf(this.options.limits, connection.busy) : undefined
    this.giveUp(connection, refused, timer ?? error.code!)
  }

  /** Ends a connection on which no further request can be read. */
  private giveUp(connection: Connection, refused: Refusal, detail: string): void {
    const { socket, request, response, turns } = connection
    connection.failed = true
    if (turns?.last?.request.complete === false) turns.dropLast()
    if (connection.occupied && (connection.waits || request!.complete)) {
      // Garbage behind whole requests: their responses go out, then the connection ends. The client would take a refusal for one of them.
      if (connection.waits) closeAfter(turns!.last!)
      else if (response!.headersSent) response!.once('finish', () => socket.destroySoon())
      else response!.shouldKeepAlive = false
      this.options.onClientError(infoOf({ socket, refused, detail, status: 0 }))
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
    const status = silent ? 0 : refused.status
    this.options.onClientError(infoOf({ socket, request: served ? request : undefined, served, refused, detail, status }))
  }

  private sweep(now: number, clientTime: number): void {
    const { writeTimeoutMs, unreadAnswerTimeoutMs } = this.options.limits
    for (const connection of this.live) {
      if (connection.tunnel) continue
      if (connection.lingerSince !== 0) {
        if (!connection.failed && !connection.busy) connection.lingerSince = 0
        else if (connection.lingeredOut(now)) connection.socket.destroy()
      } else if (writeTimeoutMs > 0 && connection.answering && now - connection.startedAt >= writeTimeoutMs) {
        this.cutAnswer(connection, `write_timeout=${writeTimeoutMs}ms`, 'the answer took too long')
      } else if (connection.leavesUnread(clientTime, unreadAnswerTimeoutMs)) {
        this.cutAnswer(connection, `unread_answer_timeout=${unreadAnswerTimeoutMs}ms`, 'the client does not read the answer')
      } else if (!connection.failed && connection.crawls(clientTime)) {
        this.giveUp(connection, REFUSALS.slow, 'minimum body rate')
      } else connection.forgetExchange()
    }
    if (this.draining) this.server.closeIdleConnections()
  }

  private cutAnswer({ socket, request }: Connection, limit: string, message: string): void {
    this.options.onClientError(infoOf({ socket, request, served: true, refused: REFUSALS.slow, detail: limit, status: 0 }))
    socket.destroy(new GatewayError('SLUICE_ERR_CLIENT_TIMEOUT', { message, limit }))
  }
}

function refusalOfDemand(demand: Demand): Refusal | undefined {
  if (demand === 'unknown') return REFUSALS.expectation
  return demand === 'connect' ? REFUSALS.connect : undefined
}

/** Ends the connection with the response to a request that waits. */
function closeAfter({ response }: Turn): void {
  if (response !== undefined) response.shouldKeepAlive = false
}
