import { entityOf, entityResponse } from '../backend/entity.js'
import type { EndpointProxyConfig, StaticStrategy } from '../config/types.js'
import { mergeObjects } from '../encoding/json/merge.js'
import { GatewayError } from '../errors.js'
import { internals } from '../message/internals.js'
import { ObjectNode } from '../message/json/node.js'
import type { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import { runSliced } from '../message/slices.js'
import type { Layer } from '../pipe/layer.js'
import { NextStep, nextOf } from '../pipe/next.js'
import type { Step } from '../pipe/step.js'

/** Decides when static data is added: by the response, and by whether something failed. */
const MATCHES: Readonly<
  Record<StaticStrategy, (response: ResponseMessage | undefined, error: GatewayError | undefined) => boolean>
> = {
  always: () => true,
  success: (_response, error) => error === undefined,
  errored: (_response, error) => error !== undefined,
  complete: (response, error) => error === undefined && response?.complete === true,
  incomplete: response => response?.complete !== true
}

/**
 * Adds `proxy.static` data: each top-level key replaces that of the response. A failure that is covered by data is kept for the
 * log and the client gets 200. Not for no-op, whose bodies are the upstream's.
 */
export function staticLayer(added: EndpointProxyConfig['static']): Layer | undefined {
  if (added === undefined) return undefined
  const { data, strategy } = added
  const stage = { name: `static (${strategy})`, place: 'endpoint/static', holdsBody: 'no' } as const
  return { wrap: inner => withStatic(inner, data, strategy), stages: [stage] }
}

function withStatic(inner: Step, data: object, strategy: StaticStrategy): Step {
  const next = nextOf(inner)
  const node = ObjectNode.ofText(Buffer.from(JSON.stringify(data)).toString('latin1'))
  const matches = MATCHES[strategy]

  const add = async (
    response: ResponseMessage | undefined,
    error: GatewayError | undefined,
    scope: Scope
  ): Promise<ResponseMessage> => {
    if (!matches(response, error)) {
      if (response === undefined) throw error!
      return response
    }
    let own: ObjectNode | null = null
    if (response !== undefined) {
      const now = entityOf(response)
      if (now.kind !== 'node') return response
      own = now.node
    }
    const made = entityResponse(
      await runSliced(mergeObjects([own, node]), scope),
      response?.complete === true,
      response?.raw ?? []
    )
    made.metadataStatus = response?.metadataStatus ?? 0
    made.failure = error
    return made
  }

  return new NextStep(request => {
    const { scope } = internals(request)
    return next(request).then(
      response => add(internals(response), response.failure, scope),
      error =>
        add(
          undefined,
          error instanceof GatewayError ? error : new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { cause: error }),
          scope
        )
    )
  })
}
