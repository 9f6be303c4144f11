import type { Readable } from 'node:stream'
import { Readable as NodeReadable } from 'node:stream'
import { GatewayError } from '../errors.js'
import { isFraming, lowerName, type RawFields } from '../http/fields.js'
import type { Owned } from './blame.js'
import { type Content, DEFAULT_MAX_BODY_BYTES, MessageBody } from './body.js'
import { type ByteSource, FailedSource, ReadableSource } from './byte-flow.js'
import type { Exchange } from './context.js'
import { FieldMap } from './field-map.js'
import type { UpstreamTunnel } from './protocol-change.js'
import type { GatewayResponse, HeaderMap, Init, StoredResponse } from './public.js'
import { freeBytes } from './slab.js'

const BRAND = Symbol.for('sluice.GatewayResponse')

/** Says whether a value is a response of any copy of this module. */
export function isResponse(value: unknown): value is ResponseMessage {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
}

/** A response with what the gateway needs of it. Plugins see {@link GatewayResponse}. */
export class ResponseMessage implements GatewayResponse {
  status: number
  private rawFields: RawFields | undefined
  private fieldMap: FieldMap | undefined
  private content: Content | undefined
  private openBody: MessageBody | undefined
  private limit: number
  /** No body travels although the fields describe one (HEAD, 204, 304); Content-Length stays. */
  bodiless: boolean
  /** Data of a decoded endpoint is complete (`X-Krakend-Completed`). undefined = not a decoded response. */
  complete: boolean | undefined
  metadataStatus: number
  /** What is missing in a partial response, or the failure that a static response covers. */
  failure: GatewayError | undefined
  /** The upstream call it came from. */
  call: { readonly url: string } | undefined
  /** The whole text of a no-op part, kept where `sequential_propagated_params` asks for it. */
  partText: string | undefined
  /** The upstream's connection after a 101; goes with the response until a tunnel is made of it. */
  tunnel: UpstreamTunnel | undefined
  /** The response whose data this one was rendered from. */
  renderedFrom: ResponseMessage | undefined
  /** Memory that its content lies in, and nothing else: see {@link letGo}. */
  memory: Buffer | undefined
  private wasRendered: boolean
  /** The `outerFields` of its request that it holds already, as plugins further in have left them. */
  heldFields: RawFields | undefined
  /** The exchange it belongs to: a plugin that returns one object for several requests gets an error. */
  usedBy: Exchange | undefined
  readonly [BRAND] = true

  /** @throws RangeError for a status outside 200…599; TypeError for illegal headers */
  constructor(init: Init = 200) {
    const status = typeof init === 'number' ? init : (init.status ?? 200)
    checkStatus(status)
    this.status = status
    this.rawFields = undefined
    this.fieldMap = undefined
    this.content = undefined
    this.openBody = undefined
    this.limit = (typeof init === 'number' ? undefined : init.maxBodyBytes) ?? DEFAULT_MAX_BODY_BYTES
    this.bodiless = status === 204 || status === 304
    this.complete = undefined
    this.metadataStatus = 0
    this.failure = undefined
    this.call = undefined
    this.partText = undefined
    this.tunnel = undefined
    this.renderedFrom = undefined
    this.memory = undefined
    this.wasRendered = false
    this.heldFields = undefined
    this.usedBy = undefined
    if (typeof init !== 'number' && init.headers !== undefined) this.fieldMap = FieldMap.from(init.headers)
    if (this.fieldMap !== undefined) this.rawFields = this.fieldMap.raw
  }

  static text(text: string, init?: Init): ResponseMessage {
    const response = new ResponseMessage(init)
    if (!response.headers.has('content-type')) response.headers.set('Content-Type', 'text/plain; charset=utf-8')
    response.content = Buffer.from(text)
    return response
  }

  static json(value: unknown, init?: Init): ResponseMessage {
    const response = new ResponseMessage(init)
    response.body.setJson(value)
    return response
  }

  static empty(init: Init = 204): ResponseMessage {
    return new ResponseMessage(typeof init === 'number' ? init : { status: 204, ...init })
  }

  static stream(source: Readable | AsyncIterable<Uint8Array>, init?: Init): ResponseMessage {
    const response = new ResponseMessage(init)
    const readable =
      typeof (source as Readable).pipe === 'function' ? (source as Readable) : NodeReadable.from(source, { objectMode: false })
    response.content = new ReadableSource(readable, 'a response stream failed')
    return response
  }

  /**
   * Returns a response over what came from upstream or from decoding; nothing is checked or copied.
   * `raw` holds no hop-by-hop fields and becomes the response's own.
   */
  static over(status: number, raw: RawFields, content: Content | undefined, limit: number): ResponseMessage {
    const response = new ResponseMessage(200)
    response.status = status
    response.rawFields = raw
    response.content = content
    response.limit = limit
    response.bodiless = status === 204 || status === 304
    return response
  }

