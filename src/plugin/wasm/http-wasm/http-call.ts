import { Buffer } from 'node:buffer'
import { GatewayError } from '../../../errors.js'
import type { MessageBody } from '../../../message/body.js'
import { FieldMap } from '../../../message/field-map.js'
import type { RequestMessage } from '../../../message/request.js'
import { ResponseMessage } from '../../../message/response.js'

/** What a guest asks the host to hold or offer, as bits of `enable_features`. */
export const BUFFER_REQUEST = 1
export const BUFFER_RESPONSE = 2
export const TRAILERS = 4
export const ALL_FEATURES = BUFFER_REQUEST | BUFFER_RESPONSE | TRAILERS

/** Fields that tell of a body and go when it is replaced; what the guest has set by itself stays. */
const OF_THE_BODY = [
  'content-encoding',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
  'content-range',
  'etag'
]

/** A body that a guest reads, in memory. */
export interface HeldBody {
  readonly bytes: Buffer
  /** Bytes that were read. */
  read: number
}

/** A body that a guest writes. */
interface WrittenBody {
  readonly chunks: Buffer[]
  bytes: number
}

/** One request under way in an instance: the messages as they are, and what the guest has written. */
export class HttpCall {
  readonly request: RequestMessage
  /** At backend scope the request is the gateway's own: HTTP/1.1, without the client's Host. */
  readonly isBackend: boolean
  features: number
  /** What `next` has returned; undefined before. */
  response: ResponseMessage | undefined = undefined
  requestBody: HeldBody | undefined = undefined
  responseBody: HeldBody | undefined = undefined
  /** An instance waits for `next` with this request. */
  holdsInstance = false
  /** The guest's own response, or what it has set before `next`. */
  ownStatus = 200
  private ownFields: FieldMap | undefined = undefined
  private ownTrailers: FieldMap | undefined = undefined
  private requestWritten: WrittenBody | undefined = undefined
  private responseWritten: WrittenBody | undefined = undefined
  /** Fields of the response that the guest has set after `next`, of those that tell of a body. */
  private told: Set<string> | undefined = undefined

  constructor(request: RequestMessage, isBackend: boolean, features: number) {
    this.request = request
    this.isBackend = isBackend
    this.features = features
  }

  /** `next` was called and its response has come. */
  get afterNext(): boolean {
    return this.response !== undefined
  }

  /** The fields of the response: what `next` has returned, or the guest's own. */
  get responseFields(): FieldMap {
    if (this.response !== undefined) return this.response.headers
    this.ownFields ??= new FieldMap()
    return this.ownFields
  }

  /** Those of `next`'s response, or of the guest's own. */
  get responseTrailers(): FieldMap {
    if (this.response !== undefined) return this.response.body.trailers
    this.ownTrailers ??= new FieldMap()
    return this.ownTrailers
  }

  /** Notes that the guest has set a field of the message that is its to change: the request, and the response after `next`. */
  tell(lower: string): void {
    if (!OF_THE_BODY.includes(lower)) return
    this.told ??= new Set()
    this.told.add(lower)
  }

  /** The first write replaces the body, others append. @throws GatewayError beyond `max_body_bytes` */
  writeRequest(bytes: Buffer): void {
    this.requestWritten ??= { chunks: [], bytes: 0 }
    write(this.requestWritten, bytes, this.request.body)
  }

  /** As {@link writeRequest}. */
  writeResponse(bytes: Buffer): void {
    this.responseWritten ??= { chunks: [], bytes: 0 }
    write(this.responseWritten, bytes, this.response?.body)
  }

  /** Gives the request the body that the guest wrote. */
  finishRequest(): void {
    const { request, requestWritten, told } = this
    this.requestWritten = undefined
    this.told = undefined
    if (requestWritten !== undefined) replaceBody(request, requestWritten, told)
  }

  /** The guest's own response, in place of `next`. */
  ownResponse(): ResponseMessage {
    const bytes = this.responseWritten === undefined ? EMPTY : Buffer.concat(this.responseWritten.chunks)
    const response = ResponseMessage.made(this.ownStatus, this.ownFields?.raw ?? [], bytes)
    if (this.ownTrailers !== undefined) response.body.trailers.raw.push(...this.ownTrailers.raw)
    return response
  }

  /** The guest has written something of a response before `next`. */
  get hasOwnResponse(): boolean {
    return this.ownFields !== undefined || this.ownTrailers !== undefined || this.responseWritten !== undefined
  }

  /** Takes the response of `next`, and adds what the guest wrote before: fields, and bytes in front of the body. */
  answered(response: ResponseMessage): ResponseMessage {
    const { ownFields, responseWritten } = this
    this.response = response
    if (ownFields !== undefined) {
      for (const [name, value] of ownFields) {
        if (name.toLowerCase() === 'content-type') response.headers.set(name, value)
        else response.headers.append(name, value)
      }
    }
    if (this.ownTrailers !== undefined) response.body.trailers.raw.push(...this.ownTrailers.raw)
    this.responseWritten = undefined
    if (responseWritten === undefined || responseWritten.bytes === 0 || response.bodiless || response.upgraded) return response
    const prefix = Buffer.concat(responseWritten.chunks)
    if (response.body.length === 0) response.body.put(prefix)
    else response.body.transform(new Prefix(prefix), { decoded: true })
    return response
  }

  /** Gives the response the body that the guest wrote after `next`. */
  finishResponse(): void {
    const { response, responseWritten, told } = this
    if (response === undefined || responseWritten === undefined) return
    if (response.bodiless && this.request.method !== 'HEAD') response.giveBody()
    replaceBody(response, responseWritten, told)
  }
}

/** A body that is put back as it was keeps its fields. */
function replaceBody(
  { body, headers }: RequestMessage | ResponseMessage,
  written: WrittenBody,
  told: ReadonlySet<string> | undefined
): void {
  const bytes = Buffer.concat(written.chunks)
  if (body.bytesInMemory()?.equals(bytes) === true) return
  const kept = told === undefined ? [] : [...told].map(name => [name, headers.getAll(name)] as const)
  body.put(bytes)
  for (const [name, values] of kept) headers.set(name, values)
}

const EMPTY = Buffer.alloc(0)

function write(written: WrittenBody, bytes: Buffer, body: MessageBody | undefined): void {
  written.bytes += bytes.length
  if (body !== undefined && written.bytes > body.limit) {
    throw new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', { limit: `max_body_bytes=${body.limit}` })
  }
  written.chunks.push(Buffer.from(bytes))
}

/** A byte stage: bytes in front of a body. */
class Prefix {
  private prefix: Buffer | undefined

  constructor(prefix: Buffer) {
    this.prefix = prefix
  }

  chunk(chunk: Uint8Array): Uint8Array | Uint8Array[] {
    const { prefix } = this
    this.prefix = undefined
    return prefix === undefined ? chunk : [prefix, chunk]
  }

  end(): Uint8Array | undefined {
    return this.prefix
  }
}
