import type { GatewayError } from '../errors.js'
import type { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import type { Cancellable } from '../message/scope.js'
import type { ProxyPipe } from './fan-out.js'

/**
 * Makes a pipe with foreign code in it answer when its scope ends, whether or not that code has settled. A response that
 * comes too late is discarded.
 */
export function raceScope(next: ProxyPipe): ProxyPipe {
  return request =>
    new Promise<GatewayResponse>((resolve, reject) => {
      new Race(request, resolve, reject).run(next)
    })
}

class Race implements Cancellable {
  private readonly request: GatewayRequest
  private readonly resolve: (response: GatewayResponse) => void
  private readonly reject: (error: unknown) => void
  private over = false

  constructor(request: GatewayRequest, resolve: (response: GatewayResponse) => void, reject: (error: unknown) => void) {
    this.request = request
    this.resolve = resolve
    this.reject = reject
  }

  run(next: ProxyPipe): void {
    this.request.scope.add(this)
    let answer: Promise<GatewayResponse>
    try {
      answer = next(this.request)
    } catch (error) {
      answer = Promise.reject(error)
    }
    answer.then(
      response => {
        if (this.over) return response.discard()
        this.close()
        this.resolve(response)
      },
      error => {
        if (this.over) return
        this.close()
        this.reject(error)
      }
    )
  }

  cancel(reason: GatewayError): void {
    if (this.over) return
    this.over = true
    this.reject(reason)
  }

  private close(): void {
    this.over = true
    this.request.scope.remove(this)
  }
}
