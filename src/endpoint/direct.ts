import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BackendAddress } from '../backend/address.js'
import type { EndpointLists } from './endpoint-lists.js'
import { PassthroughExchange, type PassthroughPlan } from './passthrough.js'

/** Makes the exchange of a request that is served without message objects. */
export type DirectServe = (
  req: IncomingMessage,
  res: ServerResponse,
  clientAddress: string,
  requestId: string
) => PassthroughExchange

/** What of a plan an endpoint knows; the rest is the address of its backend, narrowed by its lists. */
type EndpointHalf = Omit<PassthroughPlan, keyof BackendAddress | 'filterFields' | 'filterQuery'>

/** The pipe of an endpoint where nothing stands between the sockets: one plain no-op backend. */
export function compileDirect(endpoint: EndpointHalf, lists: EndpointLists, address: BackendAddress): DirectServe {
  const { pickFields, pickQuery } = address
  const { fields, query } = lists
  // Written out: a spread with more behind it costs 4 KB for each of thousands of endpoints.
  const plan: PassthroughPlan = {
    route: endpoint.route,
    method: address.method,
    balancer: address.balancer,
    resolve: address.resolve,
    target: address.target,
    filterFields: pickFields === undefined ? fields : (raw, client, host) => pickFields(fields(raw, client, host)),
    filterQuery: pickQuery === undefined ? query : text => pickQuery(query(text)),
    redirects: address.redirects,
    ownFields: endpoint.ownFields,
    timeoutMs: endpoint.timeoutMs,
    timeoutCoversBody: endpoint.timeoutCoversBody,
    maxRequestBytes: endpoint.maxRequestBytes,
    failureParts: endpoint.failureParts,
    logFailure: endpoint.logFailure,
    report: endpoint.report,
    exchanges: endpoint.exchanges,
    watch: endpoint.watch,
    tracer: endpoint.tracer
  }
  return (req, res, clientAddress, requestId) => new PassthroughExchange(plan, req, res, clientAddress, requestId)
}
