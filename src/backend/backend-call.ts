/**
 * One backend as a callable: builds the request, chooses a host, sends it, hands on what comes back.
 *
 * In: the endpoint's request, its parameters, a scope. Out: the upstream's response, any status, or its data; a GatewayError
 * when there is none. With stages a request object goes through them to the transport; without, the call is made at once.
 */

import type { OriginPool } from '../client/pool.js'
import type { CallPlan } from '../client/response-call.js'
import { GatewayError } from '../errors.js'
import { fieldOf, type RawFields } from '../http/fields.js'
import { NO_PARAMS } from '../http/path.js'
import { addHandshake } from '../http/upgrade-fields.js'
import { requestFailure } from '../http/upstream-failure.js'
import { BufferSource } from '../message/byte-flow.js'
import { RequestMessage } from '../message/request.js'
import type { Scope } from '../message/scope.js'
import { WatchedReceiver } from '../pipe/measure.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import { type Step, StepReceiver, type Work } from '../pipe/step.js'
import type { PipeWatch } from '../telemetry/observer.js'
import type { BackendAddress } from './address.js'
import type { WholeReceive } from './decoded.js'
import { PartCall } from './part-call.js'
import type { CallBody, Transport } from './transport.js'

/** What an endpoint calls to ask one backend. */
export interface BackendCall {
  /** Sends one request; `receiver` is called as {@link Step.send} says. */
  send(
    request: RequestMessage,
    params: Readonly<Record<string, string>> | undefined,
    body: CallBody,
    scope: Scope,
    receiver: ResponseReceiver
  ): void
}

/** What boot decided for the calls of one backend. */
export interface UpstreamPlan {
  readonly address: BackendAddress
  readonly transport: Transport
  readonly calls: CallPlan
  /** Transport, client stages, decoding, backend stages; undefined without stages: no request object is made then. */
  readonly staged: Step | undefined
  /** Judges, decodes and shapes a response; undefined under no-op. */
  readonly receive: Work | undefined
  /** For calls without stages that read the whole body themselves. */
  readonly whole: WholeReceive | undefined
  /** The gateway asks for gzip by itself. */
  readonly acceptGzip: boolean
  /** bytes; most that a message's body may hold in memory. */
  readonly limit: number
}

/** Calls one backend. */
export class UpstreamBackend implements BackendCall {
  private readonly plan: UpstreamPlan

  constructor(plan: UpstreamPlan) {
    this.plan = plan
  }

  send(
    request: RequestMessage,
    params: Readonly<Record<string, string>> | undefined,
    body: CallBody,
    scope: Scope,
    receiver: ResponseReceiver
  ): void {
    const { address, transport, calls, staged, receive, whole } = this.plan
    let pool: OriginPool
    let path: string
    let raw: RawFields
    try {
      const host = address.balancer.next()
      if (host === undefined) throw new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST')
      const query = address.pickQuery === undefined ? request.query : address.pickQuery(request.query)
      const prefix = address.resolve(host)
      pool = prefix.pool
      path = prefix.base + address.target(params ?? NO_PARAMS, query)
      raw = this.fieldsOf(request)
    } catch (cause) {
      return receiver.reject(requestFailure(cause))
    }
    if (staged === undefined) {
      const { exchange } = request
      exchange.upstream = pool.origin
      const sent = exchange.offer === undefined ? body : undefined
      if (whole !== undefined && (sent === undefined || Buffer.isBuffer(sent))) {
        const call = new PartCall(calls, scope, whole, receiver, request.span)
        return call.start(pool, address.method, path, raw, sent?.length === 0 ? undefined : sent)
      }
      const decoding = receive === undefined ? receiver : new StepReceiver(receive, request, receiver)
      return transport.callFor(request, scope, decoding).start(pool, address.method, path, raw, sent)
    }
    // a body that was read for several calls is no longer the request's own
    const own = request.sole && scope === request.scope && body === request.bodySource
    const asked = own ? request : this.requestObject(request, params, body, scope)
    staged.send(asked.retarget(address.method, path, pool.origin, raw), receiver)
  }

  private fieldsOf(request: RequestMessage): RawFields {
    const { address, staged, acceptGzip } = this.plan
    let raw: RawFields
    if (address.pickFields !== undefined) {
      raw = address.pickFields(request.raw)
      if (request.exchange.offer !== undefined) addHandshake(raw, request.raw)
    } else if (staged !== undefined) raw = request.sole ? request.raw : request.raw.slice()
    else raw = request.lendRaw()
    return acceptGzip && fieldOf(raw, 'accept-encoding') === undefined ? [...raw, 'Accept-Encoding', 'gzip'] : raw
  }

  /** A request object for one backend, to be given its target. */
  private requestObject(
    { exchange, span }: RequestMessage,
    params: Readonly<Record<string, string>> | undefined,
    body: CallBody,
    scope: Scope
  ): RequestMessage {
    const source = body === undefined ? undefined : 'flow' in body ? body : new BufferSource(body)
    const known = params as Record<string, string> | undefined
    return new RequestMessage({
      exchange,
      scope,
      span,
      method: '',
      target: '',
      path: '',
      query: '',
      routePath: '',
      origin: undefined,
      raw: undefined,
      params: known,
      source,
      limit: this.plan.limit
    })
  }
}

/** A backend whose transport is not there: every call fails before it is made. */
export class FailingBackend implements BackendCall {
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  send(_request: unknown, _params: unknown, _body: unknown, _scope: unknown, receiver: ResponseReceiver): void {
    receiver.reject(new GatewayError('SLUICE_ERR_UPSTREAM_REQUEST', { message: this.text }))
  }
}

/** Tells `watch` how long each call takes, and what comes of it. */
export class WatchedBackend implements BackendCall {
  private readonly inner: BackendCall
  private readonly watch: PipeWatch

  constructor(inner: BackendCall, watch: PipeWatch) {
    this.inner = inner
    this.watch = watch
  }

  send(
    request: RequestMessage,
    params: Readonly<Record<string, string>> | undefined,
    body: CallBody,
    scope: Scope,
    receiver: ResponseReceiver
  ): void {
    if (this.watch.meter === undefined && request.span === undefined) {
      return this.inner.send(request, params, body, scope, receiver)
    }
    const watched = new WatchedReceiver(this.watch, request, receiver)
    this.inner.send(request, params, body, scope, watched)
    // a request object that other backends get too: by now the call, or a request object of its own, has taken the span over
    if (!request.sole) watched.leave()
  }
}
