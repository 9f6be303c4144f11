/** What is known of a running gateway as a whole: for metrics, the status page and those who embed it. */

import type { ConfigProblem } from '../errors.js'

/** How the last reload ended. */
export interface ReloadRecord {
  /** When it ended, ms since 1970. */
  readonly at: number
  /** True when the new configuration serves. */
  readonly ok: boolean
  /** What was found: faults where it failed, warnings where it did not. */
  readonly findings: readonly ConfigProblem[]
}

/** A certificate that the gateway presents to its clients. */
export interface CertificateFacts {
  /** As configured. */
  readonly file: string
  /** DNS names, lower-case. */
  readonly names: readonly string[]
  /** ms since 1970. */
  readonly notAfter: number
}

/** Counts and facts of a gateway over all its configurations. */
export interface GatewayState {
  /** Reloads that took effect. */
  readonly reloads: number
  /** Reloads that changed nothing because of a fault. */
  readonly failedReloads: number
  /** Undefined before the first reload. */
  readonly lastReload: ReloadRecord | undefined
  /** Generations of the configuration that are alive: the one that serves, and those whose exchanges still run. */
  readonly generations: number
  /** Those in use; none without TLS, or before the port is open. */
  readonly certificates: readonly CertificateFacts[]
}

/** The state as the gateway writes it. */
export class GatewayRecord implements GatewayState {
  reloads = 0
  failedReloads = 0
  lastReload: ReloadRecord | undefined = undefined
  generations = 0
  certificates: readonly CertificateFacts[] = []

  /** Notes the end of a reload. */
  reloaded(ok: boolean, findings: readonly ConfigProblem[]): void {
    if (ok) this.reloads++
    else this.failedReloads++
    this.lastReload = Object.freeze({ at: Date.now(), ok, findings })
  }
}
