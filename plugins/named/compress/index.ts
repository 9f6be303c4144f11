/** `sluice-compress`: br, gzip and zstd for clients that accept them, while the bytes pass. */

import { defineHandler, type GatewayRequest, type GatewayResponse, type HeaderMap } from 'sluice/plugin'
import { compileMediaTypes, essence, forbidsTransform, TEXT_TYPES } from '../media-types.js'
import { pickCoding } from './accept-encoding.js'
import { type Coding, type Compressor, compressorsOf, isSupported } from './coders.js'

interface Options {
  readonly encodings?: readonly Coding[]
  readonly min_bytes: number
  readonly media_types: readonly string[]
  readonly levels: Readonly<Partial<Record<Coding, number>>>
}

/** Quick enough for responses that are made for one client. */
const LEVELS: Readonly<Record<Coding, number>> = { br: 4, gzip: 6, zstd: 3 }

const plugin = defineHandler<Options>({
  name: 'sluice-compress',
  needs: 'stream',
  schema: {
    type: 'object',
    properties: {
      encodings: { type: 'array', items: { enum: ['br', 'gzip', 'zstd'] }, minItems: 1, uniqueItems: true },
      min_bytes: { type: 'integer', minimum: 0, default: 1024 },
      media_types: { type: 'array', items: { type: 'string', minLength: 1 }, default: [...TEXT_TYPES, 'application/wasm'] },
      levels: {
        type: 'object',
        properties: {
          br: { type: 'integer', minimum: 0, maximum: 11 },
          gzip: { type: 'integer', minimum: 1, maximum: 9 },
          zstd: { type: 'integer', minimum: 1, maximum: 22 }
        },
        additionalProperties: false,
        default: {}
      }
    },
    additionalProperties: false
  },
  create(options, next) {
    const encodings = options.encodings ?? (['br', 'zstd', 'gzip'] as const).filter(isSupported)
    const missing = encodings.find(coding => !isSupported(coding))
    if (missing !== undefined) throw new Error(`this Node (${process.version}) cannot write ${missing}: use 22.15 or later`)
    const makers = new Map(encodings.map(one => [one as string, compressorsOf(one, options.levels[one] ?? LEVELS[one])]))
    const matches = compileMediaTypes(options.media_types, false)
    const { min_bytes } = options

    /** True when the response is one that would be compressed for some client. */
    function applies(response: GatewayResponse): boolean {
      const { status, headers } = response
      if (status < 200 || status === 204 || status === 206 || status === 304) return false
      const type = headers.get('content-type')
      // events must not wait, and clients read them as they come
      if (type === undefined || essence(type) === 'text/event-stream' || !matches(type)) return false
      const coding = headers.get('content-encoding')
      if (coding !== undefined && coding.toLowerCase() !== 'identity') return false
      return !headers.has('content-range') && !forbidsTransform(headers.get('cache-control'))
    }

    function isSmall(response: GatewayResponse): boolean {
      const length = response.body.length ?? response.headers.get('content-length')
      return length !== undefined && Number(length) < min_bytes
    }

    return async request => {
      const accepted = request.headers.get('accept-encoding')
      const response = await next(request)
      if (response.status === 304) describeUnchanged(request, response.headers)
      if (!applies(response) || (request.method !== 'HEAD' && isSmall(response))) return response
      addVary(response.headers)
      const coding = forbidsTransform(request.headers.get('cache-control')) ? undefined : pickCoding(accepted, encodings)
      if (coding !== undefined) compress(request, response, coding, makers.get(coding)!)
      return response
    }
  }
})

export const HandlerRegisterer = plugin
export const ClientRegisterer = plugin

function compress(request: GatewayRequest, response: GatewayResponse, coding: string, make: () => Compressor): void {
  if (request.method === 'HEAD') {
    response.headers.delete('content-length') // of the other coding
    return
  }
  const compressor = make()
  response.body.tap(new Flushing(compressor))
  response.body.transform(compressor.transform)
  response.headers.set('Content-Encoding', coding)
}

/** Gives out what a compressor holds once a turn of the event loop brought bytes: a slow stream is never kept waiting. */
class Flushing {
  private readonly compressor: Compressor
  private scheduled = false
  private readonly flush = (): void => {
    this.scheduled = false
    this.compressor.flush()
  }

  constructor(compressor: Compressor) {
    this.compressor = compressor
  }

  chunk(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.flush)
  }
}

/** A 304 has the Vary and the tag that the response with a body would have (RFC 9110 §15.4.5). */
function describeUnchanged(request: GatewayRequest, headers: HeaderMap): void {
  addVary(headers)
  const tag = headers.get('etag')
  if (tag?.startsWith('"') && request.headers.get('if-none-match')?.includes(`W/${tag}`)) headers.set('ETag', `W/${tag}`)
}

function addVary(headers: HeaderMap): void {
  const vary = headers.get('vary')
  if (vary !== undefined && /(?:^|[,\s])(?:\*|accept-encoding)(?:[,\s]|$)/i.test(vary)) return
  headers.append('Vary', 'Accept-Encoding')
}
