/** How a component shows operators its state: breakers, limits, caches. Read when the status page asks, never per request. */

import type { StagePlace } from './facts.js'

/** Plain values by name, as the status page heads its columns. No option that is a secret, no text of clients. */
export type StatusFacts = Readonly<Record<string, string | number | boolean>>

/** One thing with a state, where it stands. */
export interface StatusSource {
  /** The component. */
  readonly namespace: string
  /** What of it: `breaker`, `limit` … */
  readonly name: string
  readonly place: StagePlace
  readonly facts: () => StatusFacts
}
