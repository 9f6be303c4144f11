/**
 * A body as bytes, and what the two other views ask of it. Calls are remembered as steps in the order they were made; they run
 * when the body is sent or read into memory. The decoded value is in `json-view.ts`, tokens are steps, `public.ts` has the rules.
 */

import type { Readable, Transform } from 'node:stream'
import { GatewayError } from '../errors.js'
import type { Owned } from './blame.js'
import { type BodyOwner, codingOf, outdateFields, refusePart } from './body-fields.js'
import { ByteBody, EMPTY_BYTES } from './byte-body.js'
import { type ByteSource, ReadableSource } from './byte-flow.js'
import { createContentDecoder, decodeContent } from './content-coding.js'
import { FieldMap, UnsentTrailers } from './field-map.js'
import { ContainerView } from './json/lazy.js'
import { RawNode } from './json/node.js'
import { checkBody, JsonView, LazyView, parseBody, type ValueSource } from './json-view.js'
import type { Body, ByteStage, LazyJson, Observer, TokenStage } from './public.js'
import { SinkReadable } from './sink-readable.js'
import { runSliced } from './slices.js'
import { onlyObserves } from './stages.js'
import { TrailerSource } from './trailer-source.js'

/** Default of `max_body_bytes`: 10 MiB. */
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024

/**
 * What a body's methods return when there was nothing to wait for. A modifier that returns this very promise is not waited for: a
 * chain of JSON editors costs one wait, not one each.
 */
export const SETTLED: Promise<void> = Promise.resolve()

/** Views by cost, as `needs` names them: 0 head, 1 stream, 2 body, 3 data. */
export type View = 0 | 1 | 2 | 3

export class MessageBody extends ByteBody implements Body {
  /** Decoded data in place of bytes. */
  private entity: ValueSource | undefined = undefined
  /** The value while a reader has it; it stands in place of the bytes once it was changed. */
  private decoded: JsonView | undefined = undefined
  /** The value while a reader sees it through views: {@link entity}, or made of the bytes. */
  private viewed: ValueSource | undefined = undefined
  private changed = false
  /** The costliest view that was used. */
  view: View = 0
  /** {@link view} when it was last compared with what a plugin had promised. */
  viewSeen: View = 0

