/** Section 4: what operators see. */

import { isObject } from '../../config/json-value.js'
import type { ComponentPart, ServicePart } from '../inventory.js'
import { isWatched, type Rule, when } from '../rule.js'

/** Counted as metrics by KrakenD; `telemetry/opentelemetry` is not among them. */
const METRICS = ['telemetry/opencensus', 'telemetry/metrics', 'telemetry/newrelic', 'telemetry/ganalytics', 'telemetry/instana']
const LOGS = ['telemetry/logging', 'telemetry/gelf', 'telemetry/logstash']
const TRACERS = ['telemetry/opencensus', 'telemetry/newrelic', 'telemetry/instana']

/** Counts the exporters of `telemetry/opentelemetry` of one kind on which a switch is not set. */
function exporters(otel: ComponentPart | undefined, kind: 'prometheus' | 'otlp', offSwitch: string): number {
  const all = otel?.options.exporters
  const list = isObject(all) ? all[kind] : undefined
  return Array.isArray(list) ? list.filter(one => isObject(one) && one[offSwitch] !== true).length : 0
}

function countMetrics(service: ServicePart): number {
  const otel = service.components.get('telemetry/opentelemetry')
  const own = METRICS.filter(namespace => isWatched(service, namespace)).length
  return own + exporters(otel, 'prometheus', 'disable_metrics') + exporters(otel, 'otlp', 'disable_metrics')
}

function isTraced(service: ServicePart): boolean {
  const otel = service.components.get('telemetry/opentelemetry')
  return TRACERS.some(namespace => isWatched(service, namespace)) || exporters(otel, 'otlp', 'disable_traces') > 0
}

export const TELEMETRY_RULES: readonly Rule[] = [
  {
    id: '4.1.1',
    severity: 'MEDIUM',
    message:
      'There is no component for metrics (KrakenD does not count telemetry/opentelemetry here; with it, ignore this rule).',
    places: when(service => !METRICS.some(namespace => isWatched(service, namespace)))
  },
  {
    id: '4.1.3',
    severity: 'HIGH',
    message: 'Metrics are gathered more than once: keep one component and one exporter for them.',
    places: when(service => countMetrics(service) > 1)
  },
  {
    id: '4.2.1',
    severity: 'MEDIUM',
    message: 'Requests are not traced: give telemetry/opentelemetry an otlp exporter.',
    places: when(service => !isTraced(service))
  },
  {
    id: '4.3.1',
    severity: 'MEDIUM',
    message: 'The log has its default form: configure telemetry/logging to set level, destination and format.',
    places: when(service => !LOGS.some(namespace => isWatched(service, namespace)))
  }
]
