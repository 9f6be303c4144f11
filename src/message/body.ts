/**
 * One body with three views: bytes, decoded value, tokens.
 *
 * Nothing is decoded until somebody asks, and then once. Calls are remembered as steps in the order they were made; they
 * run when the body is finally sent or read into memory. Reading loses nothing: an unchanged body travels on to the bit.
 */

import type { Readable, Transform } from 'node:stream'
import { GatewayError } from '../errors.js'
import { lowerName } from '../http/fields.js'
import type { Owned, WorkOwner } from './blame.js'
import { BufferSource, type ByteSink, type ByteSource, CollectSink, ReadableSource, ReplaySource, tooLarge } from './byte-flow.js'
import { createContentDecoder, decodeContent } from './content-coding.js'
import { FieldMap, UnsentTrailers } from './field-map.js'
import { copyJsonValue, parseJsonValue, stringifyJsonValue } from './json-value.js'
import type { Body, ByteStage, Observer, TokenStage } from './public.js'
import { SinkReadable } from './sink-readable.js'
import { abortStep, onlyObserves, type Step, throughSteps } from './stages.js'
import { TrailerSource } from './trailer-source.js'

/** Default of `max_body_bytes`: 10 MiB. */
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024

/** What a decoded endpoint gives instead of bytes: the data that the gateway goes on with. */
export interface ValueSource {
  /** The plain value, made on first call; every call answers the same object. */
  value(): unknown
  /** The data as JSON text. */
  bytes(): Buffer
}

/** The message a body belongs to. */
export interface BodyOwner {
  readonly headers: FieldMap
  /** `request` failures answer 400 and 413, others count as failures of the upstream. */
  readonly side: 'request' | 'response'
}

/** Views by cost, as `needs` names them: 0 head, 1 stream, 2 body, 3 data. */
export type View = 0 | 1 | 2 | 3

type ValueState = 'none' | 'clean' | 'changed'

const EMPTY_BYTES = Buffer.alloc(0)

/**
 * What a body's methods answer when there was nothing to wait for. Whoever gets this very promise need not wait either:
 * a chain of JSON editors costs one wait, not one each.
 */
export const SETTLED: Promise<void> = Promise.resolve()

/** Fields that describe bytes which an edit has made untrue (RFC 9110 §8, RFC 9530, RFC 3230). */
const STALE_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges'
])
/** The Content-Range of a 416: it speaks of no bytes of the body. */
const NO_RANGE = /^\w+ \*\//
const LONGEST_STALE = 'content-length'.length

export class MessageBody implements Body {
  private owner: BodyOwner
  private readonly limit: number
  private source: ByteSource | undefined
  private bytes: Buffer | undefined
  private entity: ValueSource | undefined
  private steps: Step[] = []
  private valueState: ValueState = 'none'
  private value: unknown
  /** The value as it was decoded: an edit that answers a copy keeps the spelling of its numbers. */
  private origin: unknown
  /** The value belongs to whoever gave it (`setJson`): copied before it is handed out. */
  private borrowed = false
  private pending: Promise<unknown> | undefined
  private taken = false
  private changed = false
  /** Stages and streams that were given to this body, in order; the first `claimed` of them have been looked at. */
  private given: Owned[] | undefined
  private added = 0
  private claimed = 0
  private lent: SinkReadable | undefined
  private trailerMap: FieldMap | undefined
  /** The costliest view that was asked for. */
  view: View = 0
  /** The view when it was last compared with what a plugin had promised. */
  viewSeen: View = 0

  /**
   * @param content the bytes, a source of them, decoded data, or undefined for an empty body
   * @param limit most bytes to hold in memory, decoded
   */
  constructor(owner: BodyOwner, content: ByteSource | Buffer | ValueSource | undefined, limit: number = DEFAULT_MAX_BODY_BYTES) {
    this.owner = owner
    this.limit = limit
    if (content === undefined) this.bytes = EMPTY_BYTES
    else if (Buffer.isBuffer(content)) this.bytes = content
    else if ('flow' in content) this.source = content
    else this.entity = content
  }

