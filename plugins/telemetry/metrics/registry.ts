/** What `/__stats` shows: names as KrakenD gives them, values as they are when it is asked. */

import type { ObservedExchange, PipeMeter, PipeOutcome } from 'sluice/plugin'
import { Sample } from './sample.js'

/** Takes a name and its value. */
export type Put = (name: string, value: number) => void

/** Puts a histogram's fields. */
export function putSample(put: Put, name: string, sample: Sample): void {
  for (const [field, value] of sample.summary()) put(`${name}.${field}`, value)
}

interface Route {
  readonly label: string
  readonly statuses: Map<number, number>
  readonly size: Sample
  readonly time: Sample
}

const NANOSECONDS = 1_000_000
/** The client went away before an answer. */
const ABORTED = 499

/** `krakend.router.…`: exchanges, and the answers of each endpoint. */
export class RouterStats {
  private connected = 0
  private disconnected = 0
  private connectedTotal = 0
  private disconnectedTotal = 0
  private connectedBefore = 0
  private disconnectedBefore = 0
  private readonly routes = new Map<string, Route>()

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

  put(put: Put): void {
    put('krakend.router.connected', this.connected)
    put('krakend.router.connected-gauge', this.connectedBefore)
    put('krakend.router.connected-total', this.connectedTotal)
    put('krakend.router.disconnected', this.disconnected)
    put('krakend.router.disconnected-gauge', this.disconnectedBefore)
    put('krakend.router.disconnected-total', this.disconnectedTotal)
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

/** `krakend.proxy.…`: runs of pipes; pipes of one name are counted together. */
export class ProxyStats {
  private readonly samples = new Map<string, Sample>()

  meter(layer: 'pipe' | 'backend', name: string): PipeMeter {
    const byKind = new Map<Kind, Sample>()
    for (const kind of KINDS) {
      const labels = `layer.${layer}.name.${name}.${kind}`
      const sample = this.samples.get(labels) ?? new Sample()
      this.samples.set(labels, sample)
      byKind.set(kind, sample)
    }
    return (ms, outcome) => byKind.get(KIND_OF[outcome])!.record(Math.round(ms * NANOSECONDS))
  }

  put(put: Put): void {
    for (const [labels, sample] of this.samples) {
      put(`krakend.proxy.requests.${labels}`, sample.count)
      putSample(put, `krakend.proxy.latency.${labels}`, sample)
    }
  }
}
