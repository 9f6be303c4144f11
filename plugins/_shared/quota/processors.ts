/** What `governance/processors` tells `governance/quota`, by the map that the components of a gateway share. */

import type { ComponentContext } from 'sluice/plugin'
import type { QuotaCounters } from './counters.js'

/** One declared quota. */
export interface QuotaProcessor {
  readonly rules: ReadonlyMap<string, QuotaCounters>
  readonly onFailureAllow: boolean
}

const KEY = 'governance/processors quotas'

export function setProcessors(context: ComponentContext, processors: ReadonlyMap<string, QuotaProcessor>): void {
  context.shared.set(KEY, processors)
}

/** The declared quotas by name; empty without `governance/processors`. */
export function processorsIn(context: ComponentContext): ReadonlyMap<string, QuotaProcessor> {
  return (context.shared.get(KEY) as ReadonlyMap<string, QuotaProcessor> | undefined) ?? new Map()
}
