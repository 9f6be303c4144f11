/** Header fields of requests to collectors, as options and the environment name them. */

import type { OptionReader } from 'sluice/plugin'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Fields that belong to the exporter. */
const OWN: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding', 'host', 'te', 'user-agent'])

/** By names in lower case. */
export type Headers = Readonly<Record<string, string>>

/** Reads `headers` of an exporter. */
export function readHeaders(options: OptionReader): Headers {
  const headers: Record<string, string> = {}
  for (const [name, value] of options.fieldMap('headers')) {
    const pointer = `/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (OWN.has(name.toLowerCase())) options.fail(pointer, 'this header belongs to the exporter')
    headers[name.toLowerCase()] = value
  }
  return headers
}

/** `name=value,name=value`, percent-encoded, as the specification of the SDKs says. What is no field is passed over. */
export function headersOfEnv(text: string | undefined): Headers {
  const headers: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    const mark = pair.indexOf('=')
    if (mark < 0) continue
    const name = decoded(pair.slice(0, mark).trim()).toLowerCase()
    const value = decoded(pair.slice(mark + 1).trim())
    if (TOKEN.test(name) && VALUE.test(value) && !OWN.has(name)) headers[name] = value
  }
  return headers
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Key of what `telemetry/opentelemetry-security` says, among what components share. */
export const EXPORTER_HEADERS = 'telemetry/opentelemetry-security'

/** Header fields by the names of exporters. */
export type ExporterHeaders = ReadonlyMap<string, Headers>
