/** How the process is: memory, and how late its event loop is. */

import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** ms between two looks at the event loop; a delay is what goes beyond. */
const RESOLUTION_MS = 20
/** ms after which delays are forgotten. */
const FORGET_MS = 60_000

const NANOSECONDS = 1e6

export interface ProcessFacts {
  readonly rss_bytes: number
  readonly heap_used_bytes: number
  readonly heap_total_bytes: number
  readonly external_bytes: number
  /** Share of the time that the event loop was busy, since facts were last asked for. */
  readonly event_loop_utilization: number
  /** Of the last minute, about. */
  readonly event_loop_delay_ms: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Watches the event loop from its creation until it is closed. */
export class ProcessWatch {
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  private utilization = performance.eventLoopUtilization()
  private since = performance.now()

  constructor() {
    this.delays.enable()
  }

  facts(): ProcessFacts {
    const memory = process.memoryUsage()
    const before = this.utilization
    this.utilization = performance.eventLoopUtilization()
    const facts = {
      rss_bytes: memory.rss,
      heap_used_bytes: memory.heapUsed,
      heap_total_bytes: memory.heapTotal,
      external_bytes: memory.external,
      event_loop_utilization: rounded(performance.eventLoopUtilization(this.utilization, before).utilization),
      event_loop_delay_ms: {
        p50: delay(this.delays.percentile(50)),
        p99: delay(this.delays.percentile(99)),
        max: delay(this.delays.max)
      }
    }
    if (performance.now() - this.since > FORGET_MS) {
      this.delays.reset()
      this.since = performance.now()
    }
    return facts
  }

  close(): void {
    this.delays.disable()
  }
}

function delay(nanoseconds: number): number {
  const ms = nanoseconds / NANOSECONDS - RESOLUTION_MS
  return Number.isFinite(ms) ? rounded(Math.max(0, ms)) : 0
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000
