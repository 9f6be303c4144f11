import { internals } from '../message/internals.js'
import type { GatewayRequest } from '../message/public.js'

/**
 * Returns `fields`, names and values in turn, for a call that a plugin makes by itself while it works on a request: with the context of the
 * request's trace, so that the server that is called goes on with it. Those of an exchange that is not recorded are returned as they are.
 */
export function traceFields(request: GatewayRequest, fields: readonly string[] = []): string[] {
  const { span } = internals(request)
  return span === undefined ? [...fields] : span.withContext([...fields])
}
