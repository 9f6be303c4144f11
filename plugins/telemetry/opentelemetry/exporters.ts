/** All exporters of a gateway, and the rules that hold between them. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { EXPORTER_HEADERS, type ExporterHeaders } from '../../_shared/otlp/header-options.js'
import { type PrometheusOptions, readPrometheus } from './options.js'
import { type OtlpOptions, readOtlp } from './otlp-options.js'

export interface Exporters {
  readonly prometheus: readonly PrometheusOptions[]
  readonly otlp: readonly OtlpOptions[]
}

/** Reads `exporters`. Names are unique across both kinds, ports among those that listen. */
export function readExporters(options: OptionReader, context: ComponentContext): Exporters {
  const { env, userAgent } = context.service
  const exporters = options.object('exporters')
  const secrets = (context.shared.get(EXPORTER_HEADERS) as ExporterHeaders | undefined) ?? new Map()
  const otlp = readOtlp(exporters, env, userAgent, secrets)
  for (const name of secrets.keys()) {
    if (otlp.some(one => one.name === name)) continue
    const message = `\`${EXPORTER_HEADERS}\` has headers for an exporter '${name}' that is not there`
    context.report('/exporters/otlp', message, 'warning')
  }
  const prometheus = readPrometheus(exporters)
  const names = new Set<string>()
  const claim = (name: string, pointer: string): void => {
    if (names.has(name)) options.fail(pointer, name === '' ? 'two exporters have no name' : `two exporters are named '${name}'`)
    names.add(name)
  }
  for (const [index, { name }] of otlp.entries()) claim(name, `/exporters/otlp/${index}/name`)
  const ports = new Set<string>()
  for (const [index, { name, host, port }] of prometheus.entries()) {
    claim(name, `/exporters/prometheus/${index}/name`)
    const address = `${host}:${port}`
    if (ports.has(address)) options.fail(`/exporters/prometheus/${index}/port`, `two exporters listen on ${address}`)
    ports.add(address)
  }
  return { prometheus, otlp }
}
