/**
 * One call to an upstream: the only place that implements undici's handler interface (its version 7 form, raw fields).
 *
 * In: an origin's pool, method, path, fields, body. Out, to the subclass: exactly one `onHead`, chunks, then exactly one of
 * `onBodyEnd` and `onFailure`; or `onFailure` alone. A call is a {@link Deadline} of its own, for subclasses that want one. On the way it follows allowed redirects, retries once where nothing can
 * have been processed, and refuses statuses below 100. What a subclass does in these calls runs inside
 * undici's own: it must not throw.
 */

import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../errors.js'
import { fieldOf, type RawFields } from '../http/fields.js'
import { isOffered } from '../http/upgrade.js'
import type { Cancellable } from '../message/scope.js'
import { CallTrace, type CallWatch } from '../telemetry/call-trace.js'
import { Deadline } from '../telemetry/timer-wheel.js'
import { upstreamFailure } from './failure.js'
import type { OriginPool } from './pool.js'
import type { PooledClient } from './pooled-client.js'
import { type Redirect, type RedirectedCall, type RedirectPolicy, redirectedFields, redirectOf } from './redirect.js'
import type { SocketReader } from './socket-reader.js'
import type { Upload } from './upload.js'
import type { WaitingCall } from './waiting-calls.js'

/** Bytes of a response without a reader that are still read, so that the connection can be kept. */
const DRAIN_LIMIT = 64 * 1024
/** Bytes of interim answers' fields that a subclass hears of in one call; those beyond are dropped. */
const MAX_INTERIM_BYTES = 64 * 1024
/** What an interim answer counts besides its fields, bytes. */
const INTERIM_COST = 64

export abstract class UpstreamCall extends Deadline implements Cancellable {
  protected pool!: OriginPool
  protected method = ''
  protected path = ''
  private headers: RawFields = NO_FIELDS
  private body: Upload | Buffer | null = null
  private redirects: RedirectPolicy | undefined
  /** Value of `Upgrade`, set before {@link send}. */
  protected upgrade: string | undefined = undefined
  /** Set before {@link send} by those who measure calls. */
  protected watch: CallWatch | undefined = undefined
  private trace: CallTrace | undefined = undefined
  private calls = 1
  private abortRequest: ((error?: Error) => void) | undefined
  private resumeBody: (() => void) | undefined
  private client: PooledClient | undefined
  /** Its place in the pool's queue. */
  private waiting: WaitingCall | undefined = undefined
  private reused = false
  private retried = false
  private counted = false
  private headSeen = false
  /** A 204 or 304 was read: what its Content-Length promises never comes (RFC 9110 §8.6). */
  private bodyless = false
  private interimBytes = 0
  private over = false
  /** Set while the body of a redirect is read and dropped: where to go next. */
  private redirectTo: Redirect | undefined
  /** The client sent no `Referer`; known from the first redirect on. */
  private ownReferer: boolean | undefined = undefined
  private drained = 0
  protected paused = false

  /** The final answer's head. `raw` are undici's field buffers, name and value alternating. */
  protected abstract onHead(status: number, raw: readonly Buffer[]): void
  /** An interim answer but 100 and 101, before the final head; dropped unless overridden (RFC 9110 §15.2). */
  protected onInterim(_status: number, _raw: readonly Buffer[]): void {}
  /** Returns false to pause; {@link resumeFlow} goes on. The chunk may be kept, unless {@link lendChunk} was called. */
  protected abstract onChunk(chunk: Buffer): boolean
  protected abstract onBodyEnd(trailers: readonly Buffer[]): void
  protected abstract onFailure(error: GatewayError): void

  /** Sends the request; answers at once. `headers` hold no framing but `content-length`. */
  protected send(
    pool: OriginPool,
    method: string,
    path: string,
    headers: RawFields,
    body: Upload | Buffer | null,
    redirects: RedirectPolicy | undefined
  ): void {
    this.pool = pool
    this.method = method
    this.path = path
    this.headers = headers
    this.body = body
    this.redirects = redirects
    if (this.watch !== undefined) this.trace = new CallTrace(this.watch, method, pool.origin, requestBytes(headers, body))
    this.dispatch()
  }

  /** The URL of the call as it stands, for messages. */
  get url(): string {
    return this.pool.origin + this.path
  }

