/** What telemetry shows of Go modules. */

import type { ComponentMetric } from '../../telemetry/observer.js'
import type { GoModuleState } from './go-module.js'
import type { GuestServices } from './guest-services.js'

type Labels = ComponentMetric['labels']

/** Offers the numbers of one module. */
export function offerMetrics(state: GoModuleState, services: GuestServices): void {
  const labels: Labels = [['file', state.file]]
  const counter = (name: string, help: string, labels: Labels, read: () => number): void =>
    services.offerMetric({ name: `sluice_go_plugin_${name}`, help, type: 'counter', labels, read })
  const gauge = (name: string, help: string, read: () => number): void =>
    services.offerMetric({ name: `sluice_go_plugin_${name}`, help, type: 'gauge', labels, read })
  const copied = 'Bytes of bodies that crossed into Go or out of it.'
  counter('copied_bytes_total', copied, [...labels, ['direction', 'in']], () => state.copied.toGo)
  counter('copied_bytes_total', copied, [...labels, ['direction', 'out']], () => state.copied.fromGo)
  counter('restarts_total', 'Instances that took the place of one that had ended.', labels, () => state.restarts)
  gauge('memory_bytes', 'Memory of the instance.', () => state.memoryBytes)
  gauge('open_exchanges', 'Requests that the module has.', () => state.openExchanges)
  gauge('goroutines', 'Goroutines, up to 64 that wait for a request included.', () => state.goroutines)
}
