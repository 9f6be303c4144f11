import type { BackendConfig } from '../config/types.js'
import type { Logger } from '../telemetry/logger.js'
import { type Balancer, createBalancer } from './balancer.js'
import { createSrvBalancer } from './dns-srv.js'

/** What balancers of one gateway depend on. */
export interface BackendBalancerOptions {
  readonly cpus: number
  /** ms that SRV records are kept. */
  readonly dnsCacheTtlMs: number
  readonly logger: Pick<Logger, 'warning'>
  /** Takes what ends a balancer's look-ups. */
  readonly onClose: (work: () => void) => void
}

/** The balancer over a backend's hosts, or over those that its SRV records name. */
export function balancerFor(backend: BackendConfig, options: BackendBalancerOptions): Balancer {
  const { cpus, dnsCacheTtlMs, logger, onClose } = options
  if (backend.sd !== 'dns') return createBalancer(backend.hosts, { cpus })
  const [host = ''] = backend.hosts
  const balancer = createSrvBalancer({
    name: host.replace(/^https?:\/\//, '').replace(/\/$/, ''),
    scheme: backend.sdScheme,
    ttlMs: dnsCacheTtlMs,
    onError: error => logger.warning(`[SERVICE: DNS SRV] ${host}: ${error instanceof Error ? error.message : String(error)}`)
  })
  onClose(() => balancer.close())
  return balancer
}
