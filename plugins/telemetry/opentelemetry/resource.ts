/** Who the gateway is, for collectors and for Prometheus. */

import { randomUUID } from 'node:crypto'
import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { ResourceFrame } from '../../_shared/otlp/resource.js'
import type { Labels } from './families.js'

/** As KrakenD's, so that queries by scope read on. */
const SCOPE = 'io.krakend.krakend-otel'
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.21.0'

const serviceName = (options: OptionReader, context: ComponentContext): string =>
  options.text('service_name') || context.service.name || 'KrakenD'

/** The frame of requests to collectors. */
export function frameOf(options: OptionReader, context: ComponentContext): ResourceFrame {
  const attributes: [string, string][] = [
    ['service.name', serviceName(options, context)],
    ['service.version', options.text('service_version') || context.service.version]
  ]
  // collectors would take the counts of several processes for those of one
  const instance = context.keep('telemetry/opentelemetry instance', () => ({ id: randomUUID() }))
  attributes.push(['service.instance.id', instance.id])
  if (context.workers !== undefined) attributes.push(['sluice.worker', String(context.workers.place)])
  if (options.has('deploy_env')) attributes.push(['deployment.environment', options.text('deploy_env')])
  return new ResourceFrame({ attributes, schemaUrl: SCHEMA_URL, scope: SCOPE })
}

/** The labels of `target_info`. */
export function targetLabels(options: OptionReader, context: ComponentContext): Labels {
  return [
    ['service_name', serviceName(options, context)],
    ...(options.has('service_version') ? ([['service_version', options.text('service_version')]] as const) : []),
    ...(options.has('deploy_env') ? ([['deployment_environment', options.text('deploy_env')]] as const) : [])
  ]
}
