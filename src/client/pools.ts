import { isIP } from 'node:net'
import type { BackendHttpClientConfig, ServiceConfig } from '../config/types.js'
import { Deadline, deadlines } from '../telemetry/timer-wheel.js'
import { OriginPool, type PoolSettings, PoolTotals } from './pool.js'

/** How often idle connections are counted, ms. */
const SWEEP_MS = 1_000

/** Most pools of origins that only redirects named. */
const MOST_VISITED = 64

/** What all pools of a gateway have in common. */
export function poolSettings(
  { transport, router }: ServiceConfig,
  env: NodeJS.ProcessEnv,
  totals = new PoolTotals()
): PoolSettings {
  const { maxConnectionsPerHost: maxConnections, maxQueuedPerHost: maxQueued } = router
  return { transport, maxConnections, maxQueued, wheel: deadlines, env, totals }
}

/** All pools of one gateway, one per origin, made when first named. Closed with the gateway. */
export class UpstreamPools {
  private readonly settings: PoolSettings
  private readonly pools = new Map<string, OriginPool>()
  /** Origins by their hosts, without scheme and port. */
  private readonly hosts = new Map<string, Set<string>>()
  /** Pools of other ports and schemes of {@link hosts} that backends redirected to; the one used last is the last. */
  private readonly visited = new Map<string, OriginPool>()
  /** Pools whose connections have settings of their own, by these. */
  private readonly separate = new Map<string, UpstreamPools>()
  private readonly sweeper: Sweeper

  constructor(settings: PoolSettings) {
    this.settings = settings
    this.sweeper = new Sweeper(() => this.sweep())
    settings.wheel.schedule(this.sweeper, SWEEP_MS)
  }

  /** The pool of `http(s)://host[:port]`, made when it is new. @throws TypeError when `origin` is no such URL */
  get(origin: string): OriginPool {
    const known = this.pools.get(origin)
    if (known !== undefined) return known
    const url = new URL(origin)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`unsupported protocol scheme in ${origin}`)
    const pool = this.pools.get(url.origin) ?? this.visited.get(url.origin) ?? new OriginPool(url.origin, this.settings)
    this.visited.delete(url.origin)
    this.pools.set(url.origin, pool)
    this.pools.set(origin, pool)
    const origins = this.hosts.get(url.hostname)
    if (origins === undefined) this.hosts.set(url.hostname, new Set([url.origin]))
    else origins.add(url.origin)
    return pool
  }

  /** Returns the pools of backends with TLS or a proxy of their own; redirects stay among them. Without either: these. */
  ofClient({ tls, proxyAddress }: Pick<BackendHttpClientConfig, 'tls' | 'proxyAddress'>): UpstreamPools {
    if (tls === undefined && proxyAddress === undefined) return this
    const key = JSON.stringify([tls, proxyAddress])
    const known = this.separate.get(key)
    if (known !== undefined) return known
    const { settings } = this
    const { transport } = settings
    const own = new UpstreamPools({
      ...settings,
      transport: tls === undefined ? transport : { ...transport, tls },
      ...(proxyAddress === undefined ? {} : { proxy: proxyAddress }),
      name: String(this.separate.size + 1)
    })
    this.separate.set(key, own)
    return own
  }

  /**
   * The pool of an origin that a redirect names: any port and scheme of a host that some backend named. Undefined for all
   * others, and when so many ports are in use that no more can be opened. Of a machine with several named ports, only these are reached.
   */
  reach(origin: string): OriginPool | undefined {
    const known = this.pools.get(origin)
    if (known !== undefined) return known
    const { protocol, hostname } = new URL(origin)
    if (protocol !== 'http:' && protocol !== 'https:') return undefined
    const named = this.hosts.get(hostname)
    if (named === undefined || (named.size > 1 && isMachine(hostname))) return undefined
    const pool = this.visited.get(origin) ?? this.openVisited(origin)
    if (pool === undefined) return undefined
    this.visited.delete(origin)
    this.visited.set(origin, pool)
    return pool
  }

  /** Makes room by closing the pool that was not used for the longest time. */
  private openVisited(origin: string): OriginPool | undefined {
    if (this.visited.size >= MOST_VISITED) {
      const unused = [...this.visited].find(([, pool]) => pool.pending === 0 && pool.tunnels === 0)
      if (unused === undefined) return undefined
      this.visited.delete(unused[0])
      void unused[1].close()
    }
    return new OriginPool(origin, this.settings)
  }

  /** All pools, each once, and those of {@link ofClient}. */
  all(): ReadonlySet<OriginPool> {
    return new Set([...this.own(), ...[...this.separate.values()].flatMap(pools => [...pools.all()])])
  }

  private own(): ReadonlySet<OriginPool> {
    return new Set([...this.pools.values(), ...this.visited.values()])
  }

  /** Keeps `max_idle_connections` and `max_idle_connections_per_host`. */
  private sweep(): void {
    const { maxIdleConnections, maxIdleConnectionsPerHost } = this.settings.transport
    let left = maxIdleConnections > 0 ? maxIdleConnections : Number.POSITIVE_INFINITY
    for (const pool of this.own()) left -= pool.keepIdle(Math.min(left, maxIdleConnectionsPerHost))
    this.settings.wheel.schedule(this.sweeper, SWEEP_MS)
  }

  async close(): Promise<void> {
    this.settings.wheel.cancel(this.sweeper)
    const separate = [...this.separate.values()]
    await Promise.all([...this.own(), ...separate].map(pools => pools.close()))
    this.pools.clear()
    this.visited.clear()
    this.separate.clear()
  }
}

/** An address, or this machine itself: with several ports it holds several services, so a port tells them apart. */
function isMachine(hostname: string): boolean {
  return hostname.startsWith('[') || isIP(hostname) !== 0 || hostname === 'localhost' || hostname.endsWith('.localhost')
}

class Sweeper extends Deadline {
  private readonly work: () => void

  constructor(work: () => void) {
    super()
    this.work = work
  }

  override fire(): void {
    this.work()
  }
}
