/** What is measured of one call to an upstream; made only for calls that an observer watches. */

import type { GatewayError } from '../errors.js'

/** Watches calls of one backend. */
export interface CallWatch {
  /** Called once per call, with its times and sizes. Must not throw. */
  readonly ended: (trace: CallTrace) => void
}

/** One call. Times are `performance.now()`, 0 = never came to that. */
export interface CallTrace {
  readonly method: string
  /** `http://host:port` of the first hop. */
  readonly origin: string
  readonly startedAt: number
  /** Bytes of the request's body; -1 = not known beforehand. */
  readonly requestBytes: number
  /** When a connection took the call up. */
  readonly connectedAt: number
  readonly headAt: number
  readonly endedAt: number
  /** Of the final response; 0 = none. */
  readonly status: number
  /** `Content-Length` of the response; -1 = none. */
  readonly declaredBytes: number
  /** Body bytes that came, as they travelled. */
  readonly bytes: number
  /** Why there is no response, or no whole one. */
  readonly error: GatewayError | undefined
}

/** A call while it is measured. */
export class MeasuredCall implements CallTrace {
  readonly method: string
  readonly origin: string
  readonly startedAt: number
  readonly requestBytes: number
  connectedAt = 0
  headAt = 0
  endedAt = 0
  status = 0
  declaredBytes = -1
  bytes = 0
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
