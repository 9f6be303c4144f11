import type { BackendConfig } from '../config/types.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../telemetry/logger.js'
import { type Balancer, createBalancer } from './balancer.js'
import { createSrvBalancer } from './dns-srv.js'

/** What balancers of one gateway depend on. */
export interface BackendBalancerOptions {
  readonly cpus: number
  /** ms that SRV records are kept. */
  readonly dnsCacheTtlMs: number
  /** Returns what a configuration before this one has opened under the same key, or opens it. The logger outlives the configuration. */
  readonly keep: <T extends object>(key: string, open: (logger: Logger) => T) => T
}

/** The balancer over a backend's hosts, or over those that its SRV records name. */
export function balancerFor(backend: BackendConfig, options: BackendBalancerOptions): Balancer {
  const { cpus, dnsCacheTtlMs, keep } = options
  if (backend.sd !== 'dns') return createBalancer(backend.hosts, { cpus })
  const [host = ''] = backend.hosts
  const name = host.replace(/^https?:\/\//, '').replace(/\/$/, '')
  // each backend has its own, as its turn among the hosts is its own
  return keep(`dns srv ${JSON.stringify([backend.pointer, name, backend.sdScheme, dnsCacheTtlMs])}`, logger =>
    createSrvBalancer({
      name,
      scheme: backend.sdScheme,
      cpus,
      ttlMs: dnsCacheTtlMs,
      onError: error => logger.warning(`[SERVICE: DNS SRV] ${host}: ${messageOf(error)}`)
    })
  )
}
