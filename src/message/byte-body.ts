/** The bytes of a body with the steps that they go through when they are sent or read: one reader or one call takes them. */

import { GatewayError } from '../errors.js'
import type { Owned, WorkOwner } from './blame.js'
import type { BodyOwner } from './body-fields.js'
import { BufferSource, type ByteSource, FailedSource, ReplaySource } from './byte-flow.js'
import { CollectSink, tooLarge } from './collect-sink.js'
import type { FieldMap } from './field-map.js'
import type { SinkReadable } from './sink-readable.js'
import { StageOwnership } from './stage-ownership.js'
import { abortStep, type BodyStep, onlyObserves, throughSteps } from './stages.js'

export const EMPTY_BYTES: Buffer = Buffer.alloc(0)

export abstract class ByteBody {
  protected owner: BodyOwner
  /** Most bytes to hold in memory, decoded. */
  readonly limit: number
  /** Where the bytes come from; undefined once a reader or a call has taken them, and for {@link bytes}. */
  protected source: ByteSource | undefined = undefined
  /** The bytes in memory. */
  protected bytes: Buffer | undefined = undefined
  protected steps: BodyStep[] = []
  /** The source has gone to a reader or a call. */
  protected taken = false
  /** A reader that is at work. */
  protected reading: Promise<unknown> | undefined = undefined
  /** What `stream` returned last. */
  protected streamed: SinkReadable | undefined = undefined
  protected trailerMap: FieldMap | undefined = undefined
  private ownership: StageOwnership | undefined = undefined

  constructor(owner: BodyOwner, limit: number) {
    this.owner = owner
    this.limit = limit
  }

  abstract readonly length: number | undefined
  abstract readonly trailers: FieldMap

  /** A response with trailers by now: it has a trailer section, and so no length. */
  get sendsTrailers(): boolean {
    return this.owner.side === 'response' && this.trailerMap !== undefined && this.trailerMap.raw.length > 0
  }

  /** A reader is at work. */
  get busy(): boolean {
    return this.reading !== undefined
  }

  /** A reader waits for bytes of it that have not come. */
  get awaited(): boolean {
    return this.reading !== undefined || this.streamed?.hungry === true
  }

  /** See {@link StageOwnership.unclaimed}. */
  get unclaimed(): boolean {
    return this.ownership?.unclaimed === true
  }

  /** See {@link StageOwnership.claim}. */
  claim(owner: WorkOwner | undefined): void {
    this.ownership?.claim(owner)
  }

  /** In memory, so that it can be sent again: none, buffered, a value. */
  get repeatable(): boolean {
    return this.reading === undefined && this.source === undefined && this.steps.length === 0
  }

  /** The body goes on with another message, whose fields it keeps true from now on. */
  rehome(owner: BodyOwner): void {
    this.owner = owner
  }

  /** Lets the body go: frees the upstream or the stream behind it. Can be called again. */
  discard(reason: GatewayError): void {
    const { source, steps } = this
    this.source = undefined
    this.steps = []
    this.bytes ??= EMPTY_BYTES
    for (const step of steps) abortStep(step, reason)
    source?.destroy(reason)
  }

  protected add(step: BodyStep): void {
    this.steps.push(step)
    this.note(step)
  }

  protected note(one: Owned): void {
    this.ownership ??= new StageOwnership()
    this.ownership.note(one)
  }

  protected isEmpty(): boolean {
    return this.bytes !== undefined && this.bytes.length === 0 && this.steps.length === 0
  }

  protected takeSource(): ByteSource {
    const { bytes, source, steps } = this
    if (this.taken || (bytes === undefined && source === undefined)) throw new GatewayError('SLUICE_ERR_PLUGIN_BODY_TAKEN')
    this.steps = []
    if (bytes !== undefined) return this.joined(new BufferSource(bytes), steps)
    this.taken = true
    this.source = undefined
    return this.joined(source!, steps)
  }

  private joined(source: ByteSource, steps: readonly BodyStep[]): ByteSource {
    if (steps.length === 0) return source
    const link = throughSteps(source, steps)
    // a response ends with its last byte where its length is known: before its observers have heard of the end
    if (this.owner.side === 'request' && onlyObserves(steps)) link.length = source.length
    return link
  }

  protected async inMemory(limit: number): Promise<Buffer> {
    if (this.bytes === undefined || this.steps.length > 0) return this.collect(limit)
    if (this.bytes.length > limit) throw this.over(limit)
    return this.bytes
  }

  /** Runs the steps that are left and holds the outcome. A body over the limit is as it was before. */
  protected collect(limit: number): Promise<Buffer> {
    const length = this.steps.length === 0 ? this.length : undefined
    if (length !== undefined && length > limit) return Promise.reject(this.over(limit))
    const source = this.takeSource()
    const holds = (bytes: Buffer | undefined, rest: ByteSource | undefined): void => {
      this.bytes = bytes
      this.source = rest
      this.taken = false
    }
    return new Promise((resolve, reject) => {
      const sink = new CollectSink(
        source,
        limit,
        (error, bytes, trailers) => {
          if (error !== undefined) {
            holds(undefined, new FailedSource(error))
            return reject(error)
          }
          holds(bytes, undefined)
          if (trailers.length > 0) this.trailers.raw.push(...trailers)
          resolve(bytes)
        },
        chunks => {
          const replay = new ReplaySource(chunks, source, source.length)
          holds(undefined, replay)
          reject(this.over(limit))
          return replay
        }
      )
      source.flow(sink)
    })
  }

  protected over(limit: number): GatewayError {
    if (this.owner.side === 'response') return tooLarge(limit)
    return new GatewayError('SLUICE_ERR_CLIENT_BODY_TOO_LARGE', { limit: `max_body_bytes=${limit}` })
  }

  protected async settle(): Promise<void> {
    while (this.reading !== undefined) await this.reading.catch(() => {})
  }

  protected async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const reading = work()
    this.reading = reading
    try {
      return await reading
    } finally {
      if (this.reading === reading) this.reading = undefined
    }
  }
}