  /** Bytes as they will travel, when known without reading: not after a stage that may change them. */
  get length(): number | undefined {
    if (!onlyObserves(this.steps)) return undefined
    if (this.valueState === 'changed' || this.entity !== undefined) return undefined
    return this.bytes !== undefined ? this.bytes.length : this.source?.length
  }

  /**
   * Fields that come after the body, complete once it has ended. What a plugin sets before a streamed response ends is sent;
   * those of a request cannot be set.
   */
  get trailers(): FieldMap {
    this.trailerMap ??= this.owner.side === 'request' ? new UnsentTrailers() : new FieldMap()
    return this.trailerMap
  }

  /** True while nothing but observers stands between the source and the wire. */
  get untouched(): boolean {
    return !this.changed
  }

  // --- bytes ---------------------------------------------------------------------------------------------------

  tap(observer: Observer | ((chunk: Uint8Array) => void), options?: { decoded?: boolean }): void {
    this.ask(1)
    const full: Observer = typeof observer === 'function' ? { chunk: observer } : observer
    this.toBytes()
    if (this.isEmpty()) return
    const coding = options?.decoded ? this.coding() : undefined
    if (coding === undefined) this.add({ kind: 'tap', observer: full, owner: undefined })
    else this.add({ kind: 'tap-decoded', decoder: this.decoderOf(coding), observer: full, owner: undefined })
  }

  transform(stage: ByteStage | Transform, options?: { decoded?: boolean }): void {
    this.ask(1)
    this.toBytes()
    if (this.isEmpty()) return
    this.edited()
    if (options?.decoded) this.undoCoding()
    if (typeof (stage as Transform).pipe === 'function')
      this.add({ kind: 'node', transform: stage as Transform, owner: undefined })
    else this.add({ kind: 'bytes', stage: stage as ByteStage, owner: undefined })
  }

  /** Takes the body; give one back with `set`, or it travels empty. */
  stream(options?: { decoded?: boolean }): Readable {
    this.ask(1)
    this.toBytes()
    if (options?.decoded && !this.isEmpty()) this.undoCoding()
    const source = this.takeSource()
    this.bytes = EMPTY_BYTES
    this.outdate()
    this.lent = new SinkReadable(source)
    return this.lent
  }

  /** The bytes as they travel. @throws GatewayError SLUICE_ERR_BODY_TOO_LARGE; the body stays as it was. */
  async buffer(limitBytes: number = this.limit): Promise<Buffer> {
    this.ask(2)
    // at once where nobody reads: whoever sends the body in this turn finds it busy
    if (this.pending !== undefined) await this.settle()
    this.toBytes()
    if (this.bytes !== undefined && this.steps.length === 0) {
      if (this.bytes.length > limitBytes) throw this.over(limitBytes)
      return this.bytes
    }
    const collected = this.exclusive(() => this.collect(limitBytes))
    return collected
  }

  async text(limitBytes: number = this.limit): Promise<string> {
    return (await this.decodedBytes(limitBytes)).toString('utf8')
  }

  /** Replaces the body. Earlier stages do not run, earlier observers get `abort`; the old bytes are let go. */
  set(content: Uint8Array | string | Readable): void {
    this.ask(1)
    this.edited()
    this.replace()
    if (typeof content === 'string') this.bytes = Buffer.from(content)
    else if (content instanceof Uint8Array) this.bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    else {
      this.bytes = undefined
      const source = new ReadableSource(content, 'a body stream failed')
      this.source = source
      this.note(source)
    }
    this.owner.headers.delete('content-encoding')
  }

  // --- decoded value -------------------------------------------------------------------------------------------

  /**
   * The JSON value, `undefined` when the body is empty; every reader gets the same object.
   * @throws GatewayError SLUICE_ERR_BODY_NOT_JSON, SLUICE_ERR_BODY_TOO_LARGE, SLUICE_ERR_BODY_ENCODING; the body stays as it was
   */
  async json<T = unknown>(limitBytes: number = this.limit): Promise<T | undefined> {
    this.ask(3)
    if (this.valueState === 'none') {
      if (this.pending !== undefined) await this.settle()
      if (this.valueState === 'none') await this.exclusive(() => this.decode(limitBytes))
    }
    this.own()
    return this.value as T | undefined
  }

