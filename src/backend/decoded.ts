/**
 * What a decoded backend makes of a response: judge the status, decode, shape.
 *
 * Out: a response with data and no headers, or a GatewayError. Success is 200 and 201 alone, as in KrakenD;
 * `return_error_details` makes data of a failure, `return_error_code` gives the failure the upstream's status.
 */

import { sizeText } from '../config/size.js'
import type { BackendConfig } from '../config/types.js'
import { readsContentType } from '../encoding/decoders.js'
import { fromValue } from '../encoding/json/values.js'
import { compileShape, type Shape } from '../encoding/shape/shape.js'
import { compileStreamShape, type StreamShape } from '../encoding/shape/stream-shape.js'
import type { Decoder } from '../encoding/types.js'
import { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import { type ByteSink, type ByteSource, ReplaySource } from '../message/byte-flow.js'
import { CollectSink } from '../message/collect-sink.js'
import { decodeContent } from '../message/content-coding.js'
import { FieldMap } from '../message/field-map.js'
import { ObjectNode } from '../message/json/node.js'
import { FilterLink } from '../message/links.js'
import { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import { runSliced } from '../message/slices.js'
import type { PipeStage } from '../pipe/description.js'
import { entityResponse } from './entity.js'

/** What a call needs that reads the whole body itself. */
export interface WholeReceive {
  accepts(status: number): boolean
  /** Decodes and shapes the body of an accepted response. May throw. */
  decode(fields: RawFields, bytes: Buffer, scope: Scope): ResponseMessage | Promise<ResponseMessage>
  /** Decoding looks at the Content-Type; at the Content-Encoding it always does. */
  readonly readsType: boolean
  /** The body of a status that is not accepted is read before it is judged. */
  readonly judgesBody: boolean
  /** Judges what is not accepted. */
  receive(response: ResponseMessage, scope: Scope): Promise<ResponseMessage>
}

/** The receiving half of a backend. */
export interface Receiver {
  /** Turns the upstream's response into one with data, unless `scope` is cancelled before; rejects with a GatewayError. */
  receive(response: ResponseMessage, scope: Scope): Promise<ResponseMessage>
  /** Undefined where the body may flow on or is not read. */
  readonly whole: WholeReceive | undefined
  /** A body larger than the limit is shaped while it flows. */
  readonly streams: boolean
  /** Shaping outside of decoding. */
  readonly stages: readonly PipeStage[]
}

export interface ReceiveDeps {
  readonly decoder: Decoder
  /** The name of the decoder that is used in fact. */
  readonly decoderName: string
  /** bytes; most to hold, decoded. */
  readonly limit: number
  /** The endpoint can send a body that is shaped while it flows: one backend, JSON out, no stage that needs the data. */
  readonly mayStream: boolean
  /** The output wants the bare collection (`json-collection`), when the body is streamed. */
  readonly bareCollection: boolean
  /** A later backend of the sequence wants the whole text of this no-op one (`sequential_propagated_params: ["resp0"]`). */
  readonly keepText: boolean
}

/** Encodings that can be shaped on the way. */
const STREAMED: ReadonlySet<string> = new Set(['json', 'safejson'])

/** Bytes of an unwanted error body that are still read to keep the connection. */
export const ERROR_BODY_DRAIN = 64 * 1024

export function compileReceive(backend: BackendConfig, deps: ReceiveDeps): Receiver {
  return new DecodedReceiver(backend, deps)
}

/** One for each of thousands of backends: no closures. */
class DecodedReceiver implements Receiver, WholeReceive {
  readonly readsType: boolean
  readonly judgesBody: boolean
  private readonly backend: BackendConfig
  private readonly deps: ReceiveDeps
  private readonly shape: Shape | undefined
  private readonly streamShape: (() => StreamShape) | undefined

  constructor(backend: BackendConfig, deps: ReceiveDeps) {
    const { returnErrorDetails, returnErrorCode } = backend.http
    this.backend = backend
    this.deps = deps
    this.shape = compileShape(backend)
    // what no rule shapes must be seen whole before it is sent on, and is held for that; a filter or a wrap may run on any size
    const shapes = this.shape !== undefined || backend.isCollection
    this.streamShape =
      deps.mayStream && shapes && STREAMED.has(backend.encoding) ? compileStreamShape(backend, deps.bareCollection) : undefined
    this.readsType = readsContentType(deps.decoder)
    this.judgesBody = returnErrorDetails !== '' || returnErrorCode
  }

  get streams(): boolean {
    return this.streamShape !== undefined
  }

  get whole(): WholeReceive | undefined {
    return this.backend.encoding !== 'no-op' && this.streamShape === undefined ? this : undefined
  }

  get stages(): readonly PipeStage[] {
    const { limit, decoderName, keepText } = this.deps
    const place = 'backend/decoding'
    if (this.backend.encoding === 'no-op') {
      return keepText
        ? [{ name: 'text', place, holdsBody: 'yes', note: 'for a later backend of the sequence' }]
        : [{ name: 'discard', place, holdsBody: 'no', note: 'a no-op part of a merge has no data' }]
    }
    const note = this.streams ? '; a larger body is shaped while it flows' : ''
    const decoding: PipeStage = {
      name: `decode ${decoderName}`,
      place,
      holdsBody: 'yes',
      note: `up to ${sizeText(limit)}${note}`
    }
    if (this.shape === undefined) return [decoding]
    return [{ name: 'shape', place, holdsBody: 'yes', note: 'only the keys it touches are decoded' }, decoding]
  }

  accepts(status: number): boolean {
    return isAccepted(status)
  }

  receive(response: ResponseMessage, scope: Scope): Promise<ResponseMessage> {
    const { limit, keepText } = this.deps
    if (this.backend.encoding === 'no-op') return keepText ? textPart(response, limit) : Promise.resolve(noOpPart(response))
    if (!isAccepted(response.status)) return judgeStatus(this.backend, response, limit)
    const content = response.openedBody === undefined ? response.unopened : undefined
    if (content !== undefined && !Buffer.isBuffer(content) && 'flow' in content) return this.collect(response, content, scope)
    return hold(response).then(held =>
      Buffer.isBuffer(held) ? this.decode(response.raw, held, scope) : this.collect(response, held, scope)
    )
  }

  decode(fields: RawFields, bytes: Buffer, scope: Scope): ResponseMessage | Promise<ResponseMessage> {
    const coding = contentCoding(fields)
    if (coding === undefined) return this.decodePlain(fields, bytes, scope)
    return decodeContent(bytes, coding, this.deps.limit).then(plain => this.decodePlain(fields, plain, scope))
  }

  private decodePlain(fields: RawFields, bytes: Buffer, scope: Scope): ResponseMessage | Promise<ResponseMessage> {
    const contentType = new FieldMap(fields).get('content-type') ?? ''
    const data = this.deps.decoder(bytes, { contentType, isCollection: this.backend.isCollection, scope })
    return data instanceof Promise ? data.then(ready => this.shaped(ready, scope)) : this.shaped(data, scope)
  }

  private shaped(data: ObjectNode | null, scope: Scope): ResponseMessage | Promise<ResponseMessage> {
    const { shape } = this
    const made = shape === undefined ? data : runSliced(shape(data), scope)
    return made instanceof Promise ? made.then(ready => entityResponse(ready, true)) : entityResponse(made, true)
  }

  /** Reads, decodes and shapes behind one promise. */
  private collect(response: ResponseMessage, source: ByteSource, scope: Scope): Promise<ResponseMessage> {
    return new Promise((resolve, reject) => {
      const collected = (error: GatewayError | undefined, bytes: Buffer): void => {
        if (error !== undefined) return reject(error)
        try {
          const made = this.decode(response.raw, bytes, scope)
          if (sink.target !== undefined && !(made instanceof Promise) && !this.readsType) made.memory = sink.target
          resolve(made)
        } catch (cause) {
          reject(cause)
        }
      }
      const overflow = (chunks: Uint8Array[]): ByteSink => {
        const rest = new ReplaySource(chunks, source, source.length)
        resolve(this.streamed(rest))
        return rest
      }
      const streams = this.streams && contentCoding(response.raw) === undefined
      const sink = new CollectSink(source, this.deps.limit, collected, streams ? overflow : undefined)
      source.flow(sink)
    })
  }

  private streamed(source: ByteSource): ResponseMessage {
    const response = ResponseMessage.over(
      200,
      ['Content-Type', 'application/json; charset=utf-8'],
      new ShapeLink(this.streamShape!()).connect(source),
      this.deps.limit
    )
    response.complete = true
    return response
  }
}

const isAccepted = (status: number): boolean => status === 200 || status === 201

function contentCoding(fields: RawFields): string | undefined {
  const coding = new FieldMap(fields).get('content-encoding')
  return coding === undefined || coding === '' || coding === 'identity' ? undefined : coding
}

/** The body of a response that a plugin has looked into or made: its bytes, or where they come from. */
async function hold(response: ResponseMessage): Promise<Buffer | ByteSource> {
  const { openedBody, unopened } = response
  if (openedBody !== undefined) return openedBody.bytesInMemory() ?? openedBody.takeWhenSettled()
  return Buffer.isBuffer(unopened) ? unopened : unopened === undefined ? Buffer.alloc(0) : response.body.takeWhenSettled()
}

function noOpPart(response: ResponseMessage): ResponseMessage {
  response.discard()
  return entityResponse(ObjectNode.ofText('{}'), true)
}

async function textPart(response: ResponseMessage, limit: number): Promise<ResponseMessage> {
  const text = await response.body.text(limit)
  const part = entityResponse(ObjectNode.ofText('{}'), true)
  part.partText = text
  return part
}

async function judgeStatus(backend: BackendConfig, response: ResponseMessage, limit: number): Promise<ResponseMessage> {
  const { returnErrorDetails, returnErrorCode } = backend.http
  if (returnErrorDetails === '' && !returnErrorCode) {
    drain(response)
    throw new GatewayError('SLUICE_ERR_UPSTREAM_STATUS', {
      message: `invalid status code ${response.status} [${backend.method} ${backend.goPattern}]: ${response.call?.url ?? ''}`
    })
  }
  const text = await response.body.text(limit)
  const contentType = response.headers.get('content-type') ?? ''
  if (returnErrorDetails !== '') {
    const details: Record<string, unknown> = { http_status_code: response.status }
    if (text !== '') details.http_body = text
    if (contentType !== '') details.http_body_encoding = contentType
    const failed = entityResponse(fromValue({ [`error_${returnErrorDetails}`]: details }) as ObjectNode, false)
    failed.metadataStatus = response.status
    return failed
  }
  throw new GatewayError('SLUICE_ERR_UPSTREAM_STATUS', {
    message: text,
    statusCode: response.status,
    ...(contentType === '' ? {} : { contentType })
  })
}

/** Reads a small body to the end so that its connection lives on; a large one is cut. */
function drain(response: ResponseMessage): void {
  const content = response.openedBody === undefined ? response.unopened : undefined
  if (content === undefined || Buffer.isBuffer(content) || !('flow' in content)) {
    response.discard()
    return
  }
  content.flow(new CollectSink(content, ERROR_BODY_DRAIN, () => {}))
}

/** A body of any size that is shaped on its way; what cannot be shaped is the upstream's fault. */
class ShapeLink extends FilterLink {
  protected override failureOf(cause: unknown): GatewayError {
    return new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: (cause as Error).message, cause })
  }
}
