/** The responses of an operation: those that the configuration describes, and those that follow from what stands around the endpoint. */

import { isObject } from '../../config/json-value.js'
import type { EndpointConfig, JsonObject, ServiceConfig } from '../../config/types.js'
import type { EndpointDocumentation, ServiceDocumentation } from '../documentation.js'
import type { Response } from '../types.js'
import { contentOf, mediaTypeOf } from './bodies.js'
import type { Schemas } from './schemas.js'

export interface ResponseContext {
  readonly config: ServiceConfig
  readonly service: ServiceDocumentation
  readonly schemas: Schemas
  readonly operationId: string
}

/** Returns the responses by status, in ascending order. */
export function responsesOf(
  endpoint: EndpointConfig,
  docs: EndpointDocumentation,
  context: ResponseContext
): { [status: string]: Response } {
  const found = new Map<string, Response>()
  if (!context.service.disableDefaultResponses) {
    const isDescribed = docs.responses.some(({ status }) => status.startsWith('2'))
    if (!isDescribed) found.set('200', { description: 'Success', content: contentOf(endpoint, docs.example) })
    for (const [status, description] of refusals(endpoint, context.config)) found.set(status, { description })
  }
  for (const response of docs.responses) {
    const { status, description, contentType, example, examples, schema, ref } = response
    const described = contentType !== '' || example !== undefined || examples !== undefined || schema !== undefined || ref !== ''
    const own = {
      [contentType || 'application/json']: mediaTypeOf(response, context.schemas, `${context.operationId}_${status}`)
    }
    const content = described ? own : found.get(status)?.content
    found.set(status, {
      description: description || found.get(status)?.description || `Status ${status}`,
      ...(content === undefined ? {} : { content })
    })
  }
  // OpenAPI 3.1 §4.8.16: there is at least one
  if (found.size === 0) found.set('default', { description: 'Any response' })
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What the endpoint's components and its backends may refuse with. */
function refusals({ extra }: EndpointConfig, { router, extra: service }: ServiceConfig): [status: string, description: string][] {
  const list: [string, string][] = []
  const validator: unknown = extra['auth/validator']
  if (extra['validation/json-schema'] !== undefined) list.push(['400', 'The body does not fit its schema'])
  if (validator !== undefined) list.push(['401', 'There is no valid token'])
  const roles = isObject(validator) ? [validator.roles, validator.scopes] : []
  if (roles.some(one => Array.isArray(one) && one.length > 0)) list.push(['403', 'The token lacks a role or scope'])
  const limits = [extra['qos/ratelimit/router'], service['qos/ratelimit/service']].filter(one => isObject(one)) as JsonObject[]
  const has = (key: string): boolean => limits.some(limit => Number(limit[key] ?? 0) > 0)
  if (has('client_max_rate')) list.push(['429', 'The client sends too many requests'])
  if (has('max_rate')) list.push(['503', 'Too many requests are sent'])
  if (router.errorStatus !== 'http') list.push(['500', 'The backends do not respond as they should'])
  else {
    list.push(['502', 'A backend does not respond as it should'])
    if (!has('max_rate')) list.push(['503', 'A backend cannot be reached'])
    list.push(['504', 'The backends take too long'])
  }
  return list
}
