import { DEFAULT_MAX_BODY_BYTES } from '../../src/message/body.js'
import { Exchange } from '../../src/message/context.js'
import { RequestMessage, type RequestParts } from '../../src/message/request.js'
import { deadlines } from '../../src/telemetry/timer-wheel.js'

/** A request of an exchange of its own: `GET /` without fields, unless `more` says otherwise. */
export function requestOf(more: Partial<RequestParts> = {}): RequestMessage {
  const exchange = more.exchange ?? new Exchange(deadlines, '127.0.0.1', '127.0.0.1', 'gw.test', more.raw ?? [])
  return new RequestMessage({
    exchange,
    scope: exchange,
    span: exchange.span,
    method: 'GET',
    target: '/',
    path: '/',
    query: '',
    routePath: '/',
    origin: undefined,
    raw: [],
    params: undefined,
    source: undefined,
    limit: DEFAULT_MAX_BODY_BYTES,
    ...more
  })
}
