import { compileQueryFilter, type QueryFilter } from '../http/query.js'
import { addHandshake } from '../http/upgrade-fields.js'
import type { RequestMessage } from '../message/request.js'
import type { PipeStage } from '../pipe/description.js'
import type { Layer } from '../pipe/layer.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import { compileFieldFilter, type FieldFilter } from './forward-fields.js'

/** The endpoint's lists (`input_headers`, `input_query_strings`): what of a client's request goes on. */
export interface EndpointLists {
  readonly fields: FieldFilter
  readonly query: QueryFilter
}

/** The lists of all endpoints: those that say the same share their filters, and what these remember of the names they have seen. */
export class ListsTable {
  private readonly userAgent: string
  private readonly always: readonly string[]
  private readonly known = new Map<string, EndpointLists>()

  /** @param always lower-case names that go on whatever the lists say */
  constructor(userAgent: string, always: readonly string[]) {
    this.userAgent = userAgent
    this.always = always
  }

  compile(headers: readonly string[], queryStrings: readonly string[]): EndpointLists {
    const key = JSON.stringify([headers, queryStrings])
    let lists = this.known.get(key)
    if (lists === undefined) {
      const { userAgent, always } = this
      lists = { fields: compileFieldFilter(headers, userAgent, always), query: compileQueryFilter(queryStrings) }
      this.known.set(key, lists)
    }
    return lists
  }
}

const LISTS_STAGE: PipeStage = { name: 'input lists', place: 'endpoint/lists', holdsBody: 'no' }

/**
 * Sends on what the lists let through.
 * @param limit bytes; most that the body of a request may hold in memory
 * @param unseen the call that is made of the request is all that sees it: it may be changed in place
 */
export function listsLayer(lists: EndpointLists, limit: number, unseen: boolean): Layer {
  return { wrap: inner => new ListsStep(inner, lists, limit, unseen), stages: [LISTS_STAGE] }
}

class ListsStep implements Step {
  private readonly inner: Step
  private readonly lists: EndpointLists
  private readonly limit: number
  private readonly unseen: boolean

  constructor(inner: Step, lists: EndpointLists, limit: number, unseen: boolean) {
    this.inner = inner
    this.lists = lists
    this.limit = limit
    this.unseen = unseen
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    this.inner.send(this.listed(request), receiver)
  }

  private listed(request: RequestMessage): RequestMessage {
    const { lists, limit } = this
    const { exchange } = request
    const raw = lists.fields(request.unfiltered, exchange.clientAddress, exchange.host)
    if (exchange.offer !== undefined) addHandshake(raw, request.raw)
    const query = lists.query(request.query)
    if (!request.sole) return request.derive(raw, query, limit)
    request.sole = this.unseen
    return request.narrow(raw, query, limit)
  }
}
