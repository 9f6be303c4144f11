/** Where clients find the API. */

import { isObject } from '../../config/json-value.js'
import type { JsonObject, ServiceConfig } from '../../config/types.js'
import type { ServiceDocumentation } from '../documentation.js'
import type { Server } from '../types.js'

/** @param given URLs that win over the configuration */
export function serversOf(config: ServiceConfig, docs: ServiceDocumentation, given: readonly string[]): Server[] {
  if (given.length > 0) return given.map(url => ({ url }))
  const declared = docs.servers.filter(server => server.url !== '')
  if (declared.length > 0) {
    return declared.map(({ url, description, variables }) => ({
      url,
      ...(description === '' ? {} : { description }),
      ...(Object.keys(variables).length === 0 ? {} : { variables: variablesOf(variables) })
    }))
  }
  const { host, basePath } = docs
  const base = basePath === '' || basePath.startsWith('/') ? basePath.replace(/\/+$/, '') : `/${basePath.replace(/\/+$/, '')}`
  if (host !== '') {
    const name = host.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')
    const schemes = docs.schemes.length > 0 ? docs.schemes : [/^https:/i.test(host) || config.server.tls ? 'https' : 'http']
    return schemes.map(scheme => ({ url: `${scheme}://${name}${base}` }))
  }
  if (basePath !== '') return [{ url: base || '/' }]
  const scheme = config.server.tls === undefined ? 'http' : 'https'
  const { listenIp, port } = config
  const address = listenIp === '' || listenIp === '0.0.0.0' || listenIp === '::' ? 'localhost' : listenIp
  return [{ url: `${scheme}://${address.includes(':') ? `[${address}]` : address}${port === 0 ? '' : `:${port}`}` }]
}

/** A variable is an object, or its default value alone. */
function variablesOf(variables: JsonObject): { [name: string]: JsonObject } {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      isObject(value) ? { default: '', ...(value as JsonObject) } : { default: String(value) }
    ])
  )
}
