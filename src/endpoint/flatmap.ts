import { entityOf, entityResponse } from '../backend/entity.js'
import type { ObjectNode } from '../encoding/json-node.js'
import { type Sender, through } from '../message/sender.js'

/** Runs `proxy.flatmap_filter` of an endpoint on merged data; partial answers stay as they are (semantics §4.1). */
export function withFlatmap(next: Sender, flatmap: (data: ObjectNode | null) => ObjectNode | null): Sender {
  return through(next, response => {
    const now = entityOf(response)
    if (response.failure !== undefined || now.kind !== 'node') return response
    return entityResponse(flatmap(now.node), response.complete !== false, response.raw)
  })
}
