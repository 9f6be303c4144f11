import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors.js'
import { BufferSource } from '../message/byte-flow.js'
import { Exchange } from '../message/context.js'
import { copyParams, GatewayRequest } from '../message/request.js'
import { promised, type Sender } from '../pipe/step.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import { bodyForMany } from './request-body.js'

/**
 * Sends a copy of each request to the shadow backends and forgets the answer. The copy has its own deadline and lives on
 * when the client leaves; its failures are nobody's (semantics §4.4).
 */
export function withShadow(next: Sender, shadow: Sender, timeoutMs: number, limit: number): Sender {
  const limitText = `shadow_timeout=${timeoutMs}ms`
  const shadowed = promised(shadow)

  const start = (request: GatewayRequest, body: Buffer | undefined): Promise<unknown> => {
    const { remoteAddress, clientAddress, host, rawHeaders } = request.exchange
    const exchange = new Exchange(deadlines, remoteAddress, clientAddress, host, rawHeaders)
    exchange.expireIn(timeoutMs, limitText)
    const copy = GatewayRequest.from({
      exchange,
      method: request.method,
      target: request.target,
      path: request.path,
      query: request.query,
      routePath: request.routePath,
      raw: request.raw.slice(),
      params: copyParams(request.params),
      source: body === undefined ? undefined : new BufferSource(body),
      limit
    })
    return shadowed(copy)
      .then(
        response => response.discard(),
        () => {}
      )
      .finally(() => {
        exchange.close()
        exchange.finished()
      })
  }

  return (request, receiver) => {
    const body = bodyForMany(request, limit)
    if (body === undefined) {
      void start(request, undefined)
      return next(request, receiver)
    }
    body.then(
      bytes => {
        void start(request, bytes)
        request.refill(bytes ?? NO_BYTES)
        next(request, receiver)
      },
      error => receiver.reject(error)
    )
  }
}

/** A body that came empty was read all the same. */
const NO_BYTES = Buffer.alloc(0)

/** Shadow calls alone leave nobody to answer (semantics §4.4). */
export const noRegularBackend: Sender = (_request, receiver) =>
  receiver.reject(new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST', { message: 'all endpoints must have at least one backend' }))
