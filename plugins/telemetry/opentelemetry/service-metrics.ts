/** What is measured of one gateway, by its layers; the same for all exporters. */

import type { BackendFacts, ComponentContext, EndpointFacts, OptionReader, PoolState } from 'sluice/plugin'
import type { Audience, Families, Labels } from './families.js'
import { sampleGateway } from './gateway-metrics.js'
import { sampleOffered } from './offered-metrics.js'
import { readBackendLayer, readLayer, readsConventions } from './options.js'
import { PipeMetrics } from './pipe-metrics.js'
import type { Places } from './places.js'
import { type KnownRoute, ServerMetrics } from './server-metrics.js'

export interface MetricsOptions {
  readonly options: OptionReader
  readonly context: ComponentContext
  readonly families: Families
  readonly places: Places
  readonly skips: (path: string) => boolean
}

/** Measures what the layers want. */
export function startMetrics({ options, context, families, places, skips }: MetricsOptions): void {
  const layers = options.object('layers')
  const globalOptions = layers?.object('global')
  const global = readLayer(globalOptions)
  const routes = new Map<string, Map<string, KnownRoute>>()
  const audienceOf = (endpoint: EndpointFacts) => places.override(endpoint)?.audience
  const isSkipped = (endpoint: EndpointFacts): boolean =>
    skips(endpoint.path) || skips(endpoint.ginPath) || audienceOf(endpoint)?.exporters?.size === 0
  const conventions = readsConventions(globalOptions)
  if (global.on) {
    const inFlight = context.keep('telemetry/opentelemetry in flight', () => ({ count: 0 }))
    const server = new ServerMetrics({ families, inFlight, layer: global, conventions, routes, skips })
    context.observe({ started: server.started, finished: server.finished })
  }
  const ofClients = conventions || readsConventions(layers?.object('backend')?.object('metrics'))
  const common = new PipeMetrics(families, ofClients)
  const others = new Map<Audience, PipeMetrics>()
  const pipesOf = (endpoint: EndpointFacts | undefined): PipeMetrics => {
    const audience = endpoint && audienceOf(endpoint)
    if (audience === undefined) return common
    const pipes = others.get(audience) ?? new PipeMetrics(families.for(audience), ofClients)
    others.set(audience, pipes)
    return pipes
  }
  const backendLayer = (endpoint: EndpointFacts, backend: BackendFacts) =>
    readBackendLayer(places.backendLayer(endpoint, backend) ?? layers?.object('backend'))
  context.observe({
    proxy(endpoint) {
      if (isSkipped(endpoint)) return undefined
      const place = places.endpoint(endpoint)
      const ownGlobal = place?.object('global')
      const added = ownGlobal === undefined ? undefined : readLayer(ownGlobal)
      if (added?.on !== false) {
        const methods = routes.get(endpoint.path) ?? new Map<string, KnownRoute>()
        const known = { label: endpoint.ginPath, labels: added?.labels ?? [], audience: audienceOf(endpoint) }
        routes.set(endpoint.path, methods.set(endpoint.method, known))
      }
      return pipesOf(endpoint).proxy(endpoint, readLayer(place?.object('proxy') ?? layers?.object('proxy')))
    },
    backend: (endpoint, backend) =>
      isSkipped(endpoint) ? undefined : pipesOf(endpoint).backend(endpoint, backend, backendLayer(endpoint, backend)),
    call: (endpoint, backend) =>
      isSkipped(endpoint) ? undefined : pipesOf(endpoint).call(endpoint, backend, backendLayer(endpoint, backend)),
    stage: (place, name) =>
      place.endpoint !== undefined && isSkipped(place.endpoint) ? undefined : pipesOf(place.endpoint).stage(place, name)
  })
  samplePools(families, () => context.pools())
  sampleGateway(families, context.gateway)
  context.onListen(async () => sampleOffered(families, context.offeredMetrics()))
}

const POOL_METRICS: readonly [name: string, help: string, kind: 'gauge' | 'counter', value: (pool: PoolState) => number][] = [
  ['connections', 'Open connections.', 'gauge', pool => pool.connections],
  ['connections_limit', 'Most connections.', 'gauge', pool => pool.maxConnections],
  ['queue_limit', 'Most calls that may wait for a connection.', 'gauge', pool => pool.maxQueued],
  ['pending', 'Calls under way or waiting for a connection.', 'gauge', pool => pool.pending],
  ['tunnels', 'Open connections that changed their protocol.', 'gauge', pool => pool.tunnels],
  ['calls', 'Calls begun.', 'counter', pool => pool.total],
  ['refused', 'Calls refused because too many waited.', 'counter', pool => pool.refused]
]

function samplePools(families: Families, pools: () => Iterable<PoolState>): void {
  for (const [name, help, kind, value] of POOL_METRICS) {
    families.sampled({ name: `sluice.upstream.${name}`, help }, kind, () =>
      [...pools()].map((pool): readonly [Labels, number] => [labelsOf(pool), value(pool)])
    )
  }
}

/** Connections with settings of their own have one label more: an origin has several pools then. */
function labelsOf({ origin, settingsName }: PoolState): Labels {
  return settingsName === ''
    ? [['server.address', origin]]
    : [
        ['server.address', origin],
        ['client_settings', settingsName]
      ]
}
