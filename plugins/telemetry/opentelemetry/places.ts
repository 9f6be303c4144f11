/** What endpoints and backends say for themselves. What an endpoint says is there before its backends are built. */

import type { BackendFacts, ComponentContext, EndpointFacts, OptionReader } from 'sluice/plugin'
import { type ExporterNames, type ExportersOverride, readOverride } from './exporters-override.js'

export class Places {
  private readonly options = new WeakMap<EndpointFacts | BackendFacts, OptionReader>()
  private readonly overrides = new WeakMap<EndpointFacts, ExportersOverride>()
  private readonly names: ExporterNames
  /** Intervals of single endpoints, ms. */
  readonly periods = new Set<number>()

  constructor(names: ExporterNames) {
    this.names = names
  }

  /** Takes the options of an endpoint or a backend. */
  take(options: OptionReader, { endpointFacts, backendFacts }: ComponentContext): void {
    this.options.set((backendFacts ?? endpointFacts)!, options)
    const own = options.object('exporters_override')
    if (own === undefined) return
    if (backendFacts !== undefined) {
      return options.report('/exporters_override', 'does nothing at a backend: it belongs to the endpoint', 'warning')
    }
    const override = readOverride(own, this.names)
    this.overrides.set(endpointFacts!, override)
    const periodMs = override.audience?.periodMs
    if (periodMs !== undefined) this.periods.add(periodMs)
  }

  endpoint(endpoint: EndpointFacts): OptionReader | undefined {
    return this.options.get(endpoint)
  }

  /** The layer `backend` of a backend: its own, or its endpoint's. Undefined = the service's. */
  backendLayer(endpoint: EndpointFacts | undefined, backend: BackendFacts | undefined): OptionReader | undefined {
    return this.ownLayer(backend) ?? this.ownLayer(endpoint)
  }

  private ownLayer(place: EndpointFacts | BackendFacts | undefined): OptionReader | undefined {
    return place && this.options.get(place)?.object('backend')
  }

  /** What an endpoint says of exporters; undefined = nothing. */
  override(endpoint: EndpointFacts): ExportersOverride | undefined {
    return this.overrides.get(endpoint)
  }
}
