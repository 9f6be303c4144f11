/**
 * HTTP/2: sessions over connections that ALPN or the preface chose, served through node:http2's compatibility API. The rooms behind
 * see requests and responses of the same shape as with HTTP/1. A coarse sweep keeps the rules of time.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { toHttp1Fields } from '../http/h2-fields.js'
import { isAuthority } from '../http/target.js'
import { type ClientErrorInfo, REFUSALS, type Refusal } from './client-error.js'
import type { Http1Options } from './http1.js'
import { Http2Connection, type Http2Times, MAX_STREAMS } from './http2-connection.js'
import { Http2Exchange } from './http2-exchange.js'
import { Http2Request, Http2Response } from './http2-messages.js'
import { headTimeoutOf, idleTimeoutOf } from './limits.js'
import { abandon } from './polite-end.js'
import { MAX_TARGET_BYTES } from './request-rules.js'
import { Sweeper } from './sweeper.js'

/** So many header fields above the limit still get a 431; beyond, node:http2 resets the stream. */
const COUNTED_BEYOND = 64

/** A request that its client reset before the gateway looked at it. No handler is called for it. */
const TAKEN_BACK: Refusal = { code: 'SLUICE_ERR_CLIENT_ABORTED', status: 499, text: 'reset by the client' }

/** What a request asks of the listener itself. */
type Demand = 'continue' | 'unknown' | 'connect' | undefined

const ignore = (): void => {}

/** The HTTP/2 half of a listener; connections are handed over by {@link accept}. */
export class Http2 {
  private readonly server: Http2Server
  private readonly options: Http1Options
  private readonly times: Http2Times
  private readonly live = new Set<Http2Connection>()
  private readonly sweeper: Sweeper
  /** The connection whose stream is being handed out: node:http2 names no session for a stream that was reset already. */
  private current!: Http2Connection