  private dispatch(): void {
    const { pool } = this
    const full = this.upgrade !== undefined && pool.tunnels >= pool.maxConnections
    if (full || !pool.enter()) {
      const error = new GatewayError('SLUICE_ERR_GATEWAY_QUEUE_FULL', {
        limit: full ? `max_connections_per_host=${pool.maxConnections}` : `max_queued_per_host=${pool.maxQueued}`,
        headers: [['Retry-After', '1']]
      })
      this.end(error)
      this.dropBody(error)
      return
    }
    this.counted = true
    this.headSeen = false
    this.client = undefined
    const options = {
      origin: pool.origin,
      path: this.path,
      method: this.method as Dispatcher.HttpMethod,
      headers: this.headers,
      body: this.body as never,
      upgrade: this.upgrade as string,
      servername: pool.serverName as string,
      blocking: false, // a connection has one call: undici need not look for the next one when a head has come
      reset: undefined as never // the client's to set
    }
    if (this.retried) pool.dispatchFresh(options, this)
    else pool.dispatch(options, this)
  }

  /** Goes on after an `onChunk` that answered false. */
  protected resumeFlow(): void {
    if (!this.paused) return
    this.paused = false
    this.resumeBody?.()
  }

  /**
   * Promises, during `onHead` or `onChunk`, that nothing of what was just read is used afterwards. Only for bodies with a
   * Content-Length: of others undici may keep a part of the trailers.
   */
  protected lendChunk(): void {
    this.client?.reader?.lend()
  }

  /** Takes {@link lendChunk} back. */
  protected keepChunk(): void {
    this.client?.reader?.keep()
  }

  /** Nothing more comes: cancelled, failed or whole. */
  protected get ended(): boolean {
    return this.over
  }

  /** What reads the connection of this call; undefined for TLS and when the call is over. */
  protected get reader(): SocketReader | undefined {
    return this.client?.reader
  }

  /** Ends the call; the subclass hears `onFailure(reason)` unless it is already over. */
  cancel(reason: GatewayError): void {
    if (this.over) return
    const abort = this.abortRequest
    if (this.waiting !== undefined) {
      this.pool.withdraw(this.waiting)
      this.waiting = undefined
      this.leave()
    }
    this.end(reason)
    if (abort !== undefined) abort(reason)
    else this.dropBody(reason)
  }

  /** Returns the client to be released; undefined behind a proxy, in the queue, or when it was left before. */
  private leave(): PooledClient | undefined {
    if (!this.counted) return undefined
    this.counted = false
    this.pool.leave()
    const { client } = this
    this.client = undefined
    return client
  }

  private end(error: GatewayError | undefined): void {
    if (this.over) return
    this.over = true
    this.trace?.ended(error)
    if (error !== undefined) this.onFailure(error)
  }

  // --- undici's handler, version 7 -----------------------------------------------------------------------------

  /** Called by the pool when the call has to wait. */
  onQueued(entry: WaitingCall): void {
    this.waiting = entry
  }

  /** Called by {@link PooledClient} when it takes the call up. */
  onClient(client: PooledClient): void {
    this.waiting = undefined
    this.client = client
    this.reused = client.reused
  }

