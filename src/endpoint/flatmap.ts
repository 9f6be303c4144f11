import { entityOf, entityResponse } from '../backend/entity.js'
import type { Flatmap } from '../encoding/flatmap/flatmap.js'
import type { ObjectNode } from '../encoding/json/node.js'
import type { GatewayResponse } from '../message/response.js'
import { runSliced } from '../message/slices.js'
import { type Step, WorkStep } from '../pipe/step.js'

/** Runs `proxy.flatmap_filter` of an endpoint on merged data; partial answers stay as they are (semantics §4.1). */
export function withFlatmap(inner: Step, flatmap: Flatmap): Step {
  return new WorkStep(inner, (response, { scope }) => {
    const now = entityOf(response)
    if (response.failure !== undefined || now.kind !== 'node') return response
    const finish = (data: ObjectNode | null): GatewayResponse => entityResponse(data, response.complete !== false, response.raw)
    const edited = runSliced(flatmap(now.node), scope)
    return edited instanceof Promise ? edited.then(finish) : finish(edited)
  })
}
