/** What is counted of one endpoint, one backend, one plugin. Each is made at boot: their number is that of the configuration. */

import type { PipeOutcome } from '../../telemetry/span.js'
import type { StatusClock } from './clock.js'
import { LatencyWindow } from './latency.js'
import { Rate } from './rate.js'

/** Exchanges of one endpoint, or those that no endpoint took. */
export class ExchangeSeries {
  readonly rate: Rate
  readonly latency: LatencyWindow
  clientErrors = 0
  serverErrors = 0
  /** Exchanges whose client went away first. */
  aborted = 0
  /** Responses below 400 that lack a part, or broke off behind their head. */
  incomplete = 0
  bytesIn = 0
  bytesOut = 0

  constructor(clock: StatusClock) {
    this.rate = new Rate(clock)
    this.latency = new LatencyWindow(clock)
  }
}

/** Runs of a backend's pipe. */
export class BackendSeries {
  readonly rate: Rate
  readonly latency: LatencyWindow
  failed = 0
  canceled = 0

  constructor(clock: StatusClock) {
    this.rate = new Rate(clock)
    this.latency = new LatencyWindow(clock)
  }

  readonly meter = (ms: number, outcome: PipeOutcome): void => {
    this.rate.record()
    if (outcome === 'canceled') this.canceled++
    else this.latency.record(ms)
    if (outcome === 'failed') this.failed++
  }
}

/** Runs of a plugin or component, wherever it stands in its scope. */
export class StageSeries {
  readonly rate: Rate
  readonly latency: LatencyWindow
  failed = 0

  constructor(clock: StatusClock) {
    this.rate = new Rate(clock)
    this.latency = new LatencyWindow(clock)
  }

  readonly meter = (ms: number, failed: boolean): void => {
    this.rate.record()
    this.latency.record(ms)
    if (failed) this.failed++
  }
}
