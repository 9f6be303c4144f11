import type { GatewayError } from '../errors.js'

/** An exchange that has begun; its links belong to {@link OpenExchanges}. */
export interface OpenExchange {
  openBefore: OpenExchange | undefined
  openAfter: OpenExchange | undefined
  /** Ends what runs for it; the client gets a response where none has begun. */
  cancel(reason: GatewayError): void
  /** Ends it at once, with whatever was sent. */
  cutOff(reason: GatewayError): void
}

/**
 * The exchanges that one generation of a configuration has begun and not ended. They are linked to each other, so that a request costs a
 * few pointer writes and no object (bench/peers, pass-150).
 */
export class OpenExchanges {
  count = 0
  private newest: OpenExchange | undefined = undefined
  private whenNone: (() => void) | undefined = undefined

  /** Called once per exchange when it begins. */
  enter(exchange: OpenExchange): void {
    const { newest } = this
    exchange.openBefore = newest
    if (newest !== undefined) newest.openAfter = exchange
    this.newest = exchange
    this.count++
  }

  /** Called once per exchange when it is over. */
  leave(exchange: OpenExchange): void {
    const { openBefore, openAfter } = exchange
    if (openAfter === undefined) this.newest = openBefore
    else openAfter.openBefore = openBefore
    if (openBefore !== undefined) openBefore.openAfter = openAfter
    exchange.openBefore = undefined
    exchange.openAfter = undefined
    if (--this.count === 0) this.whenNone?.()
  }

  /** Resolves when none is open. One caller at a time; `signal` ends the wait. */
  none(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        this.whenNone = undefined
        signal.removeEventListener('abort', done)
        resolve()
      }
      if (this.count === 0 || signal.aborted) return resolve()
      this.whenNone = done
      signal.addEventListener('abort', done)
    })
  }

  cancelAll(reason: GatewayError): void {
    for (const exchange of this.all()) exchange.cancel(reason)
  }

  cutAll(reason: GatewayError): void {
    for (const exchange of this.all()) exchange.cutOff(reason)
  }

  private all(): OpenExchange[] {
    const all: OpenExchange[] = []
    for (let one = this.newest; one !== undefined; one = one.openBefore) all.push(one)
    return all
  }
}