  /** Calls `edit` with the value and sends what it answers, or the value it changed. Not called when there is no JSON body. */
  editJson<T = unknown>(edit: (value: T) => T | void, limitBytes: number = this.limit): Promise<void> {
    if (this.valueState === 'none' || this.pending !== undefined) return this.json<T>(limitBytes).then(() => this.edit(edit))
    try {
      this.ask(3)
      this.edit(edit)
    } catch (error) {
      return Promise.reject(error)
    }
    return SETTLED
  }

  private edit<T>(edit: (value: T) => T | void): void {
    if (this.valueState === 'none') return
    this.own()
    const answer = edit(this.value as T)
    if (answer !== undefined) this.value = answer
    this.touchJson()
  }

  /** A value that somebody gave is copied before anybody can change it. */
  private own(): void {
    if (!this.borrowed) return
    this.value = copyJsonValue(this.value)
    this.borrowed = false
  }

  /** Replaces the body by a value; it is copied before anybody else edits it. */
  setJson(value: unknown): void {
    this.ask(1)
    this.edited()
    this.replace()
    this.value = value
    this.valueState = 'changed'
    this.borrowed = true
    this.owner.headers.delete('content-encoding')
    if (!this.owner.headers.has('content-type')) this.owner.headers.set('Content-Type', 'application/json; charset=utf-8')
  }

  /** Declares that the object answered by `json()` was changed. */
  touchJson(): void {
    if (this.valueState === 'none') return
    if (this.valueState === 'clean') {
      this.edited()
      this.valueState = 'changed'
      this.owner.headers.delete('content-encoding')
    }
  }

  // --- tokens --------------------------------------------------------------------------------------------------

  tokens(stage: TokenStage): void {
    this.ask(1)
    this.toBytes()
    if (this.isEmpty()) return
    this.edited()
    this.undoCoding()
    this.add({ kind: 'tokens', stage, owner: undefined })
  }

  // --- for the gateway -----------------------------------------------------------------------------------------

  /** Hands the body over to be sent or read: called once. Waits for a reader that is still at work. */
  async takeWhenSettled(): Promise<ByteSource> {
    await this.settle()
    return this.take()
  }

  /** As {@link takeWhenSettled} for a body that nobody is reading right now. @throws GatewayError when it was taken before. */
  take(): ByteSource {
    this.toBytes()
    const source = this.takeSource()
    if (this.trailerMap === undefined || this.owner.side === 'request') return source
    return new TrailerSource(source, this.trailerMap)
  }

  /** A reader has been started and not ended yet. */
  get busy(): boolean {
    return this.pending !== undefined
  }

  /** Somebody waits for bytes of it that have not come. */
  get awaited(): boolean {
    return this.pending !== undefined || this.lent?.hungry === true
  }

  /** Stages or streams came since the last {@link claim}. */
  get unclaimed(): boolean {
    return this.added !== this.claimed
  }

  /** Says whose the stages and streams are that came since the last call; undefined = nobody's in particular. */
  claim(owner: WorkOwner | undefined): void {
    for (; this.claimed < this.added; this.claimed++) this.given![this.claimed]!.owner = owner
  }

  /** In memory, so that it can be sent again: none, buffered, a value. */
  get repeatable(): boolean {
    return this.pending === undefined && this.source === undefined && this.steps.length === 0
  }

  /** The decoded value when a reader changed or replaced it, and what it was decoded to; else undefined. */
  changedValue(): { value: unknown; origin: unknown } | undefined {
    return this.valueState === 'changed' ? { value: this.value, origin: this.origin } : undefined
  }

  /** The bytes when they are in memory and nothing is left to do with them; undefined otherwise. */
  bytesInMemory(): Buffer | undefined {
    if (this.pending !== undefined) return undefined
    this.toBytes()
    return this.steps.length === 0 ? this.bytes : undefined
  }

