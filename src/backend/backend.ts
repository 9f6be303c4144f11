/** Compiles one backend of an endpoint, from the inside out: call, client stages, decoding, backend stages. */

import type { UpstreamPools } from '../client/pools.js'
import type { CallPlan } from '../client/response-call.js'
import type { BackendConfig } from '../config/types.js'
import { decoderFor, decoderName } from '../encoding/decoders.js'
import type { Decoder } from '../encoding/types.js'
import type { PipeBackend, PipeStage } from '../pipe/description.js'
import { type Layer, layered, type Pipe } from '../pipe/layer.js'
import { type Work, WorkStep } from '../pipe/step.js'
import type { BackendLayers } from '../plugin/run/layers.js'
import { type BackendAddress, compileAddress } from './address.js'
import { type BackendCall, FailingBackend, UpstreamBackend, WatchedBackend } from './backend-call.js'
import type { Balancer } from './balancer.js'
import { compileReceive, type Receiver } from './decoded.js'
import { PartStep } from './part-step.js'
import { Transport } from './transport.js'

/** What an endpoint wants of one of its backends. */
export interface BackendRole {
  /** The endpoint is no-op: the upstream's bytes go on as they come. */
  readonly passthrough: boolean
  /** bytes; most that is held of a body, decoded. */
  readonly limit: number
  /** ms that a body may stand still; 0 where the endpoint's timeout covers it. */
  readonly idleMs: number
  /** Interim responses go on to the client: one call stands for the exchange. */
  readonly informs: boolean
  /** The endpoint can send a body that is shaped while it flows: nothing else needs the data. */
  readonly mayStream: boolean
  /** The output wants the bare collection (`json-collection`), when the body is streamed. */
  readonly bareCollection: boolean
  /** A later backend of the sequence wants the whole text of this no-op one (`sequential_propagated_params: ["resp0"]`). */
  readonly keepText: boolean
}

/** What backends are built from; one per gateway. */
export interface BackendDeps {
  readonly pools: UpstreamPools
  /** Made once per backend; kept by the gateway to be closed. */
  readonly balancerFor: (backend: BackendConfig) => Balancer
  readonly userAgent: string
  /** The gateway asks decoded backends for gzip by itself (unless `disable_compression`). */
  readonly acceptGzip: boolean
  /** Encodings added in code. */
  readonly decoders: ReadonlyMap<string, Decoder>
}

/** One compiled backend. */
export interface BackendPipe {
  readonly call: BackendCall
  readonly address: BackendAddress
  readonly layers: BackendLayers
  /** A body may be sent on before it has ended. */
  readonly streams: boolean
  readonly description: PipeBackend
}

export function compileBackend(backend: BackendConfig, role: BackendRole, deps: BackendDeps, layers: BackendLayers): BackendPipe {
  const pools = deps.pools.ofClient(backend.httpClient)
  const address = compileAddress(backend, pools, deps.balancerFor(backend), deps.userAgent)
  const described = (stages: readonly PipeStage[]): PipeBackend => ({
    method: backend.method,
    target: `${backend.hosts.join(' | ') || backend.sd}${backend.urlPattern}`,
    stages
  })
  if (backend.broken !== undefined) {
    const stage: PipeStage = { name: 'fails every call', place: 'backend/call', holdsBody: 'no', note: backend.broken }
    return { call: new FailingBackend(backend.broken), address, layers, streams: false, description: described([stage]) }
  }
  const { limit, idleMs, informs, passthrough } = role
  const calls: CallPlan = { redirects: address.redirects, watch: layers.calls, idleMs, limit, informs }
  const transport = new Transport(pools, calls)
  const receiver = passthrough ? undefined : compileReceiver(backend, role, deps.decoders, layers)
  const receive: Work | undefined = receiver && ((response, { scope }) => receiver.receive(response, scope))
  const called: Pipe = { step: transport, stages: [callStage(role)], backends: [] }
  const whole = layers.transport === undefined ? receiver?.whole : undefined
  const decoding: Layer | undefined = receiver &&
    receive && {
      wrap: inner => {
        const decoded = new WorkStep(inner, receive)
        return whole === undefined ? decoded : new PartStep(pools, calls, whole, decoded)
      },
      stages: receiver.stages
    }
  const pipe = layered(called, layers.transport, decoding, layers.decoded)
  const hasStages = layers.transport !== undefined || layers.decoded !== undefined
  const call = new UpstreamBackend({
    address,
    transport,
    calls,
    staged: hasStages ? pipe.step : undefined,
    receive,
    whole: receiver?.whole,
    acceptGzip: deps.acceptGzip && !passthrough,
    limit
  })
  return {
    call: layers.watch === undefined ? call : new WatchedBackend(call, layers.watch),
    address,
    layers,
    streams: passthrough || receiver?.streams === true,
    description: described(pipe.stages)
  }
}

function compileReceiver(
  backend: BackendConfig,
  role: BackendRole,
  decoders: ReadonlyMap<string, Decoder>,
  layers: BackendLayers
): Receiver {
  return compileReceive(backend, {
    decoder: decoderFor(backend.encoding, decoders),
    decoderName: decoderName(backend.encoding, decoders),
    limit: role.limit,
    mayStream: role.mayStream && layers.decoded === undefined,
    bareCollection: role.bareCollection,
    keepText: role.keepText
  })
}

function callStage({ passthrough }: BackendRole): PipeStage {
  return passthrough ? PASSING_CALL : CALL
}

const CALL: PipeStage = { name: 'call', place: 'backend/call', holdsBody: 'no' }
const PASSING_CALL: PipeStage = { ...CALL, note: 'bytes go on as they come' }
