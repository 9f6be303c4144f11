import type { BackendCall } from '../backend/backend-call.js'
import type { CallBody } from '../backend/transport.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import { bodyForMany, bodyForOne } from './request-body.js'

/** Asks one backend within the endpoint's own timeout. Its request body streams unless it may be sent again (`buffered`). */
export class SingleStep implements Step {
  private readonly call: BackendCall
  private readonly buffered: boolean
  private readonly limit: number

  constructor(call: BackendCall, buffered: boolean, limit: number) {
    this.call = call
    this.buffered = buffered
    this.limit = limit
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    let body: CallBody | Promise<CallBody>
    try {
      body = this.buffered ? bodyForMany(request, this.limit) : bodyForOne(request)
    } catch (error) {
      return receiver.reject(error)
    }
    if (body instanceof Promise) this.sendLater(request, body, receiver)
    else this.call.send(request, request.knownParams, body, request.scope, receiver)
  }

  private sendLater(request: RequestMessage, body: Promise<CallBody>, receiver: ResponseReceiver): void {
    body.then(
      ready => this.call.send(request, request.knownParams, ready, request.scope, receiver),
      error => receiver.reject(error)
    )
  }
}
