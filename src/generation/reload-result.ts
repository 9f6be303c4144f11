import type { ServiceConfig } from '../config/types.js'
import { routeOf } from '../plugin/run/place.js'
import type { Steps } from '../telemetry/in-turns.js'

/** What a reload has changed. */
export interface ReloadResult {
  /** By `GET /path`. */
  readonly endpoints: {
    readonly added: readonly string[]
    readonly removed: readonly string[]
    readonly changed: readonly string[]
  }
  /** Other parts that differ, by their names in {@link ServiceConfig}: `server`, `router`, `extra` … */
  readonly service: readonly string[]
  /** The same in a few words. */
  readonly summary: string
  /**
   * Plugin files whose code has changed since this process loaded it. A process loads code once: the old code serves on until it starts
   * again.
   */
  readonly staleCode: readonly string[]
}

export type Changes = Pick<ReloadResult, 'endpoints' | 'service'>

/** What is said elsewhere, or says nothing about what is served. */
const NO_PART: ReadonlySet<string> = new Set(['endpoints', 'problems', 'source'])

/** Compares two configurations, both as they were understood; an endpoint a step. */
export function* compareConfigs(old: ServiceConfig, young: ServiceConfig): Steps<Changes> {
  const before = new Map(old.endpoints.map(endpoint => [routeOf(endpoint), endpoint]))
  const added: string[] = []
  const changed: string[] = []
  for (const endpoint of young.endpoints) {
    const route = routeOf(endpoint)
    const known = before.get(route)
    before.delete(route)
    if (known === undefined) added.push(route)
    else if (!isSame(known, endpoint)) changed.push(route)
    yield
  }
  const parts = new Set([...Object.keys(old), ...Object.keys(young)]) as Set<keyof ServiceConfig>
  return {
    endpoints: { added, removed: [...before.keys()], changed },
    service: [...parts].filter(part => !NO_PART.has(part) && !isSame(old[part], young[part]))
  }
}

/** Says in a few words what was changed. */
export function describeChanges({ endpoints, service }: Changes): string {
  const { added, removed, changed } = endpoints
  const counted = [
    [added.length, 'added'],
    [removed.length, 'removed'],
    [changed.length, 'changed']
  ] as const
  const told = counted.filter(([count]) => count > 0).map(([count, how]) => `${count} ${how}`)
  const parts = [
    ...(told.length === 0 ? [] : [`endpoints: ${told.join(', ')}`]),
    ...(service.length === 0 ? [] : [`also: ${service.join(', ')}`])
  ]
  return parts.length === 0 ? 'no differences' : parts.join('; ')
}

/** Compares JSON values in depth. Places in the file do not count: an endpoint that only moved is the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const [one, other] = [a, b] as Record<string, unknown>[]
  const names = Object.keys(a)
  if (Array.isArray(a) !== Array.isArray(b) || names.length !== Object.keys(b).length) return false
  return names.every(name => name === 'pointer' || (Object.hasOwn(b, name) && isSame(one![name], other![name])))
}