  constructor(options: Http1Options) {
    this.options = options
    const { limits } = options
    const headMs = headTimeoutOf(limits)
    this.times = {
      headMs,
      idleMs: idleTimeoutOf(limits),
      readMs: limits.readTimeoutMs,
      writeMs: limits.writeTimeoutMs,
      unreadMs: limits.unreadAnswerTimeoutMs
    }
    this.server = createServer({
      Http2ServerRequest: Http2Request as never,
      Http2ServerResponse: Http2Response as never,
      maxHeaderListPairs: limits.http2MaxHeaderFields + COUNTED_BEYOND,
      settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: limits.maxHeaderBytes, enablePush: false },
      unknownProtocolTimeout: headMs
    })
    this.server.on('session', session => this.onSession(session))
    this.onRequest('request', undefined)
    this.onRequest('checkContinue', 'continue')
    this.onRequest('checkExpectation', 'unknown')
    this.onRequest('connect', 'connect')
    this.server.on('sessionError', ignore) // the session closes by itself
    const { times } = this
    const shortest = Math.min(headMs, times.idleMs, times.unreadMs, times.readMs || Infinity, times.writeMs || Infinity)
    const tickMs = Math.max(20, Math.min(1000, Math.floor(shortest / 4)))
    this.sweeper = new Sweeper(tickMs, (now, clientTime) => this.sweep(now, clientTime))
  }

  private onRequest(event: string, demand: Demand): void {
    this.server.on(event, (request: Http2Request, response: Http2Response) => {
      const connection = this.current
      if (connection.failed) return
      if (!connection.affords(request.rawHeaders)) return this.cutOff(connection, 'header fields per second')
      if (response.destroyed) return this.report(connection, request, TAKEN_BACK)
      const exchange = new Http2Exchange(request, response, performance.now())
      const starts = connection.begin(exchange)
      const { stream } = request
      // while an upload is not read, node:http2 keeps a stream that its client has reset
      stream.on('aborted', destroyStream)
      if (!stream.endAfterHeaders) this.limitTrailers(connection, stream)
      if (starts) this.serve(connection, exchange, demand)
      else this.wait(connection, exchange, demand)
    })
  }

  /** Serves a request when the connection has a place for it; one that its client takes back before makes no call. */
  private wait(connection: Http2Connection, exchange: Http2Exchange, demand: Demand): void {
    const { request, response } = exchange
    let started = false
    connection.places.wait(exchange, () => {
      started = true
      if (!connection.failed && !response.destroyed && !response.headersSent) this.serve(connection, exchange, demand)
    })
    request.stream.once('close', () => {
      if (!started && !response.headersSent) this.report(connection, request, TAKEN_BACK)
    })
  }

  private limitTrailers(connection: Http2Connection, stream: ServerHttp2Stream): void {
    stream.on('trailers', (_fields, _flags, raw?: string[]) => {
      if (raw !== undefined && !connection.affords(raw)) this.cutOff(connection, 'trailer fields per second')
    })
  }

  /** Takes over a connection that speaks HTTP/2; bytes already read must have been put back. */
  accept(socket: Socket): void {
    socket.on('error', ignore)
    // a client that has ended its half can neither open windows nor acknowledge: it has gone
    socket.allowHalfOpen = false
    this.accepted = socket
    this.server.emit('connection', socket)
  }

  /** The socket whose session is being made. */
  private accepted!: Socket

  /** Asks clients to open no further stream here, and serves those that are on their way (RFC 9113 §6.8). */
  retire(): void {
    for (const connection of this.live) connection.session.goaway(0, LAST_STREAM)
  }

  /** Sends GOAWAY; running streams go on. */
  drain(): void {
    for (const connection of this.live) connection.session.close()
  }

  destroy(): void {
    this.sweeper.stop()
    for (const connection of this.live) connection.closeGateway()
  }

  private onSession(session: ServerHttp2Session): void {
    const connection = new Http2Connection(session, this.accepted, this.options.limits, performance.now())
    this.live.add(connection)
    session.once('close', () => this.live.delete(connection))
    session.on('error', ignore)
    session.prependListener('stream', stream => {
      this.current = connection
      stream.on('error', ignore)
    })
  }

  private serve(connection: Http2Connection, { request, response }: Http2Exchange, demand: Demand): void {
    const { stream, rawHeaders } = request
    const refused = this.judgeHead(request, demand)
    if (refused !== undefined) return this.refuse(connection, request, response, refused)
    toHttp1Fields(rawHeaders, !stream.endAfterHeaders)
    request.headers.host ??= request.headers[':authority']
    if (demand === 'continue') continueOnRead(request, response)
    const answer = response as unknown as ServerResponse
    try {
      this.options.onRequest(request as unknown as IncomingMessage, answer)
    } catch (error) {
      this.options.onHandlerError(error)
      abandon(answer)
    }
  }

  /** Rules beyond what node:http2 checks (RFC 9113 §8.3.1); it has refused connection-specific fields. */
  private judgeHead(request: Http2Request, demand: Demand): Refusal | undefined {
    if (demand === 'connect') return REFUSALS.connect
    const path = request.url as string | undefined
    if (path === undefined || (path.charCodeAt(0) !== SLASH && path !== '*')) return REFUSALS.malformed
    if (path.length > MAX_TARGET_BYTES) return REFUSALS.target
    if (request.rawHeaders.length > 2 * this.options.limits.http2MaxHeaderFields) return REFUSALS.headers
    const { headers } = request
    const authority = headers[':authority']
    const host = headers.host ?? authority
    if (host === undefined) return REFUSALS.noHost
    if (authority !== undefined && authority !== host) return REFUSALS.badHost
    if (host !== '' && !isAuthority(host)) return REFUSALS.badHost
    return demand === 'unknown' ? REFUSALS.expectation : undefined
  }

  private refuse(connection: Http2Connection, request: Http2Request, response: Http2Response, refused: Refusal): void {
    response.writeHead(refused.status, { 'content-type': 'text/plain; charset=utf-8' })
    response.end(refused.text)
    this.report(connection, request, refused)
  }

  private report(connection: Http2Connection, request: Http2Request, refused: Refusal): void {
    this.options.onClientError({
      code: refused.code,
      status: refused.status,
      remoteAddress: connection.remoteAddress,
      detail: refused.text,
      method: request.method ?? '',
      target: request.url ?? '',
      served: false
    })
  }

  /** Ends a connection that broke a limit: RFC 9113 §10.5. */
  private cutOff(connection: Http2Connection, limit: string): void {
    connection.fail(limit)
    const info: ClientErrorInfo = {
      code: 'SLUICE_ERR_CLIENT_TIMEOUT',
      status: 0,
      remoteAddress: connection.remoteAddress,
      detail: limit,
      method: '',
      target: '',
      served: connection.open.size > 0
    }
    this.options.onClientError(info)
  }

  private sweep(now: number, clientTime: number): void {
    for (const connection of this.live) {
      const broken = connection.check(this.times, now)
      for (const exchange of connection.open) {
        const ended = exchange.check(this.times, now, clientTime)
        if (ended === 'cut') connection.cutAnswer()
        else if (ended === 'late') this.refuse(connection, exchange.request, exchange.response, REFUSALS.slow)
      }
      if (broken !== undefined) this.cutOff(connection, broken)
    }
  }
}

const SLASH = 47
const LAST_STREAM = 2 ** 31 - 1

function destroyStream(this: ServerHttp2Stream): void {
  this.destroy()
}

function continueOnRead(request: Http2Request, response: Http2Response): void {
  const read = request._read
  request._read = function (size: number) {
    this._read = read
    if (!response.headersSent && !response.destroyed) response.writeContinue()
    read.call(this, size)
  }
}
