/**
 * Cancellation: an exchange, a merge, a shadow call is a scope; upstream calls and inner scopes register with it. When a
 * scope is cancelled, because its client left or its deadline passed, everything inside gets the reason once.
 */

import { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import { Deadline, type TimerWheel } from '../telemetry/timer-wheel.js'

/** Ends work whose result is not needed any more: nothing has failed. KrakenD's text. */
export class NotNeeded extends GatewayError {
  constructor() {
    super('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })
  }
}

/** What a scope can stop; called at most once. */
export interface Cancellable {
  cancel(reason: GatewayError): void
}

/** The reason at the end of an exchange: its client waits no more. Not a failure, so nothing is logged. */
export const ENDED = new NotNeeded()

export class Scope extends Deadline implements Cancellable {
  private readonly wheel: TimerWheel
  private readonly parent: Scope | undefined
  /** Nearly always there are two at most: the receiver of the response, and the call. */
  private first: Cancellable | undefined
  private second: Cancellable | undefined
  private others: Set<Cancellable> | undefined
  private controller: AbortController | undefined
  private limitText = ''
  /** Why it was cancelled; undefined while it runs. */
  reason: GatewayError | undefined

  /** A scope inside another one is cancelled with it and must be closed by {@link close}. */
  constructor(wheel: TimerWheel, parent?: Scope) {
    super()
    this.wheel = wheel
    this.parent = parent
    parent?.add(this)
  }

  /** Cancels the scope after `ms`; `limit` names the timer in the access log (`timeout=2000ms`). Replaces an earlier deadline. */
  expireIn(ms: number, limit: string): void {
    this.limitText = limit
    this.wheel.schedule(this, ms)
  }

  /** Takes the deadline away. */
  unexpire(): void {
    this.wheel.cancel(this)
  }

  override fire(): void {
    this.cancel(new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT', { message: 'context deadline exceeded', limit: this.limitText }))
  }

  /** Registers `child`; cancels it at once when the scope is already cancelled. */
  add(child: Cancellable): void {
    if (this.reason === ENDED && this.parent !== undefined) this.parent.add(child)
    else if (this.reason !== undefined) child.cancel(this.reason)
    else if (this.first === undefined) this.first = child
    else if (this.second === undefined) this.second = child
    else {
      this.others ??= new Set()
      this.others.add(child)
    }
  }

  remove(child: Cancellable): void {
    if (this.reason === ENDED && this.parent !== undefined) this.parent.remove(child)
    else if (this.first === child) this.first = undefined
    else if (this.second === child) this.second = undefined
    else this.others?.delete(child)
  }

  cancel(reason: GatewayError): void {
    if (this.reason !== undefined) return
    this.reason = reason
    this.wheel.cancel(this)
    this.parent?.remove(this)
    for (const child of this.takeAll()) child.cancel(reason)
    this.controller?.abort(reason)
  }

  /** Hands an interim response of an upstream (RFC 9110 §15.2) out to the exchange, which sends it to its client. */
  inform(status: number, fields: RawFields): void {
    this.parent?.inform(status, fields)
  }

  /**
   * The work is done: no deadline fires any more. What still runs inside (a response that was not sent on) goes on with the
   * parent; without a parent it is cancelled, and so is what comes later.
   */
  close(): void {
    this.wheel.cancel(this)
    if (this.reason !== undefined) return
    const { parent } = this
    this.reason = ENDED
    parent?.remove(this)
    if (this.first === undefined && this.second === undefined && this.others === undefined) return
    for (const child of this.takeAll()) {
      if (parent === undefined) child.cancel(ENDED)
      else parent.add(child)
    }
  }

  /** What is registered; nothing is afterwards. */
  private takeAll(): Cancellable[] {
    const all = [this.first, this.second, ...(this.others ?? [])].filter(child => child !== undefined)
    this.first = undefined
    this.second = undefined
    this.others = undefined
    return all
  }

  /** An inner scope on the same wheel. */
  inner(): Scope {
    return new Scope(this.wheel, this)
  }

  /** Made on first read. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      if (this.reason !== undefined) this.controller.abort(this.reason)
    }
    return this.controller.signal
  }
}
