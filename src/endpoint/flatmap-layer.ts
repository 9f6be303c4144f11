import { entityOf, entityResponse } from '../backend/entity.js'
import type { FlatmapOperation } from '../config/types.js'
import { compileFlatmap } from '../encoding/flatmap/flatmap.js'
import type { ObjectNode } from '../message/json/node.js'
import type { ResponseMessage } from '../message/response.js'
import { runSliced } from '../message/slices.js'
import { type Layer, workLayer } from '../pipe/layer.js'
import type { Work } from '../pipe/step.js'

/** Runs `proxy.flatmap_filter` of an endpoint on merged data; partial responses stay as they are. Undefined without an operation. */
export function flatmapLayer(operations: readonly FlatmapOperation[]): Layer | undefined {
  const flatmap = compileFlatmap(operations)
  if (flatmap === undefined) return undefined
  const edit: Work = (response, { scope }) => {
    const now = entityOf(response)
    if (response.failure !== undefined || now.kind !== 'node') return response
    const finish = (data: ObjectNode | null): ResponseMessage => {
      const made = entityResponse(data, response.complete !== false, response.raw)
      made.metadataStatus = response.metadataStatus
      return made
    }
    const edited = runSliced(flatmap(now.node), scope)
    return edited instanceof Promise ? edited.then(finish) : finish(edited)
  }
  return workLayer(edit, { name: 'flatmap_filter', place: 'endpoint/merge', holdsBody: 'yes' })
}
