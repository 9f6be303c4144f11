/** The lines that KrakenD writes while it builds an endpoint, in its order and words. */

import type { EndpointProxyConfig } from '../config/types.js'
import type { GatewayLogger } from '../telemetry/logger.js'

export class BootLog {
  private readonly logger: GatewayLogger
  private readonly tag: string
  private readonly debugs: boolean

  /** @param tag `[ENDPOINT: /x/:id]` */
  constructor(logger: GatewayLogger, tag: string) {
    this.logger = logger
    this.tag = tag
    this.debugs = logger.enabled('DEBUG')
  }

  proxy(): void {
    if (this.debugs) this.logger.debug(`${this.tag} Building the proxy pipe`)
  }

  backend(goPattern: string): void {
    if (this.debugs) this.logger.debug(`[BACKEND: ${goPattern}] Building the backend pipe`)
  }

  merge(backends: number, { sequential, flatmapFilter }: EndpointProxyConfig): void {
    if (!this.debugs) return
    const merger = sequential ? 'sequential' : 'parallel'
    this.logger.debug(`${this.tag}[Merge] Backends: ${backends}, merger: ${merger}, combiner: default`)
    if (flatmapFilter.length === 0) return
    this.logger.debug(`${this.tag}[Flatmap] Adding flatmap manipulator with ${flatmapFilter.length} operations`)
  }

  static(added: EndpointProxyConfig['static']): void {
    if (added === undefined || !this.debugs) return
    const { data, strategy } = added
    this.logger.debug(`${this.tag}[Static] Adding a static response using '${strategy}' strategy. Data: ${JSON.stringify(data)}`)
  }

  /** @param namespaces keys of the endpoint's `extra_config` */
  handler(namespaces: object): void {
    if (this.debugs) this.logger.debug(`${this.tag} Building the http handler`)
    if (this.debugs && !('auth/signer' in namespaces)) this.logger.debug(`${this.tag}[JWTSigner] Signer disabled`)
    if (!('auth/validator' in namespaces)) this.logger.info(`${this.tag}[JWTValidator] Validator disabled for this endpoint`)
  }
}
