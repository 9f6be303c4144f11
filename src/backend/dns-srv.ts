/**
 * Hosts from DNS SRV records (`sd: "dns"`).
 *
 * In: the name of the records. Out: a balancer over what they say, kept fresh: the lookup is repeated every TTL of the configuration,
 * whatever the TTL of the records, while the gateway lives. A lookup that fails or finds nothing keeps the list that was.
 *
 * Only the targets of the lowest priority count; weights become how often a target stands in the list. Unlike KrakenD, a zone whose
 * weights are all 0 (Kubernetes writes such) means equal shares instead of no hosts. A small weight beside large ones
 * keeps at least one place. The final dot of a target does not end up in the URL.
 */

import { Resolver, type SrvRecord } from 'node:dns'
import { type Balancer, type BalancerOptions, createBalancer } from './balancer.js'

/** Looks SRV records up; rejects when there are none. */
export type ResolveSrv = (name: string) => Promise<SrvRecord[]>

export interface SrvOptions extends BalancerOptions {
  /** The full SRV name: `_api._tcp.example.org`. */
  readonly name: string
  /** `http` or `https`. */
  readonly scheme: string
  /** Time between lookups, ms. */
  readonly ttlMs: number
  /** Default: the system's resolvers. */
  readonly resolve?: ResolveSrv
  /** Told of each lookup that failed; the gateway goes on. */
  readonly onError?: (error: Error) => void
}

/** A balancer whose list changes. Its creator closes it. */
export interface SrvBalancer extends Balancer {
  /** Resolves after the first lookup, whatever it found; never rejects. */
  readonly ready: Promise<void>
  /** Ends the lookups; the last list stays. */
  close(): void
}

/** Creates a balancer over SRV records and starts its first lookup. Until one succeeds it has no host. */
export function createSrvBalancer(options: SrvOptions): SrvBalancer {
  return new LiveBalancer(options)
}

class LiveBalancer implements SrvBalancer {
  readonly ready: Promise<void>
  private readonly options: SrvOptions
  private readonly resolve: ResolveSrv
  private readonly resolver: Resolver | undefined
  private current: Balancer
  /** The list as text, to keep the turn of an unchanged one. */
  private known = ''
  private timer: NodeJS.Timeout | undefined
  private closed = false

  constructor(options: SrvOptions) {
    this.options = options
    this.resolver = options.resolve === undefined ? new Resolver() : undefined
    this.resolve = options.resolve ?? resolveWith(this.resolver!)
    this.current = createBalancer([], options)
    this.ready = this.refresh()
  }

  next(): string | undefined {
    return this.current.next()
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.resolver?.cancel()
  }

  private async refresh(): Promise<void> {
    try {
      const hosts = selectHosts(await this.resolve(this.options.name), this.options)
      if (hosts.length === 0) throw new Error(`no SRV records for ${this.options.name}`)
      this.use(hosts)
    } catch (error) {
      if (!this.closed) this.options.onError?.(error as Error)
    }
    if (this.closed) return
    this.timer = setTimeout(() => void this.refresh(), this.options.ttlMs)
    this.timer.unref()
  }

  private use(hosts: readonly string[]): void {
    const text = hosts.join(' ')
    if (this.closed || text === this.known) return
    this.known = text
    this.current = createBalancer(
      hosts.length > MAX_PLACES ? shuffle(hosts, this.options.random ?? Math.random) : hosts,
      this.options
    )
  }
}

/** Makes a lookup of a resolver of `node:dns`. */
export function resolveWith(resolver: Resolver): ResolveSrv {
  return name =>
    new Promise((resolve, reject) => {
      resolver.resolveSrv(name, (error, records) => (error === null ? resolve(records) : reject(error)))
    })
}

/** Places in the list that weights are scaled to; more only when there are more targets. */
const MAX_PLACES = 100

/** A target goes into a URL: nothing but the letters of host names; the bare dot of "no service here" (RFC 2782) is none. */
const HOST_NAME = /^[a-z0-9_][a-z0-9_.-]*$/i

/** Turns records into a list of hosts, in which each stands as often as its weight says. */
export function selectHosts(records: readonly SrvRecord[], { scheme }: Pick<SrvOptions, 'scheme'>): string[] {
  const lowest = records.reduce((least, record) => Math.min(least, record.priority), Number.POSITIVE_INFINITY)
  const group = records.filter(record => record.priority === lowest && HOST_NAME.test(record.name)).sort(byWeight)
  const places = placesOf(group.map(record => record.weight))
  return group.flatMap((record, i) =>
    new Array<string>(places[i]!).fill(`${scheme}://${record.name.replace(/\.$/, '')}:${record.port}`)
  )
}

function byWeight(a: SrvRecord, b: SrvRecord): number {
  return b.weight - a.weight || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.port - b.port)
}

function placesOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  if (sum === 0) return weights.map(() => 1)
  const most = Math.max(MAX_PLACES, weights.length)
  const scaled =
    sum <= most ? [...weights] : weights.map(weight => (weight === 0 ? 0 : Math.max(1, Math.floor((weight * most) / sum))))
  const divisor = scaled.reduce(gcd, 0)
  return scaled.map(weight => weight / divisor)
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

function shuffle(hosts: readonly string[], random: () => number): string[] {
  const list = [...hosts]
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const host = list[i]!
    list[i] = list[j]!
    list[j] = host
  }
  return list
}
