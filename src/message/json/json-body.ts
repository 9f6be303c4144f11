/** The JSON value of a body, plain or through views, and how it takes turns with the bytes. `public.ts` has the rules. */

import { GatewayError } from '../../errors.js'
import { codingOf, outdateFields, refusePart } from '../body-fields.js'
import { ByteBody, EMPTY_BYTES } from '../byte-body.js'
import type { ByteSource } from '../byte-flow.js'
import { decodeContent } from '../content-coding.js'
import type { LazyJson } from '../public.js'
import { runSliced } from '../slices.js'
import { ContainerView } from './container-view.js'
import { checkBody, JsonView, LazyView, parseBody, type ValueSource } from './json-view.js'
import { RawNode } from './node.js'

/**
 * What a body's methods return when there was nothing to wait for. A modifier that returns this very promise is not waited for: a
 * chain of JSON editors costs one wait, not one each.
 */
export const SETTLED: Promise<void> = Promise.resolve()

/** Views by cost, as `needs` names them: 0 head, 1 stream, 2 body, 3 data. */
export type View = 0 | 1 | 2 | 3

export abstract class JsonBody extends ByteBody {
  /** Decoded data in place of bytes. */
  protected entity: ValueSource | undefined = undefined
  /** The value while a reader has it; it stands in place of the bytes once it was changed. */
  protected decoded: JsonView | undefined = undefined
  /** The value while a reader sees it through views: {@link entity}, or made of the bytes. */
  private viewed: ValueSource | undefined = undefined
  private changed = false
  /** Readers that have views of the value. */
  private viewers = 0
  /** A reader has got bytes. */
  private gaveBytes = false
  /** The costliest view that was used. */
  view: View = 0
  /** {@link view} when it was last compared with what a plugin had promised. */
  viewSeen: View = 0

  json<T = unknown>(limitBytes: number = this.limit): Promise<T | undefined> {
    return this.withValue(limitBytes, value => value.read() as T)
  }

  /**
   * Calls `use` with the decoded value, unless there is none. The body counts as busy until then: what takes it next leaves no value
   * behind, and a caller may not have waited for its promise.
   */
  private async withValue<R>(limit: number, use: (value: JsonView) => R): Promise<R | undefined> {
    this.use(3)
    if (this.decoded === undefined && this.reading !== undefined) await this.settle()
    const work = (): R | undefined => (this.decoded === undefined ? undefined : use(this.decoded))
    if (this.decoded !== undefined) return work()
    return this.exclusive(() => this.decode(limit).then(work))
  }

  lazyJsonInMemory(): LazyJson | undefined {
    if (this.entity === undefined || this.decoded?.changed === true || this.reading !== undefined) return undefined
    this.use(3)
    this.viewers++
    this.viewed = this.entity
    return this.viewed.lazy()
  }

  dropViews(): void {
    // a reader that has none takes away no other reader's
    if (this.viewers > 0) this.viewers--
  }

  lazyJson(limitBytes: number = this.limit): Promise<LazyJson | undefined> {
    return this.withViews(limitBytes, viewed => viewed.lazy())
  }

  jsonBytes(limitBytes: number = this.limit): Promise<Uint8Array | undefined> {
    return this.withViews(limitBytes, viewed => viewed.bytes())
  }

  /** As {@link withValue}, for a reader of views. */
  private async withViews<R>(limit: number, use: (viewed: ValueSource) => R): Promise<R | undefined> {
    const known = this.lazyJsonInMemory() !== undefined
    this.use(3)
    if (!known && this.viewed === undefined && this.reading !== undefined) await this.settle()
    const work = (): R | undefined => {
      if (!known) this.viewers++
      return this.viewed === undefined ? undefined : use(this.viewed)
    }
    if (this.viewed !== undefined) return work()
    return this.exclusive(() => this.openViews(limit).then(work))
  }

  editJson<T = unknown>(edit: (value: T) => T | void, limitBytes: number = this.limit): Promise<void> {
    const { decoded } = this
    if (decoded === undefined || this.reading !== undefined) return this.withValue(limitBytes, value => this.edit(value, edit))
    try {
      this.use(3)
      this.edit(decoded, edit)
    } catch (error) {
      return Promise.reject(error)
    }
    return SETTLED
  }

  private edit<T>(decoded: JsonView, edit: (value: T) => T | void): void {
    decoded.edit(edit as (value: unknown) => unknown)
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
    const { viewed } = this
    // a reader may have edited the plain value that it got before
    if (viewed !== undefined && (this.decoded === undefined || viewed.differs())) {
      this.edited()
      this.entity = viewed
      this.decoded = undefined
      this.owner.headers.delete('content-encoding')
      return
    }
    if (this.decoded === undefined || this.decoded.changed) return
    this.edited()
    this.viewed = undefined
    this.decoded.changed = true
    this.owner.headers.delete('content-encoding')
  }

  private async openViews(limit: number): Promise<void> {
    const { decoded } = this
    if (decoded?.changed === true) {
      this.decoded = undefined
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

  /** True while no edit has changed the bytes. */
  get untouched(): boolean {
    return !this.changed
  }

  /** Whether a reader may still use memory of the body: bytes that it was given, views, or what it is about to get. */
  get lends(): boolean {
    return this.gaveBytes || this.viewers > 0 || this.reading !== undefined
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

  /** The memory of the body has another use: later readers of the bytes get what `source` says. */
  forget(source: ByteSource): void {
    this.entity = undefined
    this.viewed = undefined
    this.bytes = undefined
    this.source = source
    this.taken = false
  }

  // --- inside --------------------------------------------------------------------------------------------------

  protected use(view: View): void {
    if (view > this.view) this.view = view
  }

  /** Notes the use of a view, and turns a decoded value back into bytes, which byte stages then see. */
  protected toBytes(view: View): void {
    this.use(view)
    this.gaveBytes = true
    const { decoded, entity } = this
    if (decoded?.changed === true) {
      this.bytes = decoded.bytes()
      this.source = undefined
    } else if (entity !== undefined) this.bytes = entity.bytes()
    this.entity = undefined
    this.decoded = undefined
    this.viewed = undefined
  }

  protected replace(): void {
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
  protected async plain(bytes: Buffer, limit: number): Promise<Buffer> {
    const coding = codingOf(this.owner)
    return coding === undefined || bytes.length === 0 ? bytes : decodeContent(bytes, coding, limit)
  }

  /** The bytes will be others. @throws GatewayError see {@link refusePart} */
  protected edited(): void {
    refusePart(this.owner)
    this.outdate()
  }

  protected outdate(): void {
    this.changed = true
    outdateFields(this.owner)
  }
}
