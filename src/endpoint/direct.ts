import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BackendAddress } from '../backend/address.js'
import { FieldMap } from '../message/field-map.js'
import type { FieldEdits } from '../plugin/component.js'
import type { EndpointLists } from './endpoint-lists.js'
import type { FieldFilter } from './forward-fields.js'
import { type FieldEdit, PassthroughExchange, type PassthroughPlan } from './passthrough.js'

/** Makes the exchange of a request that is served without message objects. */
export type DirectServe = (
  req: IncomingMessage,
  res: ServerResponse,
  clientAddress: string,
  requestId: string
) => PassthroughExchange

/** What of a plan an endpoint knows; the rest is the address of its backend, narrowed by its lists. */
type EndpointHalf = Omit<PassthroughPlan, keyof BackendAddress | 'filterFields' | 'filterQuery' | 'editAnswer'>

/**
 * The pipe of an endpoint where nothing but edits of header fields stands between the sockets: one plain no-op backend.
 * @param edits outermost first
 */
export function compileDirect(
  endpoint: EndpointHalf,
  lists: EndpointLists,
  address: BackendAddress,
  edits: readonly FieldEdits[]
): DirectServe {
  const { pickFields, pickQuery } = address
  const { fields, query } = lists
  // Written out: a spread with more behind it costs 4 KB for each of thousands of endpoints.
  const plan: PassthroughPlan = {
    route: endpoint.route,
    method: address.method,
    balancer: address.balancer,
    resolve: address.resolve,
    target: address.target,
    filterFields: edited(pickFields === undefined ? fields : (raw, client, host) => pickFields(fields(raw, client, host)), edits),
    editAnswer: edits.length === 0 ? undefined : inward(edits.map(one => one.response?.bind(one)).reverse()),
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

/** A filter whose fields the edits of requests go over. */
function edited(filter: FieldFilter, edits: readonly FieldEdits[]): FieldFilter {
  const edit = edits.length === 0 ? undefined : inward(edits.map(one => one.request?.bind(one)))
  if (edit === undefined) return filter
  return (raw, client, host) => {
    const fields = filter(raw, client, host)
    edit(new FieldMap(fields))
    return fields
  }
}

/** One edit after the other; undefined for none. */
function inward(edits: readonly (FieldEdit | undefined)[]): FieldEdit | undefined {
  const all = edits.filter(edit => edit !== undefined)
  if (all.length < 2) return all[0]
  return headers => {
    for (const edit of all) edit(headers)
  }
}
