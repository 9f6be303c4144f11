/**
 * How a component watches the gateway without standing in its pipes: exchanges, the pipes of endpoints and backends, calls to
 * upstreams, the time that stages take. What no observer watches is not measured; pipes that are watched keep their shape.
 */

import type { IncomingMessage } from 'node:http'
import type { CallWatch, CallWatchers } from './call-trace.js'
import type { BackendFacts, EndpointFacts, StagePlace } from './facts.js'
import type { FinishedExchange } from './finished-exchange.js'
import type { Admission, CallTracer, PipeOutcome, PipeTracer, ServerSpan, Span, StageTracer } from './span.js'
import type { StatusSource } from './status.js'

/** An exchange that is over, as meters see it. */
export interface ObservedExchange extends FinishedExchange {
  /** `performance.now()` when the request line was read. */
  readonly startedAt: number
  /** Its trace; undefined = it is not recorded. */
  readonly span?: ServerSpan | undefined
}

/** Called for each run of a pipe: ms until its response's head (pass-through) or data, and its span. Must not throw. */
export type PipeMeter = (ms: number, outcome: PipeOutcome, span?: Span) => void

/**
 * Called for each run of a stage: ms that it took, without what it waited for further in, and whether it failed by itself. An error that
 * came from further in is no failure of the stage. Must not throw.
 */
export type StageMeter = (ms: number, failed: boolean) => void

/** Who measures a pipe, and who records it. */
export interface PipeWatch {
  /** Undefined = not measured. */
  readonly meter: PipeMeter | undefined
  /** Undefined = not recorded. */
  readonly tracer: PipeTracer | undefined
}

/** Who measures a stage, and who records it. */
export interface StageWatch {
  /** Undefined = not measured. */
  readonly meter: StageMeter | undefined
  /** Undefined = not recorded. */
  readonly tracer: StageTracer | undefined
}

/** Decides which exchanges are recorded, and opens spans. Places are asked at boot; undefined = no spans. */
export interface Tracer {
  /**
   * Called when a request line has been read. undefined: not recorded. May add fields to the request.
   * @param clientAddress after trusted proxies
   */
  begin(req: IncomingMessage, clientAddress: string): ServerSpan | undefined
  /** Undefined = what {@link begin} decided counts. */
  admission(endpoint: EndpointFacts): Admission | undefined
  /** Spans of an endpoint's pipe. */
  proxy(endpoint: EndpointFacts): PipeTracer | undefined
  /** Spans of one backend with all that stands around it. */
  backend(endpoint: EndpointFacts, backend: BackendFacts): PipeTracer | undefined
  /** Spans of the calls of one backend. */
  call(endpoint: EndpointFacts, backend: BackendFacts): CallTracer | undefined
  /** Spans of a component or plugin, by its name. */
  stage(place: StagePlace, name: string): StageTracer | undefined
}

/** State of the connections to one origin. */
export interface PoolState {
  /** `http://host:port` */
  readonly origin: string
  /** '' for connections as the root has them; a number for backends with a `client_tls` or `proxy_address` of their own. */
  readonly settingsName: string
  /** Open connections. */
  readonly connections: number
  /** Most connections. */
  readonly maxConnections: number
  /** Most calls that may wait for one. */
  readonly maxQueued: number
  /** Calls under way or waiting. */
  readonly pending: number
  /** Open connections that have changed their protocol. */
  readonly tunnels: number
  /** Calls ever started. */
  readonly total: number
  /** Calls refused because the queue was full. */
  readonly refused: number
}

/** A number that a component keeps anyway, for what shows metrics. Those with the same name and labels are added up. */
export interface ComponentMetric {
  /** As Prometheus names metrics, `sluice_…`. */
  readonly name: string
  /** One sentence on what is counted. */
  readonly help: string
  /** `counter` only grows. */
  readonly type: 'gauge' | 'counter'
  /** [] = none. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  /** Called when metrics are read. */
  readonly read: () => number
}