  /**
   * Returns a response that a plugin made elsewhere, as a whole: its body is no edit of another one, so fields that describe it (`ETag`,
   * digests, `Accept-Ranges`) stay. `fields` become its own, without framing. A source with an owner is let go with the exchange.
   * @throws RangeError for a status outside 200…599
   */
  static made(status: number, fields: RawFields, content: (ByteSource & Owned) | Buffer | undefined): ResponseMessage {
    checkStatus(status)
    let kept = 0
    for (let i = 0; i < fields.length; i += 2) {
      if (isFraming(lowerName(fields[i]!))) continue
      if (kept !== i) {
        fields[kept] = fields[i]!
        fields[kept + 1] = fields[i + 1]!
      }
      kept += 2
    }
    fields.length = kept
    return ResponseMessage.over(status, fields, content, DEFAULT_MAX_BODY_BYTES)
  }

  static stored({ status, fields, body, url, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: StoredResponse): ResponseMessage {
    const response = ResponseMessage.over(status, fields, body, maxBodyBytes)
    if (body === undefined) response.bodiless = true
    response.call = { url }
    return response
  }

  get upgraded(): boolean {
    return this.tunnel !== undefined
  }

  giveBody(): void {
    if (!this.bodiless) return
    this.discard()
    this.headers.delete('content-length')
    this.bodiless = false
  }

  get upstreamUrl(): string | undefined {
    return this.call?.url
  }

  get isComplete(): boolean | undefined {
    return this.complete
  }

  set isComplete(value: boolean | undefined) {
    this.complete = value
  }

  get headers(): FieldMap {
    this.fieldMap ??= new FieldMap(this.raw)
    return this.fieldMap
  }

  set headers(value: HeaderMap) {
    if (value !== this.fieldMap) this.headers.replaceBy(value)
  }

  get body(): MessageBody {
    this.openBody ??= new MessageBody(new ResponseBodyOwner(this), this.bodiless ? undefined : this.content, this.limit)
    return this.openBody
  }

  discard(): void {
    const reason = new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'the response was discarded' })
    this.tunnel?.socket.destroy()
    if (this.openBody !== undefined) this.openBody.discard(reason)
    if (this.openBody === undefined || this.bodiless) {
      const { content } = this
      this.content = undefined
      if (content !== undefined && 'destroy' in content) content.destroy(reason)
    }
  }

  /**
   * Called before its data is rendered. A plugin can have one response rendered twice, by two calls of `next` or for two requests. Then
   * the end of one rendering says nothing of the other: its memory is left to garbage collection.
   */
  beginRendering(): void {
    if (this.wasRendered) this.memory = undefined
    this.wasRendered = true
  }

  /**
   * Called when bytes of this response were written. `spent`: the kernel has taken all of them. What they were rendered from gives its
   * memory back, unless a reader may still use some of it. A plugin that reads one of the two bodies afterwards gets
   * SLUICE_ERR_PLUGIN_BODY_TAKEN. Once a client reads late, the memory is never given back: its socket holds views of it, also when
   * another exchange writes the same response.
   */
  letGo(spent: boolean): void {
    const from = this.renderedFrom
    if (!spent) {
      this.renderedFrom = undefined
      return
    }
    const memory = from?.memory
    if (memory === undefined || this.openBody !== undefined || from!.openBody?.lends === true) return
    from!.memory = undefined
    from!.forget()
    this.forget()
    freeBytes(memory)
  }

  private forget(): void {
    this.content = TAKEN
    this.openBody?.forget(TAKEN)
  }

  /** The live field array. */
  get raw(): RawFields {
    this.rawFields ??= []
    return this.rawFields
  }

  /** True while {@link headers} was never read. */
  get untouched(): boolean {
    return this.fieldMap === undefined
  }

  /** The body when {@link body} was read before, else undefined. */
  get openedBody(): MessageBody | undefined {
    return this.openBody
  }

  /** The body is on its way: whether it arrives is not known yet. */
  get flows(): boolean {
    const { bodiless, openBody, content } = this
    if (bodiless) return false
    return openBody === undefined ? content !== undefined && 'flow' in content : openBody.bytesInMemory() === undefined
  }

  /** What the body is made of while {@link openedBody} is undefined. */
  get unopened(): Content | undefined {
    return this.content
  }
}

/** The content of a response that is out and whose memory has another use. */
const TAKEN = new FailedSource(new GatewayError('SLUICE_ERR_PLUGIN_BODY_TAKEN'))

class ResponseBodyOwner {
  readonly side = 'response'
  private readonly response: ResponseMessage

  constructor(response: ResponseMessage) {
    this.response = response
  }

  get headers(): FieldMap {
    return this.response.headers
  }
}

/** @throws RangeError */
function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`a response status is a number from 200 to 599, not ${String(status)}`)
  }
}