  /** The body goes on with another message, whose fields it keeps true from now on. */
  rehome(owner: BodyOwner): void {
    this.owner = owner
  }

  /** Lets the body go: frees the upstream or the stream behind it. Idempotent. */
  discard(reason: GatewayError): void {
    const { source, steps } = this
    this.source = undefined
    this.steps = []
    this.bytes ??= EMPTY_BYTES
    for (const step of steps) abortStep(step, reason)
    source?.destroy(reason)
  }

  private add(step: Step): void {
    this.steps.push(step)
    this.note(step)
  }

  private note(one: Owned): void {
    if (this.given === undefined) this.given = [one]
    else this.given.push(one)
    this.added++
  }

  private ask(view: View): void {
    if (view > this.view) this.view = view
  }

  // --- inside --------------------------------------------------------------------------------------------------

  private isEmpty(): boolean {
    return this.bytes !== undefined && this.bytes.length === 0 && this.steps.length === 0
  }

  /** Brings a value that somebody changed back to bytes, so that byte stages see it. */
  private toBytes(): void {
    if (this.valueState === 'changed') {
      this.bytes = Buffer.from(stringifyJsonValue(this.value, this.origin))
      this.source = undefined
    } else if (this.entity !== undefined) {
      this.bytes = this.entity.bytes()
    } else if (this.valueState === 'none') return
    this.entity = undefined
    this.value = undefined
    this.origin = undefined
    this.borrowed = false
    this.valueState = 'none'
  }

  private takeSource(): ByteSource {
    if (this.taken) throw new GatewayError('SLUICE_ERR_PLUGIN_BODY_TAKEN')
    const { steps } = this
    this.steps = []
    const bytes = this.bytes
    if (bytes !== undefined) {
      const source = new BufferSource(bytes)
      return this.joined(source, steps)
    }
    const source = this.source
    if (source === undefined) throw new GatewayError('SLUICE_ERR_PLUGIN_BODY_TAKEN')
    this.taken = true
    this.source = undefined
    return this.joined(source, steps)
  }

  private joined(source: ByteSource, steps: readonly Step[]): ByteSource {
    if (steps.length === 0) return source
    const link = throughSteps(source, steps)
    // a response ends with its last byte where its length is known: before its observers have heard of the end
    if (this.owner.side === 'request' && onlyObserves(steps)) link.length = source.length
    return link
  }

