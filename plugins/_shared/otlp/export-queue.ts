/**
 * The way of export requests to one collector: a bounded queue, one request at a time, retries with growing pauses. What finds no
 * room, and what a collector refuses for good, is dropped and counted. A collector that hangs or is gone costs the memory of the
 * queue and nothing else.
 */

import type { Buffer } from 'node:buffer'

/** An encoded request. */
export interface ExportRequest {
  readonly bytes: Buffer
  /** Spans or data points in it. */
  readonly items: number
  /** With room for the `latest`: a request stands in for one that waits and has the same slot. */
  readonly slot?: unknown
  /** Called when a queue is done with `bytes` and nothing reads them any more; not after failed attempts. */
  readonly release?: () => void
}

/** How an attempt ended. */
export type ExportOutcome =
  /** `written`: the request has left the process as a whole; a collector may answer before. */
  | { readonly kind: 'sent'; readonly rejected: number; readonly message: string; readonly written: boolean }
  /** `afterMs`: the collector's own wish; undefined = none. */
  | { readonly kind: 'retry'; readonly message: string; readonly afterMs: number | undefined }
  | { readonly kind: 'refused'; readonly message: string }

/** Sends requests of one signal to one collector. Never rejects. */
export interface ExportSender {
  send(bytes: Buffer, signal: AbortSignal): Promise<ExportOutcome>
  close(): void
}

/** Hears of changes, never of single requests, and of each kind at most once a minute. */
export interface ExportEvents {
  /** Requests fail from now on. */
  failing(message: string): void
  /** Requests arrive again, after {@link failing}. @param lost items dropped in the meantime */
  recovered(lost: number): void
  /** The collector took requests in part. @param items that it rejected since this was told last */
  rejected(items: number, message: string): void
}

/** Items since the start. */
export interface ExportCounts {
  sent: number
  dropped: number
}

/** Room of a queue. */
export interface QueueRoom {
  readonly bytes: number
  /** Spans. */
  readonly items: number
}

export interface QueueOptions {
  readonly sender: ExportSender
  readonly events: ExportEvents
  /** What may wait; `latest`: of each slot one request, since a later one says all that it says. */
  readonly room: QueueRoom | 'latest'
  /** ms; most for one attempt. */
  readonly timeoutMs: number
  /** Counted too; several queues may share them. */
  readonly counts?: ExportCounts
  /** 0…1; replaced in tests. */
  readonly random?: () => number
  /** ms; least pause after a failure, also when a collector asks for a shorter one. */
  readonly leastPauseMs?: number
  /** ms; least time between two events of one kind. */
  readonly quietMs?: number
}

/** ms of the first pause after a failed attempt; each further one is twice as long. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
/** ms; most that a collector may ask for. */
const LONGEST_WISH_MS = 120_000
/** ms; a timer with more ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** ms between two log lines of one kind. */
const QUIET_MS = 60_000
/** ms for which one request is tried. */
const GIVE_UP_MS = 60_000

export class ExportQueue implements ExportCounts {
  sent = 0
  dropped = 0
  private readonly options: QueueOptions
  private readonly waiting: ExportRequest[] = []
  private waitingBytes = 0
  private waitingItems = 0
  private busy: Promise<void> | undefined = undefined
  private failures = 0
  private lostBefore = 0
  private readonly failing = new Seldom()
  private isFailing = false
  private readonly rejecting = new Seldom()
  private rejected = 0
  /** Of the attempt under way, and of those after it until one is given up. */
  private attempt = new AbortController()
  private stopped = false
  private wake: (() => void) | undefined = undefined
  private closing = false

  constructor(options: QueueOptions) {
    this.options = options
  }

  private drop(items: number): void {
    this.dropped += items
    if (this.options.counts !== undefined) this.options.counts.dropped += items
  }

  push(request: ExportRequest): void {
    if (this.stopped || !this.makeRoom(request)) {
      this.drop(request.items)
      request.release?.()
      return
    }
    this.waiting.push(request)
    this.waitingBytes += request.bytes.length
    this.waitingItems += request.items
    this.busy ??= this.work()
  }