  onConnect(abort: (error?: Error) => void): void {
    // nothing is written yet: a throw ends the call, `abort` would end the connection with it
    if (this.over) throw new GatewayError('SLUICE_ERR_CLIENT_ABORTED')
    if (this.client !== undefined) this.reused = this.client.reused // it may be another connection by now
    this.abortRequest = abort
    this.trace?.connected()
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    if (this.over) return true
    if (status >= 100 && status < 200) {
      this.interim(status, raw)
      return true
    }
    if (status < 100) {
      this.fail(
        new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', {
          message: `${this.method} "${this.url}": invalid status code ${status}`
        })
      )
      return true
    }
    this.client?.headArrived()
    this.resumeBody = resume
    if (this.redirects !== undefined && status >= 300 && status < 400) {
      const next = this.redirect(status, raw)
      if (next !== undefined) {
        this.redirectTo = next
        return true
      }
      if (this.over) return true
    }
    this.headSeen = true
    this.bodyless = status === 304 || status === 204
    if (this.trace !== undefined) this.trace.answered(status, declaredBytes(raw))
    this.onHead(status, raw)
    return !this.paused
  }

  private interim(status: number, raw: readonly Buffer[]): void {
    for (const part of raw) this.interimBytes += part.length
    this.interimBytes += INTERIM_COST
    if (this.interimBytes <= MAX_INTERIM_BYTES) this.onInterim(status, raw)
  }

  onData(chunk: Buffer): boolean {
    if (this.over) return true
    if (this.redirectTo !== undefined) {
      this.drained += chunk.length
      if (this.drained > DRAIN_LIMIT) this.followNow()
      return true
    }
    if (this.trace !== undefined) this.trace.bytes += chunk.length
    if (this.onChunk(chunk)) return true
    this.paused = true
    return false
  }

  onComplete(trailers: Buffer[] | null): void {
    this.leave()?.succeeded()
    if (this.over) return
    if (this.redirectTo !== undefined) {
      this.follow()
      return
    }
    this.over = true
    this.trace?.ended(undefined)
    this.onBodyEnd(trailers ?? NO_TRAILERS)
  }

  onError(cause: Error): void {
    this.waiting = undefined
    this.leave()?.failed()
    if (this.over) return
    if (this.redirectTo !== undefined) {
      this.follow()
      return
    }
    if (this.bodyless && (cause as { code?: string }).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
      // undici counts the length of an answer without a body and closes the connection
      this.over = true
      this.trace?.ended(undefined)
      this.onBodyEnd(NO_TRAILERS)
      return
    }
    if (this.mayRetry(cause)) {
      this.retried = true
      this.abortRequest = undefined
      this.dispatch()
      return
    }
    this.end(upstreamFailure(cause, this.method, this.url))
    this.dropBody(cause)
  }

  /** undici does not let go of a body that it never began with. */
  private dropBody(cause: Error): void {
    if (this.body !== null && !Buffer.isBuffer(this.body)) this.body.destroy(cause)
  }

  /** A 101 answer to a call with `upgrade`: the connection is no longer undici's. */
  onUpgrade(_status: number, raw: readonly Buffer[], socket: Socket): void {
    socket.on('error', ignore) // until its owner listens
    this.client?.gaveAway(socket)
    this.leave()?.failed()
    const names = raw.map(part => part.toString('latin1'))
    const protocol = fieldOf(names, 'upgrade') ?? ''
    if (this.over) socket.destroy()
    else if (!isOffered(this.upgrade ?? '', protocol)) {
      // RFC 9110 §7.8: only what was offered may be chosen
      socket.destroy()
      const message = `${this.method} "${this.url}": switched to another protocol than offered`
      this.end(new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message }))
    } else {
      this.over = true
      this.trace?.answered(101, -1)
      this.trace?.ended(undefined)
      this.pool.countTunnel(socket)
      this.onTunnel(raw, socket, protocol)
    }
  }

  /** The upstream has changed the protocol; the socket is the subclass's. Only calls with `upgrade` get here. */
  protected onTunnel(_raw: readonly Buffer[], socket: Socket, _protocol: string): void {
    socket.destroy()
  }

  // --------------------------------------------------------------------------------------------------------------

  private fail(error: GatewayError): void {
    const abort = this.abortRequest
    this.end(error)
    abort?.(error)
  }

  /** RFC 9112 §9.3.1: a reused connection that dies before a byte of the answer; only what is safe to send twice. */
  private mayRetry(cause: Error): boolean {
    if (this.retried || !this.reused || this.headSeen || this.body !== null) return false
    if (this.method !== 'GET' && this.method !== 'HEAD' && this.method !== 'OPTIONS') return false
    const code = (cause as { code?: string }).code
    return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'ECONNABORTED' || code === 'EPIPE'
  }

  private redirect(status: number, raw: readonly Buffer[]): Redirect | undefined {
    const policy = this.redirects!
    const next = redirectOf(policy, status, raw, this.redirected())
    if (next === undefined) return undefined
    if (this.calls++ < policy.maxCalls) return next
    this.fail(
      new GatewayError('SLUICE_ERR_UPSTREAM_REDIRECT', {
        message: `${this.method} "${this.url}": stopped after ${policy.maxCalls} redirects`
      })
    )
    return undefined
  }

  private redirected(): RedirectedCall {
    const { body, method, path, pool } = this
    const repeatable = body === null || (Buffer.isBuffer(body) && this.redirects!.sendBody)
    this.ownReferer ??= fieldOf(this.headers, 'referer') === undefined
    return { origin: pool.origin, path, method, repeatable, ownReferer: this.ownReferer }
  }

  private followNow(): void {
    const abort = this.abortRequest
    this.abortRequest = undefined
    abort?.(new GatewayError('SLUICE_ERR_UPSTREAM_REDIRECT'))
  }

  private follow(): void {
    const next = this.redirectTo!
    this.redirectTo = undefined
    this.drained = 0
    this.abortRequest = undefined
    this.headers = redirectedFields(this.headers, this.redirected(), next)
    if (!next.keepsBody) this.body = null
    this.pool = next.pool
    this.method = next.method
    this.path = next.path
    this.dispatch()
  }
}

/** Of a request's body, for traces; -1 = unknown. */
function requestBytes(headers: RawFields, body: Upload | Buffer | null): number {
  if (body === null) return 0
  return Buffer.isBuffer(body) ? body.length : Number(fieldOf(headers, 'content-length') ?? -1)
}

/** Content-Length of an answer, for traces; -1 = none. */
function declaredBytes(raw: readonly Buffer[]): number {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 14 && raw[i]!.toString('latin1').toLowerCase() === 'content-length')
      return Number(raw[i + 1]!.toString('latin1'))
  }
  return -1
}

const NO_FIELDS: RawFields = []
const NO_TRAILERS: readonly Buffer[] = []
const ignore = (): void => {}
