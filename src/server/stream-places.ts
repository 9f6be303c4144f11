/**
 * How many requests of one HTTP/2 connection are under way at a time. A stream that its client resets makes room for another one at
 * once (RFC 9113 §5.1.2). By then the gateway may have opened a connection to an upstream for it, so it keeps its place for HOLD_MS.
 * Without that, a client that resets what it asks for makes the gateway open connections without end (CVE-2023-44487).
 */

/** How long a place is held for a stream that its client has reset. */
const HOLD_MS = 1_000

/** `T` tells the requests apart. */
export class StreamPlaces<T> {
  private readonly most: number
  private readonly holdMs: number
  private readonly waiting = new Map<T, () => void>()
  /** Requests that were started and have not ended. */
  private running = 0
  /** When the places of reset streams come free, on the monotonic clock; the earliest first. */
  private readonly held: number[] = []
  private timer: NodeJS.Timeout | undefined = undefined

  /** @param most requests under way, and places held, together */
  constructor(most: number, holdMs = HOLD_MS) {
    this.most = most
    this.holdMs = holdMs
  }

  /** Takes a place; false when there is none, then the request has to {@link wait}. Per request. */
  take(): boolean {
    if (this.held.length > 0) this.expire(performance.now())
    if (this.waiting.size > 0 || !this.isFree()) return false
    this.running++
    return true
  }

  /** Calls `start` when it is the turn of the request; it has a place then. */
  wait(request: T, start: () => void): void {
    this.waiting.set(request, start)
    this.arm()
  }

  /**
   * Frees the place of a request that has ended, or its place among those that wait.
   * @param reset true when its client has reset it
   * @returns false when it was never started
   */
  leave(request: T, reset: boolean): boolean {
    if (this.waiting.delete(request)) return false
    this.running--
    if (reset) this.held.push(performance.now() + this.holdMs)
    if (this.waiting.size > 0) this.startNext()
    return true
  }

  private isFree(): boolean {
    return this.running + this.held.length < this.most
  }

  private expire(now: number): void {
    while (this.held.length > 0 && this.held[0]! <= now) this.held.shift()
  }

  private startNext(): void {
    this.expire(performance.now())
    for (const [request, start] of this.waiting) {
      if (!this.isFree()) break
      this.waiting.delete(request)
      this.running++
      start()
    }
    this.arm()
  }

  /** Places that are held come free by the clock; all others when a request ends. */
  private arm(): void {
    if (this.timer !== undefined || this.waiting.size === 0 || this.held.length === 0) return
    const onTime = (): void => {
      this.timer = undefined
      this.startNext()
    }
    this.timer = setTimeout(onTime, Math.max(1, this.held[0]! - performance.now())).unref()
  }
}
