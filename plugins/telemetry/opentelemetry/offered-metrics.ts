/** Numbers that other components keep and offer: those of one name are a metric, those of the same labels are added up. */

import type { ComponentMetric } from 'sluice/plugin'
import type { Families, Labels } from './families.js'

export function sampleOffered(families: Families, offered: Iterable<ComponentMetric>): void {
  const byName = new Map<string, ComponentMetric[]>()
  for (const metric of offered) byName.set(metric.name, [...(byName.get(metric.name) ?? []), metric])
  for (const [name, metrics] of byName) {
    const { help, type } = metrics[0]!
    families.sampled({ name: otlpName(name), prometheus: name, help }, type, () => sumsOf(metrics))
  }
}

/** `sluice_tokens_open_total` → `sluice.tokens_open` */
function otlpName(name: string): string {
  return name.replace(/_total$/, '').replace(/^sluice_/, 'sluice.')
}

function sumsOf(metrics: readonly ComponentMetric[]): Iterable<readonly [Labels, number]> {
  const sums = new Map<string, readonly [Labels, number]>()
  for (const { labels, read } of metrics) {
    const key = JSON.stringify(labels)
    sums.set(key, [labels, (sums.get(key)?.[1] ?? 0) + read()])
  }
  return sums.values()
}
