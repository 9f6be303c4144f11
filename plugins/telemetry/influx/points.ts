/** What is counted as points, with the measurements, tags and fields that KrakenD writes. */

import type { ProxyStats, RouterStats } from '../../_shared/stats/registry.js'
import type { RuntimeStats } from '../../_shared/stats/runtime-stats.js'
import type { Sample } from '../../_shared/stats/sample.js'
import { type Fields, pointLine, type Tags } from './line-protocol.js'

/** What a snapshot is taken of. */
export interface Counted {
  readonly router: RouterStats
  readonly proxy: ProxyStats
  readonly runtime: RuntimeStats
}

const QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
const DEBUG = 'krakend.service.debug.'
const RUNTIME = 'krakend.service.runtime.'

/** Takes snapshots; `count` of a point is what came since the one before. */
export class Points {
  private readonly counted: Counted
  private readonly common: Tags
  private readonly before = new Map<string, number>()

  /** @param common tags of every point */
  constructor(counted: Counted, common: Tags) {
    this.counted = counted
    this.common = common
  }

  /** Writes all points of this moment. */
  take(seconds: number): string {
    const { router, proxy, runtime } = this.counted
    const lines: string[] = []
    const add = (measurement: string, tags: Tags, fields: Fields): void => {
      lines.push(pointLine(measurement, [...this.common, ...tags], fields, seconds))
    }
    for (const { layer, name, kind, sample } of proxy.runs()) {
      const [, complete = '', , error = ''] = kind.split('.')
      const tags: Tags = [
        ['layer', layer],
        ['name', name],
        ['complete', complete],
        ['error', error]
      ]
      add('requests', tags, this.counts(`${layer} ${name} ${kind}`, sample.count))
      if (sample.count > 0) add('requests', tags, histogram(sample))
    }
    for (const { label, statuses, size, time } of router.answers()) {
      for (const [status, count] of statuses) {
        const tags: Tags = [
          ['name', label],
          ['status', String(status)]
        ]
        add('responses', tags, this.counts(`${label} ${status}`, count))
      }
      if (size.count > 0) add('router.response-size', [['name', label]], histogram(size))
      if (time.count > 0) add('router.response-time', [['name', label]], histogram(time))
    }
    add('router', [['direction', 'in']], Object.entries(router.begun()))
    add('router', [['direction', 'out']], Object.entries(router.ended()))
    const gauges: [string, number][] = []
    runtime.putGauges((name, value) => gauges.push([name, value]))
    add('debug', [], below(gauges, DEBUG))
    add('runtime', [], below(gauges, RUNTIME))
    add('service.debug.GCStats.Pause', [], histogram(runtime.pauses))
    add('service.runtime.MemStats.PauseNs', [], histogram(runtime.pauses))
    return lines.join('')
  }

  private counts(key: string, total: number): Fields {
    const before = this.before.get(key) ?? 0
    this.before.set(key, total)
    return [
      ['total', total],
      ['count', total - before]
    ]
  }
}

function histogram(sample: Sample): Fields {
  const { min, max, mean, variance } = sample.spread()
  const bounds = Object.entries({ max, min, mean, stddev: Math.sqrt(variance), variance })
  const quantiles = sample.quantiles(QUANTILES)
  return [...bounds, ...QUANTILES.map((share, i) => [`p${share}`, quantiles[i]!, 'float'] as const)]
}

/** The values whose names begin so, without that beginning. */
const below = (values: Fields, prefix: string): Fields =>
  values.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value])
