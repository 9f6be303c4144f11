/**
 * A body as bytes, and what the two other views ask of it. Calls are remembered as steps in the order they were made; they run
 * when the body is sent or read into memory. The decoded value is in `json-body.ts`, tokens are steps, `public.ts` has the rules.
 */

import type { Readable, Transform } from 'node:stream'
import { GatewayError } from '../errors.js'
import type { Owned } from './blame.js'
import { type BodyOwner, codingOf } from './body-fields.js'
import { EMPTY_BYTES } from './byte-body.js'
import { type ByteSource, ReadableSource } from './byte-flow.js'
import { createContentDecoder } from './content-coding.js'
import { FieldMap, UnsentTrailers } from './field-map.js'
import { JsonBody } from './json/json-body.js'
import type { ValueSource } from './json/json-view.js'
import { Pieces } from './pieces.js'
import type { Body, ByteStage, Observer, TokenStage } from './public.js'
import { SinkReadable } from './sink-readable.js'
import { onlyObserves } from './stages.js'
import { TrailerSource } from './trailer-source.js'

/** Default of `max_body_bytes`: 10 MiB. */
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024

/** What a message is made over: bytes in memory, decoded data, or where the bytes come from. */
export type Content = ByteSource | Buffer | Pieces | ValueSource

export class MessageBody extends JsonBody implements Body {
  /**
   * @param content the bytes, a source of them, decoded data, or undefined for an empty body
   * @param limit most bytes to hold in memory, decoded
   */
  constructor(owner: BodyOwner, content: Content | undefined, limit: number = DEFAULT_MAX_BODY_BYTES) {
    super(owner, limit)
    if (content === undefined) this.bytes = EMPTY_BYTES
    else if (Buffer.isBuffer(content)) this.bytes = content
    else if (content instanceof Pieces) this.bytes = content.join()
    else if ('flow' in content) this.source = content
    else this.entity = content
  }

  get length(): number | undefined {
    if (!onlyObserves(this.steps) || this.decoded?.changed === true || this.entity !== undefined) return undefined
    return this.bytes !== undefined ? this.bytes.length : this.source?.length
  }

  get trailers(): FieldMap {
    this.trailerMap ??= this.owner.side === 'request' ? new UnsentTrailers() : new FieldMap()
    return this.trailerMap
  }

  // --- bytes ---------------------------------------------------------------------------------------------------

  tap(observer: Observer | ((chunk: Uint8Array) => void), options?: { decoded?: boolean }): void {
    this.toBytes(1)
    if (this.isEmpty()) return
    const full: Observer = typeof observer === 'function' ? { chunk: observer } : observer
    const coding = options?.decoded ? codingOf(this.owner) : undefined
    if (coding === undefined) this.add({ kind: 'tap', observer: full, owner: undefined })
    else this.add({ kind: 'tap-decoded', decoder: decoderOf(coding), observer: full, owner: undefined })
  }

  transform(stage: ByteStage | Transform, options?: { decoded?: boolean }): void {
    this.toBytes(1)
    if (this.isEmpty()) return
    this.edited()
    if (options?.decoded) this.undoCoding()
    if (typeof (stage as Transform).pipe === 'function')
      this.add({ kind: 'node', transform: stage as Transform, owner: undefined })
    else this.add({ kind: 'bytes', stage: stage as ByteStage, owner: undefined })
  }

  tokens(stage: TokenStage): void {
    this.toBytes(1)
    if (this.isEmpty()) return
    this.edited()
    this.undoCoding()
    this.add({ kind: 'tokens', stage, owner: undefined })
  }

  stream(options?: { decoded?: boolean }): Readable {
    this.toBytes(1)
    if (options?.decoded && !this.isEmpty()) this.undoCoding()
    const source = this.takeSource()
    this.bytes = EMPTY_BYTES
    this.outdate()
    this.streamed = new SinkReadable(source)
    return this.streamed
  }

  async buffer(limitBytes: number = this.limit): Promise<Buffer> {
    this.use(2)
    // no wait without a reader at work: code that sends the body in this turn must find it busy
    if (this.reading !== undefined) await this.settle()
    this.toBytes(2)
    if (this.bytes !== undefined && this.steps.length === 0) {
      if (this.bytes.length > limitBytes) throw this.over(limitBytes)
      return this.bytes
    }
    return this.exclusive(() => this.collect(limitBytes))
  }

  async text(limitBytes: number = this.limit): Promise<string> {
    return (await this.plain(await this.buffer(limitBytes), limitBytes)).toString('utf8')
  }

  bytesInMemory(): Buffer | undefined {
    if (this.reading !== undefined) return undefined
    this.toBytes(0)
    return this.steps.length === 0 ? this.bytes : undefined
  }

  set(content: Uint8Array | string | Readable): void {
    if (typeof content === 'string') this.put(Buffer.from(content))
    else if (content instanceof Uint8Array) this.put(Buffer.from(content.buffer, content.byteOffset, content.byteLength))
    else this.put(new ReadableSource(content, 'a body stream failed'))
  }

  /**
   * As {@link set}, also with what pushes bytes by itself.
   * @param travels the bytes are as they travel: the Content-Encoding is theirs too
   */
  put(content: Buffer | (ByteSource & Owned), travels = false): void {
    this.use(1)
    this.edited()
    this.replace()
    if (!travels) this.owner.headers.delete('content-encoding')
    this.bytes = Buffer.isBuffer(content) ? content : undefined
    if (Buffer.isBuffer(content)) return
    this.source = content
    this.note(content)
  }

  // --- for the gateway -----------------------------------------------------------------------------------------

  /** Undoes the Content-Encoding of bytes whose reader did not ask for it, and drops the fields that described them. */
  undoEncoding(): void {
    this.toBytes(0)
    if (!this.isEmpty()) this.undoCoding()
  }

  /** Takes the body to send or read it: called once. Waits for a reader that is at work. */
  async takeWhenSettled(): Promise<ByteSource> {
    await this.settle()
    return this.take()
  }

  /** As {@link takeWhenSettled} for a body that is not {@link busy}. @throws GatewayError when it was taken before. */
  take(): ByteSource {
    this.toBytes(0)
    const source = this.takeSource()
    if (this.trailerMap === undefined || this.owner.side === 'request') return source
    return new TrailerSource(source, this.trailerMap)
  }

  // --- inside --------------------------------------------------------------------------------------------------

  private undoCoding(): void {
    const coding = codingOf(this.owner)
    if (coding === undefined) return
    this.steps.push({ kind: 'node', transform: decoderOf(coding) })
    this.owner.headers.delete('content-encoding')
    this.outdate()
  }
}

function decoderOf(coding: string): Transform {
  const decoder = createContentDecoder(coding)
  if (decoder === undefined) {
    throw new GatewayError('SLUICE_ERR_BODY_ENCODING', { message: `cannot undo Content-Encoding ${coding}` })
  }
  return decoder
}
