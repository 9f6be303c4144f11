/**
 * The HTTP client for calls of plugins: any http or https server, streaming both ways, no redirects, connections kept.
 *
 * A pool for each origin with its TLS settings and proxy; at most {@link MOST_POOLS} are kept, those without a call make room.
 */

import { createHash } from 'node:crypto'
import { GatewayError } from '../errors.js'
import { fieldOf } from '../http/fields.js'
import { requestFailure } from '../http/upstream-failure.js'
import { DEFAULT_MAX_BODY_BYTES } from '../message/body.js'
import type { ResponseMessage } from '../message/response.js'
import { type Cancellable, Scope } from '../message/scope.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { OutboundCall, OutboundClient, OutboundReceiver, OutboundRequest, OutboundTls } from '../plugin/outbound.js'
import type { TimerWheel } from '../telemetry/timer-wheel.js'
import type { UpstreamTlsOptions } from './client-tls.js'
import { OriginPool, type PoolSettings } from './pool.js'
import { type CallPlan, ResponseCall } from './response-call.js'

/** Most pools at a time. */
const MOST_POOLS = 256

const PLAN: CallPlan = { redirects: undefined, watch: undefined, idleMs: 0, limit: DEFAULT_MAX_BODY_BYTES, informs: false }
const CANCELLED = new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })

export class PooledOutbound implements OutboundClient {
  private readonly settings: PoolSettings
  /** By origin, TLS settings and proxy; the one used last is the last. */
  private readonly pools = new Map<string, OriginPool>()
  /** What tells TLS settings apart. */
  private readonly tlsKeys = new WeakMap<OutboundTls, string>()
  private closed = false

  constructor(settings: PoolSettings) {
    this.settings = settings
  }

  send(request: OutboundRequest, receiver: OutboundReceiver): OutboundCall {
    const scope = new CallScope(this.settings.wheel, request.scope, request.signal)
    const { method, path, body, span, timeoutMs = 0 } = request
    const unzips = request.gunzip === true && mayAskForGzip(request)
    const fields = unzips ? [...request.fields, 'Accept-Encoding', 'gzip'] : request.fields
    let pool: OriginPool
    try {
      if (scope.reason !== undefined) throw scope.reason
      pool = this.poolFor(request)
    } catch (cause) {
      const error = requestFailure(cause)
      scope.close()
      if (body !== undefined && 'flow' in body) body.destroy(error)
      receiver.reject(error)
      return scope
    }
    if (timeoutMs > 0) scope.expireIn(timeoutMs, `timeout=${timeoutMs}ms`)
    const plan = span === undefined ? PLAN : { ...PLAN, watch: { ended: undefined, tracer: span.calls } }
    const outcome = new OutcomeReceiver(receiver, scope, unzips)
    new ResponseCall(plan, scope, outcome, undefined, span).start(pool, method, path, fields, body)
    return scope
  }

  /** Open connections, for tests and telemetry. */
  all(): Iterable<OriginPool> {
    return this.pools.values()
  }

  async close(): Promise<void> {
    this.closed = true
    const all = [...this.pools.values()]
    this.pools.clear()
    await Promise.all(all.map(pool => pool.close()))
  }

  /** @throws when there is no such origin, proxy or certificate */
  private poolFor({ origin, tls, proxy }: OutboundRequest): OriginPool {
    if (this.closed) throw new GatewayError('SLUICE_ERR_GATEWAY_CLOSING')
    const key = tls === undefined && proxy === undefined ? origin : `${origin} ${proxy ?? String(proxy)} ${this.keyOf(tls)}`
    const known = this.pools.get(key)
    if (known !== undefined) {
      this.pools.delete(key)
      this.pools.set(key, known)
      return known
    }
    const url = new URL(origin)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`unsupported protocol scheme in ${origin}`)
    if (url.username !== '' || url.password !== '') throw new TypeError('an origin has no user information')
    const pool = new OriginPool(url.origin, {
      ...this.settings,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
      ...(tls?.serverName === undefined ? {} : { serverName: tls.serverName }),
      ...(proxy === undefined ? {} : { proxy })
    })
    this.makeRoom()
    this.pools.set(key, pool)
    return pool
  }

  /** @throws GatewayError when every pool has calls */
  private makeRoom(): void {
    if (this.pools.size < MOST_POOLS) return
    for (const [key, pool] of this.pools) {
      if (pool.pending > 0) continue
      this.pools.delete(key)
      void pool.close()
      return
    }
    throw new GatewayError('SLUICE_ERR_GATEWAY_QUEUE_FULL', { message: `plugins call ${MOST_POOLS} servers at a time` })
  }

  private keyOf(tls: OutboundTls | undefined): string {
    if (tls === undefined) return ''
    const known = this.tlsKeys.get(tls)
    if (known !== undefined) return known
    const { insecure, roots, certificate, key, serverName } = tls
    const text = JSON.stringify([insecure, roots, certificate, key, serverName])
    const made = createHash('sha256').update(text).digest('base64')
    this.tlsKeys.set(tls, made)
    return made
  }
}

/** The scope of one call: over when the call is. */
class CallScope extends Scope implements OutboundCall {
  private readonly ender: AbortSignal | undefined
  private readonly aborted = (): void => this.cancel(abortReason(this.ender!))

  constructor(wheel: TimerWheel, parent: Scope | undefined, ender: AbortSignal | undefined) {
    super(wheel, parent)
    this.ender = ender
    if (ender?.aborted === true) this.aborted()
    else ender?.addEventListener('abort', this.aborted, { once: true })
  }

  override cancel(reason: GatewayError = CANCELLED): void {
    this.ender?.removeEventListener('abort', this.aborted)
    super.cancel(reason)
  }

  /** The call is registered here alone: with it everything is over. */
  override remove(child: Cancellable): void {
    super.remove(child)
    this.close()
  }

  override close(): void {
    this.ender?.removeEventListener('abort', this.aborted)
    super.close()
  }
}

class OutcomeReceiver implements ResponseReceiver {
  private readonly receiver: OutboundReceiver
  private readonly scope: CallScope
  private readonly unzips: boolean

  constructor(receiver: OutboundReceiver, scope: CallScope, unzips: boolean) {
    this.receiver = receiver
    this.scope = scope
    this.unzips = unzips
  }

  receive(response: ResponseMessage): void {
    const zipped = this.unzips && !response.bodiless && /^gzip$/i.test(fieldOf(response.raw, 'content-encoding') ?? '')
    if (zipped) response.body.undoEncoding()
    this.receiver.receive(response, zipped)
  }

  reject(error: unknown): void {
    this.scope.close()
    this.receiver.reject(requestFailure(error))
  }
}

/** As Go's transport: a client that asks for a coding or a part by itself gets what it asked for. */
function mayAskForGzip({ method, fields }: OutboundRequest): boolean {
  return method !== 'HEAD' && fieldOf(fields, 'accept-encoding') === undefined && fieldOf(fields, 'range') === undefined
}

function tlsOptions({ insecure, roots, certificate, key }: OutboundTls): UpstreamTlsOptions {
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: insecure !== true,
    ...(roots === undefined ? {} : { ca: roots }),
    ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key })
  }
}

function abortReason({ reason }: AbortSignal): GatewayError {
  return reason instanceof GatewayError ? reason : CANCELLED
}
