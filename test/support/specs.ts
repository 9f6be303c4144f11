/** Replays recorded cases (`fixtures/specs`) against gateways in this process. */

import { readdirSync, readFileSync } from 'node:fs'
import { type Backends, startBackends } from '../../fixtures/specs/backend.mjs'
import { diffEntry } from '../../fixtures/specs/compare.mjs'
import {
  type Entry,
  fill,
  makeVars,
  type Result,
  runRequests,
  type Spec,
  type SpecRequest
} from '../../fixtures/specs/replay.mjs'
import { COMMUNITY_NAMESPACES, CORE_NAMESPACES, ENTERPRISE_NAMESPACES, LONG_NAMES } from '../../src/config/namespaces.js'
import { loadComponents } from '../../src/plugin/load/shipped.js'
import { freePort } from './free-port.js'
import { withGateway } from './open-gateway.js'
import { pause } from './waiting.js'

const ROOT = new URL('../../fixtures/specs/', import.meta.url)

export function readSpec<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8')) as T
}

export function specNames(): string[] {
  return readdirSync(new URL('cases', ROOT))
    .map(file => file.replace('.json', ''))
    .sort()
}

/** What a replay of one case file found. */
export interface Replayed {
  readonly matched: readonly string[]
  readonly differing: ReadonlyMap<string, readonly string[]>
  /** Requests whose endpoint needs a namespace that the gateway does not have, with that namespace. */
  readonly pending: ReadonlyMap<string, string>
}

/** Replays one case file against a gateway of its own, with mock backends of its own. */
export async function replaySpec(name: string): Promise<Replayed> {
  const spec = readSpec<Spec>(`cases/${name}.json`)
  const golden = readSpec<Result>(`golden/${name}.json`)
  const pendingFor = await compilePending(spec)
  const pending = new Map<string, string>()
  const wanted = (request: SpecRequest): boolean => {
    const missing = pendingFor(request)
    if (missing !== undefined) pending.set(request.name, missing)
    return missing === undefined
  }
  if (spec.requests.filter(wanted).length === 0) return { matched: [], differing: new Map(), pending }
  const backends = await startBackends([0, 0, 0])
  try {
    const vars = await varsFor(backends)
    const result: Result = { requests: [] }
    const config = patient(JSON.parse(fill(JSON.stringify(spec.config), vars)))
    await withGateway(
      config,
      async ({ port }) => {
        vars.port = port
        if (spec.warmup_ms) await pause(spec.warmup_ms)
        await runRequests(spec, vars, backends, result, wanted)
      },
      { tolerant: true, debug: spec.no_debug !== true, env: spec.env ?? {} }
    )
    return { ...compare(golden, result, pending), pending }
  } finally {
    await backends.stop()
  }
}

/** Backends that wait, so that the timeouts of a configuration count. */
const WAITING = /\/(?:delay|slowbody)\//

/** Where no backend waits, `timeout` is no part of what a case is about: a busy machine gets the time it needs. */
function patient(config: Spec['config']): Spec['config'] {
  return WAITING.test(JSON.stringify(config)) ? config : { ...config, timeout: '60s' }
}

async function varsFor(backends: Backends): Promise<Record<string, string | number>> {
  const [one, two, three] = backends.ports
  const origin = (port: number | undefined): string => `127.0.0.1:${port}`
  return {
    ...makeVars({}),
    port: 0,
    backend: origin(one),
    backend2: origin(two),
    backend2_port: two ?? 0,
    backend3: origin(three),
    // A privileged port that no process listens on; no free port begins with its digits.
    dead: origin(11),
    dead_port: 11,
    metrics_port: await freePort()
  }
}

function compare(golden: Result, actual: Result, pending: ReadonlyMap<string, string>): Omit<Replayed, 'pending'> {
  const entries = new Map(actual.requests.map(entry => [entry.name, entry]))
  const matched: string[] = []
  const differing = new Map<string, string[]>()
  for (const entry of golden.requests) {
    if (pending.has(entry.name)) continue
    const differences = diffEntry(entry, entries.get(entry.name), looseOf(entry), {})
    if (differences.length === 0) matched.push(entry.name)
    else differing.set(entry.name, differences)
  }
  return { matched, differing }
}

function looseOf(entry: Entry): Set<string> {
  return new Set([...(entry.loose ?? []), ...(entry.volatile ?? []), ...(entry.go_text ? ['body'] : [])])
}

/** Answers, per request, the first namespace that its endpoint needs and the gateway does not have. */
async function compilePending(spec: Spec): Promise<(request: SpecRequest) => string | undefined> {
  // These cases are about namespaces that are left out.
  if (spec.area === 'tolerance') return () => undefined
  const { registry } = await loadComponents()
  const has = new Set([...CORE_NAMESPACES.map(entry => entry.namespace), ...registry.keys()])
  const missing = (node: unknown): string | undefined => {
    for (const key of namespacesIn(node)) {
      const namespace = LONG_NAMES.get(key) ?? key
      const known = COMMUNITY_NAMESPACES.has(namespace) || ENTERPRISE_NAMESPACES.has(namespace)
      if (known && !has.has(namespace)) return namespace
    }
    return undefined
  }
  const { endpoints, ...service } = spec.config
  const everywhere = missing(service)
  const places = (Array.isArray(endpoints) ? endpoints : []).flatMap((endpoint: Record<string, unknown>) => {
    const namespace = missing(endpoint)
    return namespace === undefined ? [] : [{ pattern: patternOf(String(endpoint.endpoint)), namespace }]
  })
  return request => everywhere ?? places.find(place => place.pattern.test(request.path ?? ''))?.namespace
}

function* namespacesIn(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key === 'extra_config' && typeof value === 'object' && value !== null) yield* Object.keys(value)
    else yield* namespacesIn(value)
  }
}

function patternOf(path: string): RegExp {
  const literal = path.split(/\{[^}]+\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('[^/?]+')}([/?]|$)`)
}
