import type { GatewayError } from '../errors.js'
import { Waiting } from '../message/foreign.js'
import type { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import type { Cancellable } from '../message/scope.js'
import type { Finish } from './answers.js'
import type { ProxyPipe } from './fan-out.js'

/** Takes the outcome of one request: exactly one call of the two. */
export interface Receiver {
  write(response: GatewayResponse): void
  /** Nothing could be made of it: a fault of the gateway's own. */
  fail(error: unknown): void
}

/** What boot decided for one endpoint. */
export interface HandlingPlan {
  readonly run: ProxyPipe
  /** What is left to do with a response of `run`; undefined = nothing. */
  readonly finish: Finish | undefined
  /** Makes an answer of a failure. */
  readonly failed: (error: unknown, request: GatewayRequest) => GatewayResponse
  /** The endpoint's timeout goes on until the body's end. */
  readonly coversBody: boolean
  /** Foreign code runs inside, which may never settle: the end of the scope answers in its place. */
  readonly races: boolean
}

/** One request on its way through an endpoint, until there is an answer; a response that comes too late is discarded. */
export class Handling implements Cancellable {
  private readonly plan: HandlingPlan
  private readonly request: GatewayRequest
  private readonly receiver: Receiver
  private over = false

  constructor(plan: HandlingPlan, request: GatewayRequest, receiver: Receiver) {
    this.plan = plan
    this.request = request
    this.receiver = receiver
  }

  start(): void {
    if (this.plan.races) this.request.scope.add(this)
    if (this.over) return
    let answer: Promise<GatewayResponse>
    try {
      answer = this.plan.run(this.request)
    } catch (error) {
      this.fail(error)
      return
    }
    answer.then(
      response => this.answered(response),
      error => this.fail(error)
    )
  }

  private answered(response: GatewayResponse): void {
    const { finish } = this.plan
    if (this.over || finish === undefined) return this.deliver(response)
    let finished: GatewayResponse | Promise<GatewayResponse>
    try {
      finished = finish(response, this.request)
    } catch (error) {
      response.discard()
      return this.fail(error)
    }
    if (!(finished instanceof Promise)) return this.deliver(finished)
    finished.then(
      done => this.deliver(done),
      error => this.fail(error)
    )
  }

  private deliver(response: GatewayResponse): void {
    if (this.over) return response.discard()
    this.close()
    if (!this.plan.coversBody || response.tunnel !== undefined) this.request.scope.unexpire()
    this.receiver.write(response)
  }

  /** Called by the request's scope. */
  cancel(reason: GatewayError): void {
    if (reason.code === 'SLUICE_ERR_UPSTREAM_TIMEOUT') Waiting.nameLate(this.request.exchange, reason.limit ?? reason.message)
    this.fail(reason)
  }

  private fail(cause: unknown): void {
    if (this.over) return
    this.close()
    let response: GatewayResponse
    try {
      response = this.plan.failed(cause, this.request)
    } catch (error) {
      this.receiver.fail(error)
      return
    }
    this.receiver.write(response)
  }

  private close(): void {
    this.over = true
    if (this.plan.races) this.request.scope.remove(this)
  }
}
