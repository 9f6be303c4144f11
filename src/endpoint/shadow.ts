import { Buffer } from 'node:buffer'
import { BufferSource } from '../message/byte-flow.js'
import { Exchange } from '../message/context.js'
import { copyParams, RequestMessage } from '../message/request.js'
import type { PipeStage } from '../pipe/description.js'
import type { Layer, Pipe } from '../pipe/layer.js'
import { type Next, nextOf } from '../pipe/next.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import { bodyForMany } from './request-body.js'

/**
 * Sends a copy of each request through `shadow` and forgets the response.
 * @param limit bytes; most of a request's body that is held for the copy
 */
export function shadowLayer(shadow: Pipe, timeoutMs: number, limit: number): Layer {
  const { stages, backends } = shadow
  const note = `the request body is copied; the copy ends after ${timeoutMs} ms`
  const stage: PipeStage = { name: 'shadow', place: 'endpoint/shadow', holdsBody: 'yes', note, copy: { stages, backends } }
  return { wrap: inner => new ShadowStep(inner, shadow.step, timeoutMs, limit), stages: [stage] }
}

/** The copy has its own deadline and lives on when the client leaves; its failures count for nothing. */
class ShadowStep implements Step {
  private readonly inner: Step
  private readonly shadow: Next
  private readonly timeoutMs: number
  private readonly limitText: string
  private readonly limit: number

  constructor(inner: Step, shadow: Step, timeoutMs: number, limit: number) {
    this.inner = inner
    this.shadow = nextOf(shadow)
    this.timeoutMs = timeoutMs
    this.limitText = `shadow_timeout=${timeoutMs}ms`
    this.limit = limit
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    const body = bodyForMany(request, this.limit)
    if (body === undefined) {
      this.copy(request, undefined)
      return this.inner.send(request, receiver)
    }
    body.then(
      bytes => {
        this.copy(request, bytes)
        request.refill(bytes ?? NO_BYTES)
        this.inner.send(request, receiver)
      },
      error => receiver.reject(error)
    )
  }

  private copy(request: RequestMessage, body: Buffer | undefined): void {
    const { remoteAddress, clientAddress, host, rawHeaders } = request.exchange
    const exchange = new Exchange(deadlines, remoteAddress, clientAddress, host, rawHeaders)
    exchange.span = request.exchange.span
    exchange.expireIn(this.timeoutMs, this.limitText)
    const copy = new RequestMessage({
      exchange,
      scope: exchange,
      span: request.span,
      method: request.method,
      target: request.target,
      path: request.path,
      query: request.query,
      routePath: request.routePath,
      origin: undefined,
      raw: request.raw.slice(),
      params: copyParams(request.params),
      source: body === undefined ? undefined : new BufferSource(body),
      limit: this.limit
    })
    const over = (): void => {
      exchange.close()
      exchange.finished()
    }
    void this.shadow(copy)
      .then(response => response.discard(), ignore)
      .finally(over)
  }
}

const ignore = (): void => {}

/** A request whose body was read and empty has one all the same. */
const NO_BYTES = Buffer.alloc(0)
