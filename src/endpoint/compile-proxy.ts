/** The proxy layer of an endpoint, put together at boot: backends, how they are joined, static data, shadow, checks. */

import { type BackendCall, type BackendWraps, compileBackendCall } from '../backend/call.js'
import { compileReceive } from '../backend/decoded.js'
import type { UpstreamPools } from '../client/pools.js'
import { createRedirectPolicy, type RedirectPolicy } from '../client/redirect.js'
import type { BackendConfig, EndpointConfig } from '../config/types.js'
import { decoderFor } from '../encoding/decoders.js'
import { compileFlatmap } from '../encoding/flatmap/flatmap.js'
import { GatewayError } from '../errors.js'
import { FailingStep, type Step } from '../pipe/step.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import type { EndpointDeps, EndpointWraps } from './deps.js'
import { compileConcurrent, compileSequential, ParallelStep, SingleStep } from './fan-out.js'
import { withFlatmap } from './flatmap.js'
import { noRegularBackend, ShadowStep } from './shadow.js'
import { withStatic } from './static.js'

/** One backend and what stands around it. */
export interface CompiledBackend {
  readonly config: BackendConfig
  readonly call: BackendCall
  readonly wraps: BackendWraps
}

/** Redirects of backends lead to hosts that this configuration names, nowhere else; not at all with `no_redirect`. */
export function redirectPolicy(backend: BackendConfig, pools: UpstreamPools): RedirectPolicy | undefined {
  if (backend.httpClient.noRedirect) return undefined
  return createRedirectPolicy(backend.httpClient.sendBodyOnRedirect, origin => pools.reach(origin))
}

/** Compiles one backend of an endpoint. */
export function compileBackend(
  endpoint: EndpointConfig,
  backend: BackendConfig,
  deps: EndpointDeps,
  wraps: BackendWraps
): BackendCall {
  const noOp = endpoint.outputEncoding === 'no-op'
  const single = endpoint.backends.length === 1
  const index = endpoint.backends.indexOf(backend)
  const receiver = noOp
    ? undefined
    : compileReceive(backend, {
        decoder: decoderFor(backend.encoding, deps.decoders),
        limit: endpoint.maxBodyBytes,
        mayStream: single && streamsOut(endpoint, wraps),
        bareCollection: endpoint.outputEncoding === 'json-collection',
        keepText:
          endpoint.proxy.sequential &&
          endpoint.proxy.sequentialPropagatedParams.some(name => name.toLowerCase() === `resp${index}`)
      })
  const pools = deps.pools.withTls(backend.httpClient.tls)
  const call = compileBackendCall(endpoint, backend, {
    pools,
    balancer: deps.balancerFor(backend),
    redirects: redirectPolicy(backend, pools),
    userAgent: deps.identity.userAgent,
    acceptGzip: !noOp && !deps.config.transport.disableCompression,
    idleMs: noOp && deps.config.router.noOpTimeout !== 'whole' ? endpoint.timeoutMs : 0,
    receiver,
    wraps
  })
  return endpoint.concurrentCalls > 1 ? compileConcurrent(call, endpoint.concurrentCalls, endpoint.timeoutMs) : call
}

/** The answer may leave before the whole body was seen: JSON out of one JSON backend, and nobody looks at the data. */
function streamsOut(endpoint: EndpointConfig, wraps: BackendWraps): boolean {
  if (endpoint.outputEncoding !== 'json' && endpoint.outputEncoding !== 'json-collection') return false
  return wraps.decoded === undefined && endpoint.concurrentCalls === 1 && endpoint.proxy.static === undefined
}

/** Shadow split → static → modifiers → merge → backends, outermost first. */
export function compileProxy(endpoint: EndpointConfig, backends: readonly CompiledBackend[], wraps: EndpointWraps): Step {
  const regular = backends.filter(backend => !backend.config.proxy.shadow)
  const shadows = backends.filter(backend => backend.config.proxy.shadow)
  let proxy = regular.length === 0 ? noRegularBackend : compileGroup(endpoint, regular, wraps)
  if (shadows.length > 0) {
    const timeoutMs = Math.max(...shadows.map(backend => backend.config.proxy.shadowTimeoutMs))
    proxy = new ShadowStep(
      proxy,
      compileGroup(endpoint, shadows, { ...wraps, modifiers: undefined }),
      timeoutMs,
      endpoint.maxBodyBytes
    )
  }
  return wraps.proxy === undefined ? proxy : wraps.proxy(proxy)
}

function compileGroup(endpoint: EndpointConfig, group: readonly CompiledBackend[], wraps: EndpointWraps): Step {
  const limit = endpoint.maxBodyBytes
  const calls = group.map(backend => backend.call)
  let proxy: Step
  if (group.length === 1) {
    proxy = new SingleStep(calls[0]!, endpoint.concurrentCalls > 1 || group[0]!.config.httpClient.sendBodyOnRedirect, limit)
  } else {
    proxy = endpoint.proxy.sequential
      ? compileSequential(
          calls,
          group.map(backend => backend.config.urlPattern),
          endpoint.proxy.sequentialPropagatedParams,
          endpoint.timeoutMs,
          limit
        )
      : new ParallelStep(calls, endpoint.timeoutMs, limit)
    const flatmap = compileFlatmap(endpoint.proxy.flatmapFilter)
    if (flatmap !== undefined) proxy = withFlatmap(proxy, flatmap)
  }
  if (wraps.modifiers !== undefined) proxy = wraps.modifiers(proxy)
  const { static: added } = endpoint.proxy
  return added === undefined || endpoint.outputEncoding === 'no-op' ? proxy : withStatic(proxy, added.data, added.strategy)
}

/** An endpoint that KrakenD would start with and then fail on every request (`--tolerant`). */
export function brokenProxy(text: string): Step {
  return new FailingStep(() => new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST', { message: text }))
}

/** KrakenD's lines about a merge. */
export function logMerge(tag: string, config: EndpointConfig, logger: GatewayLogger): void {
  const { sequential, flatmapFilter } = config.proxy
  logger.debug(
    `${tag}[Merge] Backends: ${config.backends.length}, merger: ${sequential ? 'sequential' : 'parallel'}, combiner: default`
  )
  if (flatmapFilter.length > 0) logger.debug(`${tag}[Flatmap] Adding flatmap manipulator with ${flatmapFilter.length} operations`)
}
