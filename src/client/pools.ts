import { Deadline } from '../telemetry/timer-wheel.js'
import { OriginPool, type PoolSettings } from './pool.js'

/** How often idle connections are counted, ms. */
const SWEEP_MS = 1_000

/** All pools of one gateway, one per origin, made when first named. Closed with the gateway. */
export class UpstreamPools {
  private readonly settings: PoolSettings
  private readonly pools = new Map<string, OriginPool>()
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
    const pool = this.pools.get(url.origin) ?? new OriginPool(url.origin, this.settings)
    this.pools.set(url.origin, pool)
    this.pools.set(origin, pool)
    return pool
  }

  /** The pool of an origin that some backend named, undefined for all others. */
  known(origin: string): OriginPool | undefined {
    return this.pools.get(origin)
  }

  /** All pools, each once. */
  all(): ReadonlySet<OriginPool> {
    return new Set(this.pools.values())
  }

  /** Keeps `max_idle_connections` and `max_idle_connections_per_host`. */
  private sweep(): void {
    const { maxIdleConnections, maxIdleConnectionsPerHost } = this.settings.transport
    let left = maxIdleConnections > 0 ? maxIdleConnections : Number.POSITIVE_INFINITY
    for (const pool of this.all()) left -= pool.keepIdle(Math.min(left, maxIdleConnectionsPerHost))
    this.settings.wheel.schedule(this.sweeper, SWEEP_MS)
  }

  async close(): Promise<void> {
    this.settings.wheel.cancel(this.sweeper)
    await Promise.all([...this.all()].map(pool => pool.close()))
    this.pools.clear()
  }
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