  /** Returns whether a request may wait. The first one always may; it is sent at once. */
  private makeRoom({ bytes, items, slot }: ExportRequest): boolean {
    const { room } = this.options
    if (this.waiting.length === 0) return true
    if (room !== 'latest') return this.waitingBytes + bytes.length <= room.bytes && this.waitingItems + items <= room.items
    const older = this.waiting.findIndex((one, at) => at > 0 && one.slot === slot)
    if (older > 0) this.count(this.waiting.splice(older, 1)[0]!)
    return true
  }

  private count({ bytes, items }: ExportRequest): void {
    this.waitingBytes -= bytes.length
    this.waitingItems -= items
  }

  /** bytes that wait. */
  get heldBytes(): number {
    return this.waitingBytes
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0 && !this.stopped) {
      await this.deliver(this.waiting[0]!)
      this.count(this.waiting.shift()!)
    }
    this.busy = undefined
  }

  /** Tries until the request has arrived, was refused, or its time is over. */
  private async deliver(request: ExportRequest): Promise<void> {
    const begun = performance.now()
    for (;;) {
      const outcome = await this.tryOnce(request.bytes)
      if (outcome.kind === 'sent') {
        this.arrived(request, outcome.rejected, outcome.message)
        if (outcome.written) request.release?.()
        return
      }
      if (this.failures++ === 0) this.lostBefore = this.dropped
      // a collector that fails now and then is not told each time
      if (!this.isFailing && this.failing.allows(this.quietMs)) {
        this.isFailing = true
        this.options.events.failing(outcome.message)
      }
      const over = performance.now() - begun > GIVE_UP_MS
      const lost = outcome.kind === 'refused' || over || this.closing
      if (lost) this.drop(request.items)
      if (outcome.kind === 'retry' && !this.closing) await this.sleep(this.pauseMs(outcome.afterMs))
      if (lost) return
    }
  }

  private async tryOnce(bytes: Buffer): Promise<ExportOutcome> {
    const { sender, timeoutMs } = this.options
    if (this.attempt.signal.aborted && !this.stopped) this.attempt = new AbortController()
    const { attempt } = this
    const timer = setTimeout(() => attempt.abort(), Math.min(timeoutMs, LONGEST_TIMER_MS))
    timer.unref()
    const outcome = await sender.send(bytes, attempt.signal)
    clearTimeout(timer)
    return outcome
  }

  /** @param said how many items the collector says it has rejected */
  private arrived({ items }: ExportRequest, said: number, message: string): void {
    const { events, counts } = this.options
    const rejected = said > 0 ? Math.min(said, items) : 0
    this.sent += items - rejected
    if (counts !== undefined) counts.sent += items - rejected
    this.drop(rejected)
    if (this.isFailing) events.recovered(this.dropped - this.lostBefore)
    this.isFailing = false
    this.failures = 0
    this.rejected += rejected
    if ((rejected > 0 || message !== '') && this.rejecting.allows(this.quietMs)) {
      events.rejected(this.rejected, message)
      this.rejected = 0
    }
  }

  private get quietMs(): number {
    return this.options.quietMs ?? QUIET_MS
  }

  /** Half of the pause is chance, so that gateways do not come back together. */
  private pauseMs(wishMs: number | undefined): number {
    const { random = Math.random, leastPauseMs = FIRST_PAUSE_MS } = this.options
    // a wish of nothing would be a storm
    if (wishMs !== undefined) return Math.max(leastPauseMs, Math.min(wishMs, LONGEST_WISH_MS))
    const full = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS)
    return full / 2 + (full / 2) * random()
  }

  private sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Sends what waits, each request once more at most, and closes the sender. @param boundMs most that it takes */
  async close(boundMs: number): Promise<void> {
    this.closing = true
    this.wake?.()
    // this timer alone keeps the process running: the sockets do not
    const bound = setTimeout(() => this.abandon(), boundMs)
    await this.busy
    clearTimeout(bound)
    this.abandon()
    for (const { items } of this.waiting.splice(0)) this.drop(items)
    this.options.sender.close()
  }

  private abandon(): void {
    this.stopped = true
    this.attempt.abort()
  }
}

/** Allows something once in a while. */
class Seldom {
  private lastAt = Number.NEGATIVE_INFINITY

  allows(quietMs: number): boolean {
    const now = performance.now()
    if (now - this.lastAt < quietMs) return false
    this.lastAt = now
    return true
  }
}