  /**
   * @param content the bytes, a source of them, decoded data, or undefined for an empty body
   * @param limit most bytes to hold in memory, decoded
   */
  constructor(owner: BodyOwner, content: ByteSource | Buffer | ValueSource | undefined, limit: number = DEFAULT_MAX_BODY_BYTES) {
    super(owner, limit)
    if (content === undefined) this.bytes = EMPTY_BYTES
    else if (Buffer.isBuffer(content)) this.bytes = content
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

  /** As {@link set}, also with what pushes bytes by itself. */
  put(content: Buffer | (ByteSource & Owned)): void {
    this.use(1)
    this.edited()
    this.replace()
    this.owner.headers.delete('content-encoding')
    this.bytes = Buffer.isBuffer(content) ? content : undefined
    if (Buffer.isBuffer(content)) return
    this.source = content
    this.note(content)
  }

  // --- decoded value -------------------------------------------------------------------------------------------

  async json<T = unknown>(limitBytes: number = this.limit): Promise<T | undefined> {
    this.use(3)
    if (this.decoded === undefined) {
      if (this.reading !== undefined) await this.settle()
      if (this.decoded === undefined) await this.exclusive(() => this.decode(limitBytes))
    }
    return this.decoded?.read() as T | undefined
  }

  async lazyJson(limitBytes: number = this.limit): Promise<LazyJson | undefined> {
    this.use(3)
    if (this.entity !== undefined && this.decoded === undefined && this.reading === undefined) this.viewed = this.entity
    if (this.viewed === undefined) {
      if (this.reading !== undefined) await this.settle()
      if (this.viewed === undefined) await this.exclusive(() => this.openViews(limitBytes))
    }
    return this.viewed?.lazy()
  }

  editJson<T = unknown>(edit: (value: T) => T | void, limitBytes: number = this.limit): Promise<void> {
    if (this.decoded === undefined || this.reading !== undefined) return this.json<T>(limitBytes).then(() => this.edit(edit))
    try {
      this.use(3)
      this.edit(edit)
    } catch (error) {
      return Promise.reject(error)
    }
    return SETTLED
  }

  private edit<T>(edit: (value: T) => T | void): void {
    if (this.decoded === undefined) return
    this.decoded.edit(edit as (value: unknown) => unknown)
    this.touchJson()
  }

  setJson(value: unknown): void {
    this.use(1)
    this.edited()
    this.replace()
    if (value instanceof ContainerView) this.viewed = this.entity = new LazyView(value)
    else this.decoded = JsonView.given(value)
    const { headers } = this.owner
    headers.delete('content-encoding')
    if (!headers.has('content-type')) headers.set('Content-Type', 'application/json; charset=utf-8')
  }

  touchJson(): void {
    if (this.viewed !== undefined) {
      this.edited()
      this.entity = this.viewed
      this.owner.headers.delete('content-encoding')
      return
    }
    if (this.decoded === undefined || this.decoded.changed) return
    this.edited()
    this.decoded.changed = true
    this.owner.headers.delete('content-encoding')
  }

  private async openViews(limit: number): Promise<void> {
    const { decoded } = this
    this.decoded = undefined
    if (decoded?.changed === true) {
      this.entity = new LazyView(new RawNode(undefined, decoded.bytes()))
      this.bytes = EMPTY_BYTES
      this.source = undefined
    }
    if (this.entity !== undefined) {
      this.viewed = this.entity
      return
    }
    const plain = await this.plain(await this.inMemory(limit), limit)
    if (plain.length > 0) this.viewed = await runSliced(checkBody(plain, this.owner.side), undefined)
  }

  private async decode(limit: number): Promise<void> {
    this.viewed = undefined
    if (this.entity !== undefined) {
      this.decoded = JsonView.decoded(this.entity.value())
      return
    }
    const bytes = await this.inMemory(limit)
    const plain = await this.plain(bytes, limit)
    if (plain.length > 0) this.decoded = JsonView.decoded(parseBody(plain.toString('utf8'), this.owner.side))
  }

  // --- for the gateway -----------------------------------------------------------------------------------------

  /** Undoes the Content-Encoding of bytes whose reader did not ask for it, and drops the fields that described them. */
  undoEncoding(): void {
    this.toBytes(0)
    if (!this.isEmpty()) this.undoCoding()
  }

  /** True while no edit has changed the bytes. */
  get untouched(): boolean {
    return !this.changed
  }

  /** Whether the body is what `content` holds, with the edits that were made there. */
  isStill(content: ValueSource): boolean {
    return !this.changed || this.entity === content
  }

  /** Decoded data that stands in place of the bytes. */
  get held(): ValueSource | undefined {
    return this.entity
  }

  /** The decoded value when a reader changed or replaced it, and what it was decoded to; else undefined. */
  changedValue(): { readonly value: unknown; readonly origin: unknown } | undefined {
    return this.decoded?.changed === true ? this.decoded : undefined
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

  private use(view: View): void {
    if (view > this.view) this.view = view
  }

  /** Notes the use of a view, and turns a decoded value back into bytes, which byte stages then see. */
  private toBytes(view: View): void {
    this.use(view)
    const { decoded, entity } = this
    if (decoded?.changed === true) {
      this.bytes = decoded.bytes()
      this.source = undefined
    } else if (entity !== undefined) this.bytes = entity.bytes()
    this.entity = undefined
    this.decoded = undefined
    this.viewed = undefined
  }

  private replace(): void {
    // an error is expensive: it is made where a stage or a source hears of it
    if (this.source !== undefined || this.steps.length > 0)
      this.discard(new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'the body was replaced' }))
    this.bytes = EMPTY_BYTES
    this.entity = undefined
    this.decoded = undefined
    this.viewed = undefined
    this.taken = false
  }

  /** The bytes without their Content-Encoding. */
  private async plain(bytes: Buffer, limit: number): Promise<Buffer> {
    const coding = codingOf(this.owner)
    return coding === undefined || bytes.length === 0 ? bytes : decodeContent(bytes, coding, limit)
  }

  private undoCoding(): void {
    const coding = codingOf(this.owner)
    if (coding === undefined) return
    this.steps.push({ kind: 'node', transform: decoderOf(coding) })
    this.owner.headers.delete('content-encoding')
    this.outdate()
  }

  /** The bytes will be others. @throws GatewayError see {@link refusePart} */
  private edited(): void {
    refusePart(this.owner)
    this.outdate()
  }

  private outdate(): void {
    this.changed = true
    outdateFields(this.owner)
  }
}

function decoderOf(coding: string): Transform {
  const decoder = createContentDecoder(coding)
  if (decoder === undefined) {
    throw new GatewayError('SLUICE_ERR_BODY_ENCODING', { message: `cannot undo Content-Encoding ${coding}` })
  }
  return decoder
}
