/**
 * HTTP/2: sessions over connections that ALPN or the preface chose, served through node's compatibility API, so that the
 * rooms behind see the same request and response objects as with HTTP/1.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session
} from 'node:http2'
import type { Socket } from 'node:net'
import { toHttp1Fields } from '../http/h2-fields.js'
import { type ClientErrorInfo, REFUSALS, type Refusal } from './client-error.js'
import { BODY_WINDOW_MS } from './connection.js'
import { abandon, DEFAULT_HEAD_TIMEOUT_MS, DEFAULT_IDLE_TIMEOUT_MS, type Http1Options } from './http1.js'
import { MAX_HEADER_FIELDS, MAX_TARGET_BYTES } from './request-rules.js'

/** Streams a client may hold open at once in one session; Go's number. */
const MAX_STREAMS = 250

const ignore = (): void => {}

/** The HTTP/2 half of a listener; connections are handed over by {@link accept}. */
export class Http2 {
  private readonly server: Http2Server
  private readonly options: Http1Options
  private readonly sessions = new Map<ServerHttp2Session, number>()

  constructor(options: Http1Options) {
    this.options = options
    const { limits } = options
    this.server = createServer({
      maxHeaderListPairs: MAX_HEADER_FIELDS,
      settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: limits.maxHeaderBytes, enablePush: false },
      unknownProtocolTimeout: limits.readHeaderTimeoutMs || DEFAULT_HEAD_TIMEOUT_MS
    })
    this.server.on('session', session => this.onSession(session))
    this.server.on('request', (request, response) => this.serve(request, response, false))
    this.server.on('checkContinue', (request, response) => this.serve(request, response, true))
    this.server.on('connect', (request, response) => this.refuse(request, response, REFUSALS.connect))
    this.server.on('sessionError', ignore) // the session closes by itself
  }

  /** Takes over a connection that speaks HTTP/2; bytes already read must have been put back. */
  accept(socket: Socket): void {
    socket.on('error', ignore)
    this.server.emit('connection', socket)
  }

  /** Sends GOAWAY; running streams go on. */
  drain(): void {
    for (const session of this.sessions.keys()) session.close()
  }

  destroy(): void {
    for (const session of this.sessions.keys()) session.destroy()
  }

  private onSession(session: ServerHttp2Session): void {
    const { limits } = this.options
    this.sessions.set(session, 0)
    session.once('close', () => this.sessions.delete(session))
    session.on('error', ignore)
    session.on('stream', stream => {
      this.count(session, 1)
      stream.on('error', ignore)
      stream.once('close', () => this.count(session, -1))
    })
    session.setTimeout(limits.idleTimeoutMs || limits.readTimeoutMs || DEFAULT_IDLE_TIMEOUT_MS, () => {
      if (this.sessions.get(session) === 0) session.close()
    })
  }

  /** Keeps the number of open streams of a session that is still open. */
  private count(session: ServerHttp2Session, change: number): void {
    const streams = this.sessions.get(session)
    if (streams !== undefined) this.sessions.set(session, streams + change)
  }

  private serve(request: Http2ServerRequest, response: Http2ServerResponse, expectsContinue: boolean): void {
    response.on('error', ignore)
    const refused = judgeHead(request)
    if (refused !== undefined) {
      this.refuse(request, response, refused)
      return
    }
    const hasBody = !request.stream.endAfterHeaders
    toHttp1Fields(request.rawHeaders, hasBody)
    request.headers.host ??= request.headers[':authority']
    if (hasBody) this.watchBody(request, response)
    if (this.options.limits.writeTimeoutMs > 0) this.limitAnswer(request, response)
    const plain = request as unknown as IncomingMessage
    const answer = response as unknown as ServerResponse
    if (expectsContinue) continueOnRead(request, response)
    try {
      this.options.onRequest(plain, answer)
    } catch (error) {
      this.options.onHandlerError(error)
      abandon(answer)
    }
  }

  /** A body that stands still before the answer has begun ends the stream; so does one over `read_timeout`. */
  private watchBody(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const { stream } = request
    const { readTimeoutMs } = this.options.limits
    const check = (): void => {
      if (stream.destroyed || request.complete || response.headersSent) return
      if (!stream.isPaused() && request.readableLength === 0) this.refuse(request, response, REFUSALS.slow)
    }
    stream.setTimeout(BODY_WINDOW_MS, check)
    if (readTimeoutMs === 0) return
    const timer = setTimeout(() => !request.complete && this.refuse(request, response, REFUSALS.slow), readTimeoutMs).unref()
    stream.once('close', () => clearTimeout(timer))
  }

  private limitAnswer(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const timer = setTimeout(() => request.stream.close(), this.options.limits.writeTimeoutMs).unref()
    response.once('close', () => clearTimeout(timer))
  }

  private refuse(request: Http2ServerRequest, response: Http2ServerResponse, refused: Refusal): void {
    const { stream } = request
    if (response.headersSent || stream.destroyed) {
      stream.destroy()
    } else {
      response.writeHead(refused.status, { 'content-type': 'text/plain; charset=utf-8' })
      response.end(refused.text)
    }
    this.report(request, refused)
  }

  private report(request: Http2ServerRequest, refused: Refusal): void {
    const info: ClientErrorInfo = {
      code: refused.code,
      status: refused.status,
      remoteAddress: request.stream.session?.socket.remoteAddress ?? '',
      detail: refused.text,
      method: request.method ?? '',
      target: request.url ?? '',
      served: false
    }
    this.options.onClientError(info)
  }
}

/** Rules beyond what node checks (RFC 9113 §8.3.1); node has refused connection-specific fields. */
function judgeHead(request: Http2ServerRequest): Refusal | undefined {
  const path = request.url as string | undefined
  if (path === undefined || path === '') return REFUSALS.malformed
  if (path.length > MAX_TARGET_BYTES) return REFUSALS.target
  const { headers } = request
  const authority = headers[':authority']
  if (authority === undefined && headers.host === undefined) return REFUSALS.noHost
  if (authority !== undefined && headers.host !== undefined && authority !== headers.host) return REFUSALS.badHost
  return undefined
}

function continueOnRead(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const read = request._read
  request._read = function (size: number) {
    this._read = read
    if (!response.headersSent && !response.stream.destroyed) response.writeContinue()
    read.call(this, size)
  }
}
