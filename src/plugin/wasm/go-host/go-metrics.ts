/** What telemetry shows of Go modules. */

import type { ComponentMetric } from '../../../telemetry/observer.js'
import type { GuestServices } from '../guest-services.js'
import type { GoModuleState } from './go-module.js'

type Labels = ComponentMetric['labels']

/** Offers the numbers of one module. */
export function offerMetrics(state: GoModuleState, services: GuestServices): void {
  const labels: Labels = [['file', state.file]]
  const counter = (name: string, help: string, labels: Labels, read: () => number): void =>
    services.offerMetric({ name: `sluice_go_plugin_${name}`, help, type: 'counter', labels, read })
  const gauge = (name: string, help: string, read: () => number): void =>
    services.offerMetric({ name: `sluice_go_plugin_${name}`, help, type: 'gauge', labels, read })
  const copied = 'Bytes of bodies that crossed into Go or out of it.'
  counter('copied_bytes_total', copied, [...labels, ['direction', 'in']], () => state.counts.toGo)
  counter('copied_bytes_total', copied, [...labels, ['direction', 'out']], () => state.counts.fromGo)
  counter('requests_total', 'Requests and responses that the plugin was called for.', labels, () => state.counts.requests)
  const errors = 'Requests that failed in the plugin: by a panic, or with an instance that ended.'
  counter('errors_total', errors, labels, () => state.counts.errors)
  const busy = "Time within the plugin, on the gateway's thread."
  counter('busy_seconds_total', busy, labels, () => state.counts.busyMs / 1000)
  counter('restarts_total', 'Instances that took the place of one that had ended.', labels, () => state.restarts)
  gauge('memory_bytes', 'Memory of the instance.', () => state.memoryBytes)
  gauge('open_exchanges', 'Requests that the module has.', () => state.openExchanges)
  gauge('open_handles', 'Bodies and connections that the plugin has open.', () => state.openHandles)
  gauge('goroutines', 'Goroutines, up to 64 that wait for a request included.', () => state.goroutines)
}