/** Watches one gateway. Every member is asked at boot; undefined = not measured. */
export interface GatewayObserver {
  /** Called when a request line has been read; each has its `finished`. */
  readonly started?: () => void
  /** Called when the exchange is over. */
  readonly finished?: (exchange: ObservedExchange) => void
  /** The endpoint's pipe: all backends, their merge, checks and modifiers; not auth and limits. */
  readonly proxy?: (endpoint: EndpointFacts) => PipeMeter | undefined
  /** One backend with all that stands around it. */
  readonly backend?: (endpoint: EndpointFacts, backend: BackendFacts) => PipeMeter | undefined
  /** The calls of one backend as they go out. */
  readonly call?: (endpoint: EndpointFacts, backend: BackendFacts) => CallWatch | undefined
  /** A component or plugin, by its name. */
  readonly stage?: (place: StagePlace, name: string) => StageMeter | undefined
  /** Records exchanges. A gateway has one tracer: the first that an observer brings. */
  readonly tracer?: Tracer
}

/** All observers of one gateway. */
export class Observers {
  /** Set when the gateway has its pools. */
  pools: () => Iterable<PoolState> = () => []
  /** What components offer; complete when the gateway is built. */
  readonly metrics: ComponentMetric[] = []
  /** What components show of their state. */
  readonly sources: StatusSource[] = []
  private readonly list: GatewayObserver[]

  constructor(list: readonly GatewayObserver[] = []) {
    this.list = [...list]
  }

  add(observer: GatewayObserver): void {
    this.list.push(observer)
  }

  get isEmpty(): boolean {
    return this.list.length === 0
  }

  /** Undefined = no observer listens, as with all that follow. */
  started(): (() => void) | undefined {
    const all = defined(this.list.map(one => one.started))
    return all.length < 2 ? all[0] : () => all.forEach(tell => void tell())
  }

  finished(): ((exchange: ObservedExchange) => void) | undefined {
    return joined(this.list.map(one => one.finished))
  }

  /** Who decides whether an exchange is recorded. */
  get tracer(): Tracer | undefined {
    return this.list.find(one => one.tracer !== undefined)?.tracer
  }

  admission(endpoint: EndpointFacts): Admission | undefined {
    return this.tracer?.admission(endpoint)
  }

  proxy(endpoint: EndpointFacts): PipeWatch | undefined {
    return watchOf(joinedMeter(this.list.map(one => one.proxy?.(endpoint))), this.tracer?.proxy(endpoint))
  }

  backend(endpoint: EndpointFacts, backend: BackendFacts): PipeWatch | undefined {
    const meter = joinedMeter(this.list.map(one => one.backend?.(endpoint, backend)))
    return watchOf(meter, this.tracer?.backend(endpoint, backend))
  }

  /** Calls have a watch wherever there is a tracer: upstreams are told of the exchange's trace. */
  call(endpoint: EndpointFacts, backend: BackendFacts): CallWatchers | undefined {
    const ended = joined(this.list.map(one => one.call?.(endpoint, backend)?.ended))
    const { tracer } = this
    return ended === undefined && tracer === undefined ? undefined : { ended, tracer: tracer?.call(endpoint, backend) }
  }

  stage(place: StagePlace, name: string): StageWatch | undefined {
    return watchOf(joinedStage(this.list.map(one => one.stage?.(place, name))), this.tracer?.stage(place, name))
  }
}

function watchOf<M, T>(meter: M | undefined, tracer: T | undefined): { meter: M | undefined; tracer: T | undefined } | undefined {
  return meter === undefined && tracer === undefined ? undefined : { meter, tracer }
}

function defined<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter(item => item !== undefined)
}

function joined<A>(functions: readonly (((value: A) => void) | undefined)[]): ((value: A) => void) | undefined {
  const all = defined(functions)
  if (all.length < 2) return all[0]
  return value => {
    for (const tell of all) tell(value)
  }
}

function joinedMeter(meters: readonly (PipeMeter | undefined)[]): PipeMeter | undefined {
  const all = defined(meters)
  if (all.length < 2) return all[0]
  return (ms, outcome, span) => {
    for (const tell of all) tell(ms, outcome, span)
  }
}

function joinedStage(meters: readonly (StageMeter | undefined)[]): StageMeter | undefined {
  const all = defined(meters)
  if (all.length < 2) return all[0]
  return (ms, failed) => {
    for (const tell of all) tell(ms, failed)
  }
}
