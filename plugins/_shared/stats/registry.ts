/** What the gateway counts: shown by `/__stats` under KrakenD's names, and sent to InfluxDB. */

import type { ObservedExchange, PipeMeter, PipeOutcome } from 'sluice/plugin'
import { Sample } from './sample.js'

/** Takes a name and its value. */
export type Put = (name: string, value: number) => void

/** Puts a histogram's fields. */
export function putSample(put: Put, name: string, sample: Sample): void {
  for (const [field, value] of sample.summary()) put(`${name}.${field}`, value)
}

/** The responses of one endpoint. */
export interface RouteStats {
  /** As KrakenD names the endpoint, `/x/:id`. */
  readonly label: string
  readonly statuses: Map<number, number>
  readonly size: Sample
  readonly time: Sample
}

export interface ConnectionCounts {
  readonly current: number
  readonly gauge: number
  readonly total: number
}

const NANOSECONDS = 1_000_000
/** The client went away before a response. */
const ABORTED = 499

/** `krakend.router.…`: exchanges, and the responses of each endpoint. */
export class RouterStats {
  private connected = 0
  private disconnected = 0
  private connectedTotal = 0
  private disconnectedTotal = 0
  private connectedBefore = 0
  private disconnectedBefore = 0
  private readonly routes = new Map<string, RouteStats>()

  /** @param path as configured @param label as KrakenD names it, `/x/:id` */
  addRoute(path: string, label: string): void {
    if (!this.routes.has(path)) this.routes.set(path, { label, statuses: new Map(), size: new Sample(), time: new Sample() })
  }

  readonly started = (): void => {
    this.connected++
  }

  readonly finished = (exchange: ObservedExchange): void => {
    this.disconnected++
    const route = this.routes.get(exchange.route)
    if (route === undefined) return
    const status = exchange.error?.code === 'SLUICE_ERR_CLIENT_ABORTED' ? ABORTED : exchange.status
    route.statuses.set(status, (route.statuses.get(status) ?? 0) + 1)
    route.size.record(exchange.bytesOut)
    route.time.record(Math.round((performance.now() - exchange.startedAt) * NANOSECONDS))
  }

  /** Ends one collection time: what was counted in it becomes the gauge and adds to the total. */
  collect(): void {
    this.connectedBefore = this.connected
    this.disconnectedBefore = this.disconnected
    this.connectedTotal += this.connected
    this.disconnectedTotal += this.disconnected
    this.connected = 0
    this.disconnected = 0
  }

  /** The responses of every endpoint. */
  answers(): Iterable<RouteStats> {
    return this.routes.values()
  }

  /** Requests begun: in this collection time, in the one before, in all that are over. */
  begun(): ConnectionCounts {
    return { current: this.connected, gauge: this.connectedBefore, total: this.connectedTotal }
  }

  /** Requests ended. */
  ended(): ConnectionCounts {
    return { current: this.disconnected, gauge: this.disconnectedBefore, total: this.disconnectedTotal }
  }

  put(put: Put): void {
    for (const [name, { current, gauge, total }] of [
      ['connected', this.begun()],
      ['disconnected', this.ended()]
    ] as const) {
      put(`krakend.router.${name}`, current)
      put(`krakend.router.${name}-gauge`, gauge)
      put(`krakend.router.${name}-total`, total)
    }
    for (const { label, statuses, size, time } of this.routes.values()) {
      const name = `krakend.router.response.${label}`
      put(`${name}.status`, 0)
      for (const [status, count] of statuses) put(`${name}.status.${status}.count`, count)
      putSample(put, `${name}.size`, size)
      putSample(put, `${name}.time`, time)
    }
  }
}

const KINDS = [
  'complete.true.error.true',
  'complete.true.error.false',
  'complete.false.error.true',
  'complete.false.error.false'
] as const
type Kind = (typeof KINDS)[number]

const KIND_OF: Readonly<Record<PipeOutcome, Kind>> = {
  complete: 'complete.true.error.false',
  incomplete: 'complete.false.error.false',
  failed: 'complete.false.error.true',
  canceled: 'complete.false.error.true'
}

/** Runs of pipes of one name that ended alike. */
export interface PipeStats {
  readonly layer: 'pipe' | 'backend'
  readonly name: string
  readonly kind: Kind
  readonly sample: Sample
}

/** `krakend.proxy.…`: runs of pipes; pipes of one name are counted together. */
export class ProxyStats {
  private readonly pipes = new Map<string, PipeStats>()

  meter(layer: 'pipe' | 'backend', name: string): PipeMeter {
    const byKind = new Map<Kind, Sample>()
    for (const kind of KINDS) {
      const labels = `layer.${layer}.name.${name}.${kind}`
      const pipe = this.pipes.get(labels) ?? { layer, name, kind, sample: new Sample() }
      this.pipes.set(labels, pipe)
      byKind.set(kind, pipe.sample)
    }
    return (ms, outcome) => byKind.get(KIND_OF[outcome])!.record(Math.round(ms * NANOSECONDS))
  }

  runs(): Iterable<PipeStats> {
    return this.pipes.values()
  }

  put(put: Put): void {
    for (const [labels, { sample }] of this.pipes) {
      put(`krakend.proxy.requests.${labels}`, sample.count)
      putSample(put, `krakend.proxy.latency.${labels}`, sample)
    }
  }
}
