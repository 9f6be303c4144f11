/** Metrics of the process and its runtime, by prom-client under their customary names; one collector per process. */

import type { Registry } from 'prom-client'

/** What is always shown: whether the process keeps up, and what it holds. */
const ALWAYS = /^(nodejs_eventloop_lag_|process_resident_memory_bytes$|nodejs_heap_size_|nodejs_external_memory_bytes$)/

interface Collector {
  readonly registry: Registry
  readonly Registry: typeof Registry
}

let collecting: Promise<Collector> | undefined

async function collect(): Promise<Collector> {
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return { registry, Registry }
}

/** Begins to collect; returns what renders the metrics that were asked for besides memory and event-loop lag. @param worker undefined = the process serves alone */
export async function openProcessMetrics(
  wanted: { readonly process: boolean; readonly runtime: boolean },
  worker: number | undefined
): Promise<() => Promise<string>> {
  collecting ??= collect()
  const all = await collecting
  const shown = new all.Registry()
  if (worker !== undefined) shown.setDefaultLabels({ worker: String(worker) })
  for (const { name } of all.registry.getMetricsAsArray()) {
    if (ALWAYS.test(name) || (name.startsWith('process_') ? wanted.process : wanted.runtime))
      shown.registerMetric(all.registry.getSingleMetric(name)!)
  }
  return () => shown.metrics()
}
