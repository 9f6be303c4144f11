/** Bytes between a Go module and the gateway's bodies. Go holds one chunk of a stream at a time: more waits on the gateway's side. */

import type { Readable } from 'node:stream'
import type { GatewayError } from '../../../errors.js'
import { type Pusher, PushSource } from '../../../message/push-source.js'
import type { GoHandles, OutputHandle, ReaderHandle } from './go-handles.js'
import { OP } from './go-messages.js'

/** What `read` returns besides a number of bytes. */
const END = 0
const WAIT = -1
const CUT = -2

/** What `write` returns. */
const WRITTEN = 1
export const FULL = 0
export const GONE = -1

/** A stream of the gateway that Go reads. It is opened by the first read: what Go never reads is left alone. */
export class GoReader implements ReaderHandle {
  private readonly handles: GoHandles
  private readonly handle: number
  private readonly open: () => Readable
  private readonly drop: (() => void) | undefined
  private stream: Readable | undefined
  private chunk: Buffer | undefined
  private failed = false
  private waits = false
  private readonly wake = (): void => {
    if (!this.waits) return
    this.waits = false
    this.handles.wake(this.handle)
  }

  /** @param drop lets go what was never opened */
  constructor(handles: GoHandles, handle: number, open: () => Readable, drop?: () => void) {
    this.handles = handles
    this.handle = handle
    this.open = open
    this.drop = drop
  }

  /** Copies into Go's memory. */
  read(at: number, size: number): number {
    if (this.chunk === undefined) {
      const stream = this.opened()
      if (stream === undefined) return CUT
      const next = stream.read() as Buffer | null
      if (next === null) return this.without(stream)
      this.chunk = next
    }
    const { chunk, handles } = this
    const length = Math.min(size, chunk.length)
    handles.instance.memory().set(length === chunk.length ? chunk : chunk.subarray(0, length), at)
    handles.counts.toGo += length
    this.chunk = length === chunk.length ? undefined : chunk.subarray(length)
    return length
  }

  private without(stream: Readable): number {
    if (stream.readableEnded) return this.close(END)
    if (this.failed || stream.destroyed) return this.close(CUT)
    this.waits = true
    return WAIT
  }

  private close(outcome: number): number {
    this.handles.readers.delete(this.handle)
    return outcome
  }

  private opened(): Readable | undefined {
    if (this.stream !== undefined || this.failed) return this.stream
    try {
      this.stream = this.open()
    } catch {
      this.failed = true
      return undefined
    }
    this.stream
      .on('readable', this.wake)
      .on('end', this.wake)
      .on('error', () => {
        this.failed = true
        this.wake()
      })
      .on('close', this.wake)
    return this.stream
  }

  hold(): void {
    this.opened()
  }

  /** Sends all that is left into an output of the same module, without Go. */
  spliceInto(output: OutputHandle): void {
    const { chunk } = this
    const stream = this.opened()
    this.chunk = undefined
    stream?.off('readable', this.wake)
    new Splice(this.handles, this.handle, output as GoOutput, stream).start(chunk)
  }

  /** Go needs no more of it. */
  discard(): void {
    this.handles.readers.delete(this.handle)
    if (this.stream === undefined) this.drop?.()
    else this.stream.destroy()
  }
}

/** How a splice ended. */
const WHOLE = 0
const BROKEN = 1
const UNREAD = 2

/** A stream that flows into an output on the gateway's side; Go waits for its end. */
class Splice implements Pusher {
  private readonly handles: GoHandles
  private readonly handle: number
  private readonly output: GoOutput
  private readonly stream: Readable | undefined
  private count = 0
  private over = false

  constructor(handles: GoHandles, handle: number, output: GoOutput, stream: Readable | undefined) {
    this.handles = handles
    this.handle = handle
    this.output = output
    this.stream = stream
  }

  start(first: Buffer | undefined): void {
    const { stream, output } = this
    if (output.source.closed) return this.end(UNREAD)
    output.follow(this)
    if (stream === undefined) return this.end(BROKEN)
    if (first !== undefined) this.push(first)
    if (stream.readableEnded) return this.end(WHOLE)
    if (stream.destroyed) return this.end(BROKEN)
    stream
      .on('data', (chunk: Buffer) => this.push(chunk))
      .on('end', () => this.end(WHOLE))
      .on('error', () => this.end(BROKEN))
      .on('close', () => this.end(BROKEN))
  }

  private push(chunk: Buffer): void {
    if (this.over) return
    this.count += chunk.length
    if (!this.output.source.push(chunk)) this.stream?.pause()
  }

  drained(): void {
    this.stream?.resume()
  }

  gone(): void {
    this.end(UNREAD)
  }

  private end(how: number): void {
    if (this.over) return
    this.over = true
    this.output.follow(undefined)
    this.handles.readers.delete(this.handle)
    if (how === UNREAD) this.stream?.destroy()
    this.handles.instance.outbox.begin(OP.wake).u32(this.handle).u32(how).i64(this.count).done()
    this.handles.instance.flush()
  }
}

/** A body that Go writes: a response, or an upload. */
export class GoOutput implements Pusher, OutputHandle {
  readonly source: PushSource
  private readonly handles: GoHandles
  private readonly handle: number
  private readonly over: ((gone: boolean) => void) | undefined
  private waits = false
  private follower: Pusher | undefined

  /**
   * @param length bytes to come, when they are known
   * @param over called at its end; `gone`: the rest is not needed
   */
  constructor(handles: GoHandles, handle: number, length: number | undefined, over?: (gone: boolean) => void) {
    this.handles = handles
    this.handle = handle
    this.over = over
    this.source = new PushSource(this, length)
    handles.outputs.set(handle, this)
  }

  write(at: number, length: number): number {
    if (this.source.closed) return GONE
    const { handles } = this
    handles.counts.fromGo += length
    const chunk = Buffer.from(handles.instance.memory().subarray(at, at + length))
    if (this.source.push(chunk)) return WRITTEN
    if (this.source.closed) return GONE
    this.waits = true
    return FULL
  }

  end(trailers: readonly string[]): void {
    this.handles.outputs.delete(this.handle)
    // it may be too short
    if (this.source.length === undefined) this.source.end(trailers)
    else this.whenOwned(() => this.source.end(trailers))
    this.over?.(false)
  }

  fail(cause: unknown): void {
    this.handles.outputs.delete(this.handle)
    this.whenOwned(() => this.source.fail(cause))
    this.over?.(false)
  }

  /** A failure is logged with the plugin that owns the source, which the chain notes in the turn of the response. */
  private whenOwned(work: () => void): void {
    if (this.source.owner === undefined) setImmediate(work)
    else work()
  }

  /** A splice takes the place of Go. */
  follow(follower: Pusher | undefined): void {
    this.follower = follower
  }

  drained(): void {
    if (this.follower !== undefined) return this.follower.drained()
    if (!this.waits) return
    this.waits = false
    this.handles.wake(this.handle)
  }

  gone(reason: GatewayError): void {
    this.handles.outputs.delete(this.handle)
    this.follower?.gone(reason)
    if (this.waits) this.handles.wake(this.handle, 'gone')
    this.waits = false
    this.over?.(true)
  }
}
