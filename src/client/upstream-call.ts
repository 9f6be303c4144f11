/**
 * One call to an upstream: the only place that implements undici's handler interface (its version 7 form, raw fields).
 *
 * In: an origin's pool, method, path, fields, body. Out, to the subclass: exactly one `onHead`, chunks, then exactly one of
 * `onBodyEnd` and `onFailure`; or `onFailure` alone. On the way it asks `redirect.ts` and `retry.ts` whether to send again, and
 * refuses statuses below 100. A call is a {@link Deadline}, for subclasses that want one. What a subclass does in these
 * methods runs inside undici's own: it must not throw.
 *
 * Over 300 lines: a call is one object from its dispatch to its end, so that pass-through makes one object per request.
 */

import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../errors.js'
import { fieldOf, type RawFields } from '../http/fields.js'
import { isOffered } from '../http/upgrade-fields.js'
import { upstreamFailure } from '../http/upstream-failure.js'
import type { Cancellable } from '../message/scope.js'
import { type CallWatchers, MeasuredCall } from '../telemetry/call-trace.js'
import type { Span } from '../telemetry/span.js'
import { Deadline } from '../telemetry/timer-wheel.js'
import { declaredBytes, requestBytes } from './call-sizes.js'
import { decodeFields } from './decode-fields.js'
import type { OriginPool } from './pool.js'
import type { CallConnection, QueuedCall, WaitingCall } from './queued-call.js'
import { type Redirect, type RedirectPolicy, RedirectTrail, type SentCall } from './redirect.js'
import { mayRetry } from './retry.js'
import type { SocketReader } from './socket-reader.js'
import type { Upload } from './upload.js'

/** Bytes of a response without a reader that are still read, so that the connection can be kept. */
const DRAIN_LIMIT = 64 * 1024
/** Bytes of interim responses' fields that a subclass hears of in one call; those beyond are dropped. */
const MAX_INTERIM_BYTES = 64 * 1024
/** What an interim response counts besides its fields, bytes. */
const INTERIM_COST = 64

export abstract class UpstreamCall extends Deadline implements Cancellable, QueuedCall, SentCall {
  protected pool!: OriginPool
  method = ''
  path = ''
  body: Upload | Buffer | null = null
  private headers: RawFields = NO_FIELDS
  /** Set before {@link send}; undefined = a 3xx is a response like others. */
  protected redirects: RedirectPolicy | undefined = undefined
  /** Value of `Upgrade`, set before {@link send}. */
  protected upgrade: string | undefined = undefined
  /** Set before {@link send} where calls are measured or recorded. */
  protected watch: CallWatchers | undefined = undefined
  /** The span around the call, set before {@link send}; undefined = the exchange is not recorded. */
  protected outerSpan: Span | undefined = undefined
  private trace: MeasuredCall | undefined = undefined
  private abortRequest: ((error?: Error) => void) | undefined
  private resumeBody: (() => void) | undefined
  private client: CallConnection | undefined
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
  /** Since the first redirect. */
  private trail: RedirectTrail | undefined = undefined
  private drained = 0
  protected paused = false

  /** The final response's head. `raw` are undici's field buffers, name and value alternating. */
  protected abstract onHead(status: number, raw: readonly Buffer[]): void
  /** An interim response but 100 and 101, before the final head; dropped unless overridden (RFC 9110 §15.2). */
  protected onInterim(_status: number, _raw: readonly Buffer[]): void {}
  /** Returns false to pause; {@link resumeFlow} goes on. The chunk may be kept, unless {@link lendChunk} was called. */
  protected abstract onChunk(chunk: Buffer): boolean
  protected abstract onBodyEnd(trailers: readonly Buffer[]): void
  protected abstract onFailure(error: GatewayError): void

  /** Sends the request; returns at once. `headers` hold no framing but `content-length`. */
  protected send(pool: OriginPool, method: string, path: string, headers: RawFields, body: Upload | Buffer | null): void {
    this.pool = pool
    this.method = method
    this.path = path
    this.headers = headers
    this.body = body
    const { watch, outerSpan } = this
    if (watch !== undefined && (outerSpan !== undefined || watch.ended !== undefined)) this.measure(watch, outerSpan)
    this.dispatch()
  }

  private measure(watch: CallWatchers, span: Span | undefined): void {
    const { headers, body } = this
    this.trace = new MeasuredCall(watch, this.method, this.pool.origin, this.path, requestBytes(headers, body))
    if (span !== undefined) this.headers = this.trace.openBelow(span, headers)
  }

  get origin(): string {
    return this.pool.origin
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

  /** Goes on after an `onChunk` that returned false. */
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
  private leave(): CallConnection | undefined {
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

  onQueued(entry: WaitingCall): void {
    this.waiting = entry
  }

  onClient(client: CallConnection): void {
    this.waiting = undefined
    this.client = client
    this.reused = client.reused
  }

  onConnect(abort: (error?: Error) => void): void {
    // nothing is written yet: a throw ends the call, `abort` would end the connection with it
    if (this.over) throw new GatewayError('SLUICE_ERR_CLIENT_ABORTED')
    if (this.client !== undefined) this.reused = this.client.reused // it may be another connection by now
    this.abortRequest = abort
    if (this.trace !== undefined) this.trace.connected(this.client?.opening)
  }

  onHeaders(status: number, parsed: Buffer[], resume: () => void): boolean {
    if (this.over) return true
    if (status >= 100 && status < 200) {
      this.interim(status, parsed)
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
    const raw = this.client === undefined ? parsed : this.client.headArrived(parsed)
    this.resumeBody = resume
    if (this.redirects !== undefined && status >= 300 && status < 400 && this.leadsElsewhere(status, raw)) return true
    this.headSeen = true
    this.bodyless = status === 304 || status === 204
    if (this.trace !== undefined) this.traceHead(this.trace, status, raw)
    this.onHead(status, raw)
    return !this.paused
  }

  private traceHead(trace: MeasuredCall, status: number, raw: readonly Buffer[]): void {
    trace.answered(status, declaredBytes(raw))
    if (trace.wantsFields) trace.answerFields = decodeFields(raw)
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
      // undici counts the length of a response without a body and closes the connection
      this.over = true
      this.trace?.ended(undefined)
      this.onBodyEnd(NO_TRAILERS)
      return
    }
    if (!this.retried && this.mayRetry(cause)) {
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

  /** A 101 response to a call with `upgrade`: the connection is no longer undici's. */
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

  private mayRetry(cause: Error): boolean {
    const { method, body, reused, headSeen } = this
    return mayRetry({ method, hasBody: body !== null, reused, headSeen }, cause)
  }

  /** True when there is nothing to hand on: the body of a redirect is read and dropped, or there were too many of them. */
  private leadsElsewhere(status: number, raw: readonly Buffer[]): boolean {
    this.trail ??= new RedirectTrail(this.redirects!, this.headers)
    try {
      this.redirectTo = this.trail.next(status, raw, this)
      return this.redirectTo !== undefined
    } catch (error) {
      this.fail(error as GatewayError)
      return true
    }
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
    this.headers = this.trail!.fields(this.headers, this, next)
    if (!next.keepsBody) this.body = null
    this.pool = next.pool
    this.method = next.method
    this.path = next.path
    this.dispatch()
  }
}

const NO_FIELDS: RawFields = []
const NO_TRAILERS: readonly Buffer[] = []
const ignore = (): void => {}
