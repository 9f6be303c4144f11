/** Pushes all metrics to collectors, each in its own interval. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ComponentContext } from 'sluice/plugin'
import { UnixClock } from '../../_shared/otlp/clock.js'
import type { ResourceFrame } from '../../_shared/otlp/resource.js'
import type { Audience, Families, Sees } from './families.js'
import type { OtlpExporter } from './otlp-exporter.js'
import { MetricsEncoder } from './otlp-metrics.js'

/** ns */
const SECOND = 1e9

/** Longest interval of a timer, ms. */
const LONGEST_MS = 2 ** 31 - 1

/** Configurations that push, the newest one last. It alone does: what an older one still serves is counted in the same memory. */
class Pushers {
  private readonly all: object[] = []

  enter(one: object): void {
    this.all.push(one)
  }

  isNewest(one: object): boolean {
    return this.all.at(-1) === one
  }

  leave(one: object): void {
    const at = this.all.indexOf(one)
    if (at >= 0) this.all.splice(at, 1)
  }
}

export interface PushOptions {
  readonly exporters: readonly OtlpExporter[]
  readonly families: Families
  readonly frame: ResourceFrame
  /** ms; of exporters without a period of their own. */
  readonly periodMs: number
  /** ms; of endpoints with a period of their own. Complete when the gateway listens. */
  readonly endpointPeriods: ReadonlySet<number>
}

/** Begins to push; returns what pushes once more, at the end. */
export function startPushes(options: PushOptions, context: ComponentContext): () => void {
  const { exporters, families, frame, periodMs, endpointPeriods } = options
  const encoder = new MetricsEncoder(families, frame, new UnixClock())
  measureProcess(families, context)
  const timers: NodeJS.Timeout[] = []
  const pushers = context.keep('telemetry/opentelemetry pushers', () => new Pushers())
  context.onListen(async () => {
    pushers.enter(timers)
    const repeat = ({ name, metrics }: OtlpExporter, own: number | undefined, everyMs: number): void => {
      const sees: Sees = audience => audience?.periodMs === own && reaches(audience, name)
      const push = (): void => {
        if (pushers.isNewest(timers)) metrics!.push(encoder.encode(sees, own))
      }
      timers.push(setInterval(push, Math.min(everyMs, LONGEST_MS)).unref())
    }
    for (const exporter of exporters) {
      repeat(exporter, undefined, exporter.periodMs ?? periodMs)
      for (const own of endpointPeriods) repeat(exporter, own, own)
    }
  })
  return () => {
    for (const timer of timers) clearInterval(timer)
    const isLast = pushers.isNewest(timers)
    pushers.leave(timers)
    if (!isLast) return
    for (const { name, metrics } of exporters) metrics!.push(encoder.encode(audience => reaches(audience, name)))
  }
}

/** True when an exporter shows what is meant for an audience. */
export function reaches(audience: Audience | undefined, exporter: string): boolean {
  return audience?.exporters?.has(exporter) ?? true
}

/** The process, under the names of the semantic conventions. Prometheus has these from `prom-client`. */
function measureProcess(families: Families, context: ComponentContext): void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  context.onClose(() => void delay.disable())
  const gauge = (name: string, help: string, unit: string, value: () => number): void =>
    families.sampled({ name, help, unit, only: 'otlp' }, 'gauge', () => [[[], value()]])
  gauge('process.memory.usage', 'Resident memory.', 'By', () => process.memoryUsage.rss())
  gauge('v8js.memory.heap.used', 'Heap in use.', 'By', () => process.memoryUsage().heapUsed)
  gauge('nodejs.eventloop.delay.p50', 'Delay of the event loop, half of the time.', 's', () => delay.percentile(50) / SECOND)
  gauge('nodejs.eventloop.delay.p99', 'Delay of the event loop, 99 % of the time.', 's', () => delay.percentile(99) / SECOND)
  gauge('nodejs.eventloop.delay.max', 'Longest delay of the event loop since the last push.', 's', () => {
    const { max } = delay
    delay.reset()
    return max / SECOND
  })
}
