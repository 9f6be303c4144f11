/**
 * From backends to data, the inner half of an endpoint's pipe: which backends are asked and how, and what is done before the data
 * is written.
 */

import type { BackendPipe } from '../backend/backend.js'
import type { BackendConfig, EndpointProxyConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import type { PipeStage } from '../pipe/description.js'
import { layered, type Pipe } from '../pipe/layer.js'
import { FailingStep, type Step } from '../pipe/step.js'
import type { EndpointLayers } from '../plugin/run/layers.js'
import { ConcurrentCall } from './concurrent.js'
import { flatmapLayer } from './flatmap-layer.js'
import { ParallelStep } from './parallel.js'
import { sequentialStep } from './sequential.js'
import { shadowLayer } from './shadow.js'
import { SingleStep } from './single.js'
import { staticLayer } from './static.js'

/** A backend of the configuration and what it was compiled to. */
export interface PlacedBackend {
  readonly config: BackendConfig
  readonly pipe: BackendPipe
}

/** What an endpoint's configuration says about asking its backends. */
export interface AskOptions {
  readonly timeoutMs: number
  /** bytes; most that is held of a body. */
  readonly limit: number
  readonly concurrentCalls: number
  readonly proxy: EndpointProxyConfig
  /** The data of backends is merged and changed; false for no-op. */
  readonly decoded: boolean
}

/** Backends → merge → flatmap → modifiers → static → shadow → checks, from the inside out. */
export function compileProxy(backends: readonly PlacedBackend[], options: AskOptions, layers: EndpointLayers): Pipe {
  const { limit, proxy, decoded } = options
  const regular = backends.filter(backend => !backend.config.proxy.shadow)
  const shadows = backends.filter(backend => backend.config.proxy.shadow)
  const asked =
    regular.length === 0
      ? failingPipe('all endpoints must have at least one backend')
      : layered(
          ask(regular, options),
          regular.length > 1 ? flatmapLayer(proxy.flatmapFilter) : undefined,
          layers.modifiers,
          decoded ? staticLayer(proxy.static) : undefined
        )
  const copy = shadows.length === 0 ? undefined : shadowLayer(ask(shadows, options), shadowTimeout(shadows), limit)
  return layered(asked, copy, layers.proxy)
}

const shadowTimeout = (shadows: readonly PlacedBackend[]): number =>
  Math.max(...shadows.map(backend => backend.config.proxy.shadowTimeoutMs))

/** The innermost step of an endpoint: asks one backend, or several and merges their responses. */
function ask(backends: readonly PlacedBackend[], options: AskOptions): Pipe {
  const described = backends.map(({ pipe }) => pipe.description)
  if (backends.length === 1) {
    const only = backends[0]!
    const buffered = options.concurrentCalls > 1 || only.config.httpClient.sendBodyOnRedirect
    const step = new SingleStep(callOf(only, options), buffered, options.limit)
    return { step, stages: singleStages(options.concurrentCalls, buffered), backends: described }
  }
  return { step: mergeStep(backends, options), stages: mergeStages(backends.length, options), backends: described }
}

function callOf({ pipe }: PlacedBackend, { concurrentCalls, timeoutMs }: AskOptions): BackendPipe['call'] {
  return concurrentCalls > 1 ? new ConcurrentCall(pipe.call, concurrentCalls, timeoutMs) : pipe.call
}

function mergeStep(backends: readonly PlacedBackend[], options: AskOptions): Step {
  const { timeoutMs, limit, proxy } = options
  const parts = backends.map(backend => ({ call: callOf(backend, options), urlPattern: backend.config.urlPattern }))
  if (proxy.sequential) return sequentialStep(parts, proxy.sequentialPropagatedParams, timeoutMs, limit)
  const calls = parts.map(part => part.call)
  return new ParallelStep(calls, timeoutMs, limit)
}

const REQUEST_BODY: PipeStage = {
  name: 'request body',
  place: 'endpoint/merge',
  holdsBody: 'yes',
  note: 'sent more than once'
}

function singleStages(concurrentCalls: number, buffered: boolean): PipeStage[] {
  return [...(buffered ? [REQUEST_BODY] : []), ...concurrentStages(concurrentCalls)]
}

function mergeStages(parts: number, { concurrentCalls, proxy }: AskOptions): PipeStage[] {
  const name = proxy.sequential ? 'merge (sequential)' : 'merge (parallel)'
  return [
    REQUEST_BODY,
    { name, place: 'endpoint/merge', holdsBody: 'yes', note: `${parts} backends` },
    ...concurrentStages(concurrentCalls)
  ]
}

function concurrentStages(times: number): PipeStage[] {
  if (times === 1) return []
  const note = 'the first complete response wins'
  return [{ name: `concurrent_calls ${times}`, place: 'endpoint/merge', holdsBody: 'no', note }]
}

/** Stands where no backend can be asked: KrakenD starts such an endpoint too and fails each of its requests. */
export function failingPipe(text: string): Pipe {
  const step = new FailingStep(() => new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST', { message: text }))
  return { step, stages: [{ name: 'fails every request', place: 'endpoint/merge', holdsBody: 'no', note: text }], backends: [] }
}
