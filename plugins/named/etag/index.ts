/** `sluice-etag`: entity tags for responses that have none, and 304 for clients that have the body already. */

import { defineHandler, GatewayError, type GatewayRequest, GatewayResponse } from 'sluice/plugin'
import { essence } from '../media-types.js'
import { entityTag, noneMatchNames } from './entity-tags.js'

interface Options {
  readonly weak: boolean
  readonly max_bytes: number
}

const plugin = defineHandler<Options>({
  name: 'sluice-etag',
  needs: 'body',
  schema: {
    type: 'object',
    properties: {
      weak: { type: 'boolean', default: false },
      max_bytes: { type: 'integer', minimum: 0, default: 1024 * 1024 }
    },
    additionalProperties: false
  },
  create({ weak, max_bytes }, next) {
    return async request => {
      const response = await next(request)
      const { method } = request
      if (response.status !== 200 || (method !== 'GET' && method !== 'HEAD')) return response
      let tag = response.headers.get('etag')
      if (tag === undefined && method === 'GET') {
        tag = await computeTag(response, weak, max_bytes)
        if (tag !== undefined) response.headers.set('ETag', tag)
      }
      return tag === undefined ? response : conditional(request, response, tag)
    }
  }
})

export const HandlerRegisterer = plugin
export const ClientRegisterer = plugin

/** undefined = the body is too large, or of a kind that must not wait for its end. */
async function computeTag({ headers, body }: GatewayResponse, weak: boolean, limit: number): Promise<string | undefined> {
  const type = headers.get('content-type')
  if (type !== undefined && essence(type) === 'text/event-stream') return undefined
  const length = body.length ?? Number(headers.get('content-length') ?? 0)
  if (length > limit) return undefined
  try {
    return entityTag(await body.buffer(limit), weak)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'SLUICE_ERR_BODY_TOO_LARGE') return undefined // nothing was lost
    throw error
  }
}

/** Fields that describe the body a 304 does not have; the others it repeats (RFC 9110 §15.4.5). */
const ABOUT_BODY = new Set([
  'accept-ranges',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'last-modified',
  'repr-digest'
])

function conditional(request: GatewayRequest, response: GatewayResponse, tag: string): GatewayResponse {
  const asked = request.headers.get('if-none-match')
  if (asked === undefined || !noneMatchNames(asked, tag)) return response
  const unchanged = new GatewayResponse(304)
  for (const [name, value] of response.headers) if (!ABOUT_BODY.has(name.toLowerCase())) unchanged.headers.append(name, value)
  response.discard()
  return unchanged
}
