import type { BackendCall } from '../backend/backend-call.js'
import type { CallBody } from '../backend/transport.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import { NotNeeded, type Scope } from '../message/scope.js'
import type { ResponseReceiver } from '../pipe/receiver.js'

/** Share of the endpoint's timeout for concurrent calls, as in KrakenD. */
const CONCURRENT_SHARE = 0.75

/** Asks one backend several times at once (`concurrent_calls`); the first complete response wins. */
export class ConcurrentCall implements BackendCall {
  private readonly call: BackendCall
  private readonly times: number
  private readonly budget: number
  private readonly limitText: string

  constructor(call: BackendCall, times: number, timeoutMs: number) {
    this.call = call
    this.times = times
    this.budget = Math.floor(timeoutMs * CONCURRENT_SHARE)
    this.limitText = `timeout=${this.budget}ms (75 % of ${timeoutMs}ms, concurrent_calls)`
  }

  send(
    request: RequestMessage,
    params: Readonly<Record<string, string>> | undefined,
    body: CallBody,
    outer: Scope,
    receiver: ResponseReceiver
  ): void {
    const scope = outer.inner()
    scope.expireIn(this.budget, this.limitText)
    const race = new Race(scope, this.times, receiver)
    for (const runner of race.runners) {
      if (race.over) return // one has won already
      this.call.send(request, params, body, runner.scope, runner)
    }
  }
}

/** The calls of one request. */
class Race {
  readonly runners: readonly Runner[]
  over = false
  private readonly scope: Scope
  private readonly receiver: ResponseReceiver
  private open: number
  /** The last incomplete response, and the last failure: what counts when no response is complete. */
  private last: ResponseMessage | undefined = undefined
  private failure: unknown = undefined

  constructor(scope: Scope, times: number, receiver: ResponseReceiver) {
    this.scope = scope
    this.receiver = receiver
    this.open = times
    this.runners = Array.from({ length: times }, () => new Runner(this, scope.inner()))
  }

  received(response: ResponseMessage, from: Runner): void {
    if (this.over) return response.discard()
    if (response.complete === false) {
      this.last = response
      return this.lost()
    }
    this.over = true
    this.receiver.receive(response)
    // the winner's body may still flow: only the others are cancelled
    for (const runner of this.runners) if (runner !== from) runner.scope.cancel(LOST)
    this.scope.unexpire()
  }

  failed(error: unknown): void {
    if (this.over) return
    this.failure = error
    this.lost()
  }

  private lost(): void {
    if (--this.open > 0) return
    this.over = true
    this.scope.close()
    if (this.last !== undefined) this.receiver.receive(this.last)
    else this.receiver.reject(this.failure)
  }
}

/** One call of a race. */
class Runner implements ResponseReceiver {
  readonly scope: Scope
  private readonly race: Race

  constructor(race: Race, scope: Scope) {
    this.race = race
    this.scope = scope
  }

  receive(response: ResponseMessage): void {
    this.race.received(response, this)
  }

  reject(error: unknown): void {
    this.race.failed(error)
  }
}

/** The reason that cancels the calls which have lost. */
const LOST = new NotNeeded()
