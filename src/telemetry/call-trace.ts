/** What is measured of one call to an upstream; made only where somebody watches. */

import type { GatewayError } from '../errors.js'

/** Told of each call when it is over. */
export interface CallWatch {
  /** Called once per call, with its times and sizes. Must not throw. */
  readonly ended: (trace: CallTrace) => void
}

/** One call. Times are `performance.now()`, 0 = never came to that. */
export class CallTrace {
  readonly method: string
  /** `http://host:port` of the first hop. */
  readonly origin: string
  readonly startedAt: number
  /** Bytes of the request's body; -1 = not known beforehand. */
  readonly requestBytes: number
  /** When a connection took the call up. */
  connectedAt = 0
  headAt = 0
  endedAt = 0
  /** Of the final answer; 0 = none. */
  status = 0
  /** `Content-Length` of the answer; -1 = none. */
  declaredBytes = -1
  /** Body bytes that came, as they travelled. */
  bytes = 0
  /** Why there is no answer, or no whole one. */
  error: GatewayError | undefined = undefined
  private readonly watch: CallWatch

  constructor(watch: CallWatch, method: string, origin: string, requestBytes: number) {
    this.watch = watch
    this.method = method
    this.origin = origin
    this.requestBytes = requestBytes
    this.startedAt = performance.now()
  }

  /** A retry or a redirect connects again: the first time counts. */
  connected(): void {
    if (this.connectedAt === 0) this.connectedAt = performance.now()
  }

  answered(status: number, declaredBytes: number): void {
    this.headAt = performance.now()
    this.status = status
    this.declaredBytes = declaredBytes
  }

  ended(error: GatewayError | undefined): void {
    this.endedAt = performance.now()
    this.error = error
    this.watch.ended(this)
  }
}
