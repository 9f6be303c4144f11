import type { GatewayError } from '../errors.js'
import { UnansweredWork } from '../message/blame.js'
import type { AnswerTarget } from '../message/context.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import type { Cancellable } from '../message/scope.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import type { Admission } from '../telemetry/span.js'

/** What boot decided for one endpoint. */
export interface EndpointPlan {
  /** The endpoint's pipe. */
  readonly step: Step
  /** Makes a response of a failure. */
  readonly failed: (error: unknown, request: RequestMessage) => ResponseMessage
  readonly timeoutMs: number
  /** The endpoint's timeout lasts until the end of the body. */
  readonly coversBody: boolean
  /** Plugins run inside, which may never settle: at the end of the scope the gateway responds in their place. */
  readonly races: boolean
  /** Where its exchanges lead. */
  readonly target: AnswerTarget
  /** An exchange may end in a tunnel; else the client's offer of another protocol is passed over. */
  readonly tunnels: boolean
  /** The endpoint's lists are the outermost step: they may change a request object in place that only this run uses. */
  readonly narrows: boolean
  /** Decides which exchanges stay recorded; undefined = all. */
  readonly admits: Admission | undefined
}

/** Where requests go into an endpoint. */
export class EndpointEntry {
  private readonly plan: EndpointPlan
  private readonly limitText: string

  constructor(plan: EndpointPlan) {
    this.plan = plan
    this.limitText = `timeout=${plan.timeoutMs}ms`
  }

  /** Always calls `receiver` with a response: failures are responses. `request` is the client's, before the endpoint's lists. */
  handle(request: RequestMessage, receiver: ResponseReceiver): void {
    const { plan } = this
    request.exchange.target = plan.target
    if (plan.admits !== undefined) admit(plan.admits, request)
    request.scope.expireIn(plan.timeoutMs, this.limitText)
    if (!plan.tunnels) request.exchange.offer = undefined
    new EndpointRun(plan, request, receiver).start()
  }

  /** As {@link handle}, for a request object that only this call uses. */
  serve(request: RequestMessage, receiver: ResponseReceiver): void {
    request.sole = this.plan.narrows
    this.handle(request, receiver)
  }
}

/** Takes the span from an exchange that does not stay recorded. */
function admit(admits: Admission, request: RequestMessage): void {
  const { exchange } = request
  if (exchange.span === undefined || admits(exchange.span)) return
  exchange.span = undefined
  request.span = undefined
}

/** One request on its way through an endpoint, until there is a response; one that comes too late is discarded. */
class EndpointRun implements Cancellable, ResponseReceiver {
  private readonly plan: EndpointPlan
  private readonly request: RequestMessage
  private readonly receiver: ResponseReceiver
  private over = false

  constructor(plan: EndpointPlan, request: RequestMessage, receiver: ResponseReceiver) {
    this.plan = plan
    this.request = request
    this.receiver = receiver
  }

  start(): void {
    if (this.plan.races) this.request.scope.add(this)
    if (this.over) return
    try {
      this.plan.step.send(this.request, this)
    } catch (error) {
      this.reject(error)
    }
  }

  receive(response: ResponseMessage): void {
    if (this.over) return response.discard()
    this.close()
    if (!this.plan.coversBody || response.tunnel !== undefined) this.request.scope.unexpire()
    this.receiver.receive(response)
  }

  /** Called by the request's scope. */
  cancel(reason: GatewayError): void {
    if (reason.code === 'SLUICE_ERR_UPSTREAM_TIMEOUT')
      UnansweredWork.nameLate(this.request.exchange, reason.limit ?? reason.message)
    this.reject(reason)
  }

  reject(cause: unknown): void {
    if (this.over) return
    this.close()
    let response: ResponseMessage
    try {
      response = this.plan.failed(cause, this.request)
    } catch (error) {
      this.receiver.reject(error)
      return
    }
    this.receiver.receive(response)
  }

  private close(): void {
    this.over = true
    if (this.plan.races) this.request.scope.remove(this)
  }
}
