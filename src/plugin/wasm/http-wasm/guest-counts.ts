/** What the instances of one http-wasm guest have done, in all its places, for what shows metrics. */

import type { ComponentMetric } from '../../../telemetry/observer.js'
import { BusyLines } from '../go-host/busy-lines.js'
import type { GuestServices } from '../guest-services.js'

export class GuestCounts {
  /** Requests that a guest has begun with. */
  requests = 0
  /** Requests that ended an instance: traps, and what the ABI or a limit forbids. */
  errors = 0
  /** Time within guests, ms. */
  busyMs = 0
  /** Instances that are there, with a request or without. */
  instances = 0
  /** Their memory. */
  memoryBytes = 0
  private readonly lines: BusyLines

  constructor(lines: BusyLines) {
    this.lines = lines
  }

  /** A guest has run for so long, ms. */
  ran(ms: number): void {
    this.busyMs += ms
    this.lines.took(ms)
  }
}

/** Counts what a guest does, and offers the numbers. */
export function countGuest(file: string, services: Pick<GuestServices, 'logger' | 'offerMetric'>): GuestCounts {
  const counts = new GuestCounts(new BusyLines(services.logger, file))
  const labels: ComponentMetric['labels'] = [['file', file]]
  const offer = (type: ComponentMetric['type'], name: string, help: string, read: () => number): void =>
    services.offerMetric({ name: `sluice_http_wasm_${name}`, help, type, labels, read })
  offer('counter', 'requests_total', 'Requests that the guest has begun with.', () => counts.requests)
  offer('counter', 'errors_total', 'Requests that failed in the guest and ended its instance.', () => counts.errors)
  const busy = "Time within the guest, on the gateway's thread."
  offer('counter', 'busy_seconds_total', busy, () => counts.busyMs / 1000)
  offer('gauge', 'instances', 'Instances, up to 64 in each place that wait for a request included.', () => counts.instances)
  offer('gauge', 'memory_bytes', 'Memory of all instances.', () => counts.memoryBytes)
  return counts
}
