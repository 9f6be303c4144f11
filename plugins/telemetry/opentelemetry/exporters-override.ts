/** Reads `exporters_override`: which exporters get what is measured and recorded of one endpoint, how much, and how often. */

import type { OptionReader } from 'sluice/plugin'
import type { Audience } from './families.js'

/** The exporters of the service by their names. */
export interface ExporterNames {
  readonly traces: ReadonlySet<string>
  readonly metrics: ReadonlySet<string>
}

/** What stands in place of the service's; undefined = the service's. */
export interface ExportersOverride {
  /** Names of exporters. */
  readonly traces: ReadonlySet<string> | undefined
  /** Share of exchanges that is recorded. */
  readonly rate: number | undefined
  /** Who gets its metrics, and how often. */
  readonly audience: Audience | undefined
}

export function readOverride(options: OptionReader, names: ExporterNames): ExportersOverride {
  const metrics = readNames(options, 'metric_exporters', names.metrics, names.traces)
  const seconds = options.count('metric_reporting_period', 0)
  const periodMs = seconds > 0 ? seconds * 1000 : undefined
  return {
    traces: readNames(options, 'trace_exporters', names.traces, names.metrics),
    rate: options.has('trace_sample_rate') ? options.amount('trace_sample_rate', 1) : undefined,
    audience: metrics === undefined && periodMs === undefined ? undefined : { exporters: metrics, periodMs }
  }
}

/** Names that are none, or not of this signal, are passed over with a warning. */
function readNames(
  options: OptionReader,
  key: string,
  known: ReadonlySet<string>,
  others: ReadonlySet<string>
): ReadonlySet<string> | undefined {
  if (!options.has(key)) return undefined
  const names = options.texts(key)
  for (const [index, name] of names.entries()) {
    if (known.has(name)) continue
    const signal = key === 'trace_exporters' ? 'traces' : 'metrics'
    const fault = others.has(name) ? `the exporter '${name}' sends no ${signal}` : `there is no exporter '${name}'`
    const choice = known.size === 0 ? `none sends ${signal}` : `${signal} go to ${[...known].join(', ')}`
    options.report(`/${key}/${index}`, `${fault}: ${choice}`, 'warning')
  }
  return new Set(names.filter(name => known.has(name)))
}