  private replace(): void {
    this.discard(new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'the body was replaced' }))
    this.bytes = EMPTY_BYTES
    this.entity = undefined
    this.value = undefined
    this.origin = undefined
    this.valueState = 'none'
    this.taken = false
  }

  private async settle(): Promise<void> {
    while (this.pending !== undefined) await this.pending.catch(() => {})
  }

  private async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const running = work()
    this.pending = running
    try {
      return await running
    } finally {
      if (this.pending === running) this.pending = undefined
    }
  }

  /** Runs what is left to run and holds the outcome. */
  private collect(limit: number): Promise<Buffer> {
    const length = this.steps.length === 0 ? this.length : undefined
    if (length !== undefined && length > limit) return Promise.reject(this.over(limit))
    const source = this.takeSource()
    return new Promise((resolve, reject) => {
      const sink = new CollectSink(
        source,
        limit,
        (error, bytes, trailers) => {
          if (error !== undefined) {
            this.bytes = undefined
            this.source = new FailedSource(error)
            this.taken = false
            return reject(error)
          }
          this.bytes = bytes
          this.source = undefined
          this.taken = false
          if (trailers.length > 0) this.trailers.raw.push(...trailers)
          resolve(bytes)
        },
        chunks => {
          const replay = new ReplaySource(chunks, source, source.length)
          this.source = replay
          this.bytes = undefined
          this.taken = false
          reject(this.over(limit))
          return replay
        }
      )
      source.flow(sink)
    })
  }

  private over(limit: number): GatewayError {
    if (this.owner.side === 'response') return tooLarge(limit)
    return new GatewayError('SLUICE_ERR_CLIENT_BODY_TOO_LARGE', { limit: `max_body_bytes=${limit}` })
  }

  private async decode(limit: number): Promise<void> {
    if (this.entity !== undefined) {
      this.value = this.entity.value()
      this.origin = this.value
      this.valueState = 'clean'
      return
    }
    const bytes = await this.inMemory(limit)
    if (bytes.length === 0) return
    const coding = this.coding()
    const plain = coding === undefined ? bytes : await decodeContent(bytes, coding, limit)
    if (plain.length === 0) return
    try {
      this.value = parseJsonValue(plain.toString('utf8'))
      this.origin = this.value
    } catch (cause) {
      throw this.owner.side === 'request'
        ? new GatewayError('SLUICE_ERR_BODY_NOT_JSON', { cause, statusCode: 400 })
        : new GatewayError('SLUICE_ERR_BODY_NOT_JSON', { cause })
    }
    this.valueState = 'clean'
  }

  private async inMemory(limit: number): Promise<Buffer> {
    if (this.bytes !== undefined && this.steps.length === 0) {
      if (this.bytes.length > limit) throw this.over(limit)
      return this.bytes
    }
    return this.collect(limit)
  }

  private async decodedBytes(limit: number): Promise<Buffer> {
    const bytes = await this.buffer(limit)
    const coding = this.coding()
    return coding === undefined || bytes.length === 0 ? bytes : decodeContent(bytes, coding, limit)
  }

  /** The coding to undo, undefined for identity. */
  private coding(): string | undefined {
    const coding = this.owner.headers.get('content-encoding')
    return coding === undefined || coding === '' || coding.toLowerCase() === 'identity' ? undefined : coding
  }

  private decoderOf(coding: string): Transform {
    const decoder = createContentDecoder(coding)
    if (decoder === undefined)
      throw new GatewayError('SLUICE_ERR_BODY_ENCODING', { message: `cannot undo Content-Encoding ${coding}` })
    return decoder
  }

  private undoCoding(): void {
    const coding = this.coding()
    if (coding === undefined) return
    this.steps.push({ kind: 'node', transform: this.decoderOf(coding) })
    this.owner.headers.delete('content-encoding')
    this.outdate()
  }

  /**
   * The bytes will be others. A backend would put those of a part (RFC 9110 §14.5) where they do not belong.
   * @throws GatewayError 400 for a request that sends a part
   */
  private edited(): void {
    if (this.owner.side === 'request' && this.owner.headers.has('content-range')) {
      throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', {
        message: 'the body of a request with Content-Range is a part and cannot be changed: delete the field to send a whole',
        statusCode: 400
      })
    }
    this.outdate()
  }

  /** Drops what described the bytes that came (RFC 9110 §8.8.1). */
  private outdate(): void {
    this.changed = true
    const { raw } = this.owner.headers
    for (let i = raw.length - 2; i >= 0; i -= 2) {
      const name = raw[i]!
      if (name.length > LONGEST_STALE) continue
      const lower = lowerName(name)
      if (STALE_FIELDS.has(lower) || (lower === 'content-range' && this.namesPart(raw[i + 1]!))) raw.splice(i, 2)
      else if (lower === 'etag' && raw[i + 1]!.startsWith('"')) raw[i + 1] = `W/${raw[i + 1]}`
    }
  }

  /** Says of a Content-Range whether it names a part that the body no longer is. A request keeps it: see {@link edited}. */
  private namesPart(range: string): boolean {
    return this.owner.side === 'response' && !NO_RANGE.test(range)
  }
}

/** A source that broke while it was read into memory: whoever reads next hears the same. */
class FailedSource implements ByteSource {
  readonly length = undefined
  private readonly error: GatewayError

  constructor(error: GatewayError) {
    this.error = error
  }

  flow(sink: ByteSink): void {
    sink.fail(this.error)
  }

  resume(): void {}
  destroy(): void {}
}
