/** A compiled schema. */

import type { Resource } from './registry.js'
import type { Run } from './run.js'
import type { Seen } from './seen.js'

/** Applies one keyword; tells whether the value fits. Faults go to `run`. `seen` is set where a keyword asks for it. */
export type Check = (value: unknown, run: Run, seen: Seen | undefined) => boolean

/** The kinds of JSON values that keywords are about; indexes of {@link Node.checks}. */
export const OTHER = 0
export const NUMBER = 1
export const STRING = 2
export const ARRAY = 3
export const OBJECT = 4

export function kindOf(value: unknown): number {
  if (typeof value === 'string') return STRING
  if (typeof value === 'number') return NUMBER
  if (typeof value !== 'object' || value === null) return OTHER
  return Array.isArray(value) ? ARRAY : OBJECT
}

export class Node {
  readonly resource: Resource
  /** A boolean schema, or one without keywords. */
  constant: boolean | undefined
  /** Checks after whose failure the others do not run. */
  gates: readonly Check[] = []
  /** The other checks by {@link kindOf} the value. */
  checks: readonly (readonly Check[])[] = []
  /** Some check asks which properties and items were looked at. */
  asksSeen = false
  /** The schemas that this one applies, to find cycles. */
  readonly applies: Node[] = []
  /** Number of the cycle this schema is part of; the same number for all schemas of a cycle. */
  cycle = -1

  constructor(resource: Resource) {
    this.resource = resource
  }
}
