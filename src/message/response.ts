import type { Readable } from 'node:stream'
import { Readable as NodeReadable } from 'node:stream'
import { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import { Body, DEFAULT_MAX_BODY_BYTES, type ValueSource } from './body.js'
import { type ByteSource, ReadableSource } from './byte-flow.js'
import type { Exchange } from './context.js'
import { HeaderMap, type HeadersLike } from './header-map.js'
import type { UpstreamTunnel } from './upgrade.js'

/** A status, or status (200…599) and headers. */
export type Init = number | { status?: number; headers?: HeadersLike }

const BRAND = Symbol.for('sluice.GatewayResponse')

/** Says whether a value is a response of any copy of this module. */
export function isGatewayResponse(value: unknown): value is GatewayResponse {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
}

/** A response on its way out. One object answers one request. */
export class GatewayResponse {
  /** 200…599. */
  status: number
  private rawFields: RawFields | undefined
  private headerMap: HeaderMap | undefined
  private content: ByteSource | Buffer | ValueSource | undefined
  private bodyView: Body | undefined
  private limit: number
  /** Gateway use: no body travels although the fields describe one (HEAD, 204, 304); Content-Length stays. */
  bodiless: boolean
  /** Gateway use: data of a decoded endpoint is complete (`X-Krakend-Completed`). undefined = not a decoded answer. */
  complete: boolean | undefined
  /** Gateway use: what is missing in a partial answer, or the failure that a static answer covers. */
  failure: GatewayError | undefined
  /** Gateway use: the upstream call it came from. */
  call: { readonly url: string } | undefined
  /** Gateway use: the whole text of a no-op part, kept where `sequential_propagated_params` asks for it. */
  partText: string | undefined
  /** Gateway use: the upstream's connection after a 101 answer; goes with the response until a tunnel is made of it. */
  tunnel: UpstreamTunnel | undefined
  /** Gateway use: the exchange it answers; a plugin that keeps one object for several requests is told so. */
  usedBy: Exchange | undefined
  readonly [BRAND] = true

  /** @throws RangeError for a status outside 200…599; TypeError for illegal headers */
  constructor(init: Init = 200) {
    const status = typeof init === 'number' ? init : (init.status ?? 200)
    checkStatus(status)
    this.status = status
    this.rawFields = undefined
    this.headerMap = undefined
    this.content = undefined
    this.bodyView = undefined
    this.limit = DEFAULT_MAX_BODY_BYTES
    this.bodiless = status === 204 || status === 304
    this.complete = undefined
    this.failure = undefined
    this.call = undefined
    this.partText = undefined
    this.tunnel = undefined
    this.usedBy = undefined
    if (typeof init !== 'number' && init.headers !== undefined) this.headerMap = HeaderMap.from(init.headers)
    if (this.headerMap !== undefined) this.rawFields = this.headerMap.raw
  }

  /** Plain text, `text/plain; charset=utf-8` unless given. */
  static text(text: string, init?: Init): GatewayResponse {
    const response = new GatewayResponse(init)
    if (!response.headers.has('content-type')) response.headers.set('Content-Type', 'text/plain; charset=utf-8')
    response.content = Buffer.from(text)
    return response
  }

  /** A JSON value, `application/json; charset=utf-8` unless given. The value is copied before anybody edits it. */
  static json(value: unknown, init?: Init): GatewayResponse {
    const response = new GatewayResponse(init)
    response.body.setJson(value)
    return response
  }

  /** No body; 204 unless given. */
  static empty(init: Init = 204): GatewayResponse {
    return new GatewayResponse(typeof init === 'number' ? init : { status: 204, ...init })
  }

  static stream(source: Readable | AsyncIterable<Uint8Array>, init?: Init): GatewayResponse {
    const response = new GatewayResponse(init)
    const readable =
      typeof (source as Readable).pipe === 'function' ? (source as Readable) : NodeReadable.from(source, { objectMode: false })
    response.content = new ReadableSource(readable, 'a response stream failed')
    return response
  }

  /**
   * Gateway use: a response over what came from upstream or from decoding; nothing is checked or copied.
   * `raw` holds no hop-by-hop fields and becomes the response's own.
   */
  static over(
    status: number,
    raw: RawFields,
    content: ByteSource | Buffer | ValueSource | undefined,
    limit: number
  ): GatewayResponse {
    const response = new GatewayResponse(200)
    response.status = status
    response.rawFields = raw
    response.content = content
    response.limit = limit
    response.bodiless = status === 204 || status === 304
    return response
  }

  /**
   * Whether decoded data is complete: false when a backend's part is missing. undefined for bytes, a plugin's own answer, and
   * outside of an endpoint's modifiers, where the finished answer says it in `X-Krakend-Completed`.
   */
  get isComplete(): boolean | undefined {
    return this.complete
  }

  get headers(): HeaderMap {
    this.headerMap ??= new HeaderMap(this.raw)
    return this.headerMap
  }

  set headers(value: HeaderMap) {
    if (value === this.headerMap) return
    const copy = HeaderMap.from(value)
    this.headers.raw.splice(0, this.headers.raw.length, ...copy.raw)
  }

  get body(): Body {
    this.bodyView ??= new Body(new ResponseBodyOwner(this), this.bodiless ? undefined : this.content, this.limit)
    return this.bodyView
  }

  /** Lets an answer of `next` go that is not sent on: frees its upstream connection. Idempotent. */
  discard(): void {
    const reason = new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'the response was discarded' })
    this.tunnel?.socket.destroy()
    if (this.bodyView !== undefined) this.bodyView.discard(reason)
    if (this.bodyView === undefined || this.bodiless) {
      const { content } = this
      this.content = undefined
      if (content !== undefined && 'destroy' in content) content.destroy(reason)
    }
  }

  /** Gateway use: the live field array. */
  get raw(): RawFields {
    this.rawFields ??= []
    return this.rawFields
  }

  /** Gateway use: nobody has asked for {@link headers}. */
  get untouched(): boolean {
    return this.headerMap === undefined
  }

  /** Gateway use: the body when somebody asked for it. */
  get openedBody(): Body | undefined {
    return this.bodyView
  }

  /** Gateway use: what the body is made of while nobody has opened it. */
  get unopened(): ByteSource | Buffer | ValueSource | undefined {
    return this.content
  }
}

class ResponseBodyOwner {
  readonly side = 'response'
  private readonly response: GatewayResponse

  constructor(response: GatewayResponse) {
    this.response = response
  }

  get headers(): HeaderMap {
    return this.response.headers
  }
}

/** @throws RangeError */
function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`a response status is a number from 200 to 599, not ${String(status)}`)
  }
}
