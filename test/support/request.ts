import { Exchange } from '../../src/message/context.js'
import { GatewayRequest, type RequestInit } from '../../src/message/request.js'
import { deadlines } from '../../src/telemetry/timer-wheel.js'

/** A request of an exchange of its own: `GET /` without fields, unless `more` says otherwise. */
export function requestOf(more: Partial<RequestInit> = {}): GatewayRequest {
  return GatewayRequest.from({
    exchange: new Exchange(deadlines, '127.0.0.1', '127.0.0.1', 'gw.test', more.raw ?? []),
    method: 'GET',
    target: '/',
    path: '/',
    query: '',
    routePath: '/',
    raw: [],
    params: undefined,
    source: undefined,
    ...more
  })
}
