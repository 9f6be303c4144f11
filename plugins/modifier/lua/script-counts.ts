/** What the scripts of one mount have done, for what shows metrics. */

import type { ComponentContext, ComponentMetric } from 'sluice/plugin'
import type { ScriptFailure } from './failure.js'

/** How runs end: an error, a limit, or `custom_error` with a status. */
const REASONS = ['error', 'limit', 'refused'] as const

export class ScriptCounts {
  runs = 0
  private readonly ended = { error: 0, limit: 0, refused: 0 }

  count({ limit, status }: ScriptFailure): void {
    if (limit !== undefined) this.ended.limit++
    else if (status !== undefined) this.ended.refused++
    else this.ended.error++
  }

  offer(context: ComponentContext): void {
    const { scope, endpointFacts } = context
    const labels: ComponentMetric['labels'] = [
      ['scope', scope],
      ['krakend_endpoint_route', endpointFacts?.path ?? ''],
      ['krakend_endpoint_method', endpointFacts?.method ?? '']
    ]
    context.offerMetric({
      name: 'sluice_script_runs_total',
      help: 'Requests for which scripts of a place have begun.',
      type: 'counter',
      labels,
      read: () => this.runs
    })
    for (const reason of REASONS)
      context.offerMetric({
        name: 'sluice_script_failures_total',
        help: 'Runs that ended with an error, with a limit, or refused the exchange with a status of their own.',
        type: 'counter',
        labels: [...labels, ['reason', reason]],
        read: () => this.ended[reason]
      })
  }
}
