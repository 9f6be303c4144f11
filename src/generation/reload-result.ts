import type { EndpointConfig, ServiceConfig } from '../config/types.js'

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

type Changes = Pick<ReloadResult, 'endpoints' | 'service'>

/** What is said elsewhere, or says nothing about what is served. */
const NO_PART: ReadonlySet<string> = new Set(['endpoints', 'problems', 'source'])

/** Compares two configurations, both as they were understood. */
export function compareConfigs(old: ServiceConfig, young: ServiceConfig): Changes {
  const before = byRoute(old.endpoints)
  const after = byRoute(young.endpoints)
  const both = [...after.keys()].filter(route => before.has(route))
  const parts = new Set([...Object.keys(old), ...Object.keys(young)]) as Set<keyof ServiceConfig>
  return {
    endpoints: {
      added: [...after.keys()].filter(route => !before.has(route)),
      removed: [...before.keys()].filter(route => !after.has(route)),
      changed: both.filter(route => before.get(route) !== after.get(route))
    },
    service: [...parts].filter(part => !NO_PART.has(part) && textOf(old[part]) !== textOf(young[part]))
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

function byRoute(endpoints: readonly EndpointConfig[]): Map<string, string> {
  return new Map(endpoints.map(endpoint => [`${endpoint.method} ${endpoint.path}`, textOf(endpoint)]))
}

/** Places in the file are left out: an endpoint that only moved is the same. */
function textOf(part: unknown): string {
  return JSON.stringify(part, (name, value: unknown) => (name === 'pointer' ? undefined : value)) ?? ''
}
