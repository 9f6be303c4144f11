/** The names that go on the wire and into logs, in one place. Rank 0: every room may read it. */

import cluster from 'node:cluster'

/** The product's version, kept equal to package.json by a test. */
export const SLUICE_VERSION = '0.1.0'

/** The KrakenD version whose behaviour is matched; announced because clients, dashboards and backends read it. */
export const COMPATIBILITY_VERSION = '2.13.8'

/** Variable of the environment by which the primary of `sluice run --workers` tells a worker the number of its place. */
export const WORKER_PLACE = 'SLUICE_WORKER'

/**
 * Returns the number of this worker's place, from 1; undefined in a process that serves alone. A worker that takes the place of another one
 * has its number: names made of it do not grow in number.
 */
export function workerPlace(): number | undefined {
  return cluster.worker && (Number(process.env[WORKER_PLACE]) || cluster.worker.id)
}

export interface Identity {
  /** `X-Krakend` to clients. */
  readonly version: string
  /** `User-Agent` to backends, and `X-Forwarded-Via` when the client's own User-Agent is let through. */
  readonly userAgent: string
}

/**
 * Chooses the names by `router.identity` and `router.hide_version_header`.
 * Hiding the version keeps KrakenD's `Version undefined`, to clients only.
 */
export function identityOf(name: 'krakend' | 'sluice', hideVersion: boolean): Identity {
  if (name === 'sluice') {
    const text = `Sluice/${SLUICE_VERSION}`
    return { version: hideVersion ? 'Sluice' : text, userAgent: text }
  }
  return {
    version: hideVersion ? 'Version undefined' : `Version ${COMPATIBILITY_VERSION}`,
    userAgent: `KrakenD Version ${COMPATIBILITY_VERSION}`
  }
}
