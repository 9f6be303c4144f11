/**
 * One endpoint, compiled: the pipe from its backends to its client, put together from the inside out.
 *
 * In: a client's request whose route is known. Out: a response that is ready to be written; failures are responses too. An endpoint
 * where nothing stands between the sockets also has a direct form that makes no message objects.
 */

import { type BackendRole, compileBackend } from '../backend/backend.js'
import type { BackendConfig, EndpointConfig } from '../config/types.js'
import { meteredReport } from '../exchange/exchange-report.js'
import type { PipeDescription, PipeStage } from '../pipe/description.js'
import { layered } from '../pipe/layer.js'
import { watchLayer } from '../pipe/measure.js'
import { nestTracers } from '../pipe/nested-tracer.js'
import type { FieldEdits } from '../plugin/component.js'
import { type BackendLayers, type EndpointLayers, NO_BACKEND_LAYERS, NO_ENDPOINT_LAYERS } from '../plugin/run/layers.js'
import { BootLog } from './boot-log.js'
import type { EndpointDeps } from './deps.js'
import { compileDirect } from './direct.js'
import { listsLayer } from './endpoint-lists.js'
import { compileAnswers, writerLayer } from './endpoint-responses.js'
import { EndpointEntry, type EndpointPlan } from './endpoint-run.js'
import { compileProxy, failingPipe, type PlacedBackend } from './proxy.js'
import { type Endpoint, WaitingEndpoint } from './waiting-endpoint.js'

/** Compiles one endpoint. The pipe of one that is bare waits for its first request: nothing in it can fail at boot. */
export function compileEndpoint(config: EndpointConfig, deps: EndpointDeps): Endpoint | Promise<Endpoint> {
  const log = new BootLog(deps.logger, tagOf(config))
  log.proxy()
  if (!deps.isBare(config)) return compileStaged(config, deps, log)
  for (const backend of config.backends) log.backend(backend.goPattern)
  if (config.backends.length > 1) log.merge(config.backends.length, config.proxy)
  log.handler(config.extra)
  return new WaitingEndpoint(tunnelIdleOf(config, deps.router.tunnelIdleTimeoutMs), () => {
    const backends = config.backends.map((backend, index) => placeBackend(config, backend, index, NO_BACKEND_LAYERS, deps))
    return buildEndpoint(config, deps, backends, NO_ENDPOINT_LAYERS)
  })
}

/** Awaits the plugins and components of an endpoint and its backends, and puts them into its pipe. */
async function compileStaged(config: EndpointConfig, deps: EndpointDeps, log: BootLog): Promise<Endpoint> {
  await deps.prepare(config)
  const backends: PlacedBackend[] = []
  for (const [index, backend] of config.backends.entries()) {
    log.backend(backend.goPattern)
    backends.push(placeBackend(config, backend, index, await deps.backendLayersOf(config, backend), deps))
  }
  if (backends.length > 1) log.merge(backends.length, config.proxy)
  const layers = await deps.layersOf(config)
  log.static(config.proxy.static)
  log.handler(config.extra)
  return buildEndpoint(config, deps, backends, layers)
}

function buildEndpoint(
  config: EndpointConfig,
  deps: EndpointDeps,
  backends: readonly PlacedBackend[],
  layers: EndpointLayers
): Endpoint {
  const { router, identity } = deps
  const { timeoutMs, maxBodyBytes: limit, outputEncoding } = config
  const passthrough = outputEncoding === 'no-op'
  const coversBody = !passthrough || router.noOpTimeout === 'whole'
  const tag = tagOf(config)
  const { returnErrorMsg, errorStatus } = router
  const { cacheTtlMs, concurrentCalls, proxy } = config
  const answers = compileAnswers({ tag, version: identity.version, cacheTtlMs, returnErrorMsg, errorStatus, logger: deps.logger })
  const lists = deps.lists.compile(config.inputHeaders, config.inputQueryStrings)
  const [only] = backends.length === 1 ? backends : []
  const asked =
    config.broken === undefined
      ? compileProxy(backends, { timeoutMs, limit, concurrentCalls, proxy, decoded: !passthrough }, layers)
      : failingPipe(config.broken)
  const streams = only?.pipe.streams === true
  const pipe = layered(
    asked,
    watchLayer(layers.watch),
    writerLayer(answers, outputEncoding, only?.config.encoding, deps.renderers, streams),
    layers.handlers,
    listsLayer(lists, limit, only !== undefined && isUnseen(only, concurrentCalls, layers)),
    layers.router
  )

  const races = hasStages(layers, backends)
  const isPlain = config.broken === undefined && only !== undefined && isAskedOnce(only, concurrentCalls)
  const edits = only !== undefined && passthrough && isPlain ? fieldEdits(only, layers) : undefined
  const direct =
    only !== undefined && edits !== undefined
      ? compileDirect(
          {
            route: config.path,
            ownFields: answers.noOpFields,
            timeoutMs,
            timeoutCoversBody: coversBody,
            maxRequestBytes: router.maxRequestBytes,
            failureParts: answers.failureParts,
            logFailure: answers.logFailure,
            report: meteredReport(deps.report, [layers.watch?.meter, only.pipe.layers.watch?.meter]),
            exchanges: deps.exchanges,
            watch: only.pipe.layers.calls,
            tracer: nestTracers(layers.watch?.tracer, only.pipe.layers.watch?.tracer)
          },
          lists,
          only.pipe.address,
          edits
        )
      : undefined
  const tunnelIdleMs = tunnelIdleOf(config, router.tunnelIdleTimeoutMs)
  const plan: EndpointPlan = {
    step: pipe.step,
    failed: answers.failed,
    timeoutMs,
    coversBody,
    races,
    target: { route: config.path, tag, idleMs: coversBody ? 0 : timeoutMs, tunnelIdleMs: tunnelIdleMs ?? 0 },
    tunnels: tunnelIdleMs !== undefined,
    narrows: layers.router === undefined,
    admits: layers.admits
  }
  const description: PipeDescription = {
    method: config.method,
    path: config.path,
    pipe: passthrough ? 'passthrough' : 'aggregate',
    direct: direct !== undefined,
    stages: [timeoutStage(timeoutMs, coversBody), ...pipe.stages],
    backends: pipe.backends
  }
  return { direct, tunnelIdleMs, admits: layers.admits, entry: new EndpointEntry(plan), description }
}

function timeoutStage(timeoutMs: number, coversBody: boolean): PipeStage {
  const note = coversBody ? 'until the end of the body' : 'until the head; then the body may stand still as long'
  return { name: `timeout ${timeoutMs} ms`, place: 'endpoint/timeout', holdsBody: 'no', note }
}

/** Compiles backend number `index` of an endpoint. */
function placeBackend(
  endpoint: EndpointConfig,
  config: BackendConfig,
  index: number,
  layers: BackendLayers,
  deps: EndpointDeps
): PlacedBackend {
  const role = roleOf(endpoint, index, deps.router.noOpTimeout === 'whole')
  return { config, pipe: compileBackend(config, role, deps.backends, layers) }
}

const tagOf = ({ ginPath }: EndpointConfig): string => `[ENDPOINT: ${ginPath}]`

/** What the endpoint wants of its backend number `index`. */
function roleOf(config: EndpointConfig, index: number, coversBody: boolean): BackendRole {
  const { outputEncoding, proxy, concurrentCalls } = config
  const passthrough = outputEncoding === 'no-op'
  const json = outputEncoding === 'json' || outputEncoding === 'json-collection'
  return {
    passthrough,
    limit: config.maxBodyBytes,
    idleMs: passthrough && !coversBody ? config.timeoutMs : 0,
    informs: passthrough && concurrentCalls === 1,
    mayStream: json && config.backends.length === 1 && concurrentCalls === 1 && proxy.static === undefined,
    bareCollection: outputEncoding === 'json-collection',
    keepText: proxy.sequential && proxy.sequentialPropagatedParams.some(name => name.toLowerCase() === `resp${index}`)
  }
}

/** Default idle limit of a tunnel is the endpoint's timeout, but no less than this: WebSocket libraries ping every 20 to 30 s. */
const LEAST_TUNNEL_IDLE_MS = 60_000

/** ms that a tunnel of an endpoint may be silent; undefined where it has none. @param configured 0 = by the endpoint's timeout */
function tunnelIdleOf(config: EndpointConfig, configured: number): number | undefined {
  return mayTunnel(config) ? configured || Math.max(config.timeoutMs, LEAST_TUNNEL_IDLE_MS) : undefined
}

/** One no-op backend is asked once, with GET. */
function mayTunnel(config: EndpointConfig): boolean {
  if (config.outputEncoding !== 'no-op' || config.method !== 'GET' || config.broken !== undefined) return false
  const regular = config.backends.filter(backend => !backend.proxy.shadow)
  return config.concurrentCalls === 1 && regular.length === 1 && regular[0]!.method === 'GET'
}

function hasStages(layers: EndpointLayers, backends: readonly PlacedBackend[]): boolean {
  const { router, handlers, proxy, modifiers } = layers
  if (router !== undefined || handlers !== undefined || proxy !== undefined || modifiers !== undefined) return true
  return backends.some(({ pipe }) => pipe.layers.decoded !== undefined || pipe.layers.transport !== undefined)
}

/** The only call that is made of a request is all that sees it. */
function isUnseen(only: PlacedBackend, concurrentCalls: number, { handlers, proxy, modifiers }: EndpointLayers): boolean {
  const seen = handlers !== undefined || proxy !== undefined || modifiers !== undefined
  return !seen && concurrentCalls === 1 && !only.config.proxy.shadow
}

/** What stages do to header fields, outermost first; undefined where they need messages. */
function fieldEdits(only: PlacedBackend, layers: EndpointLayers): readonly FieldEdits[] | undefined {
  if (!hasStages(layers, [only])) return []
  const { decoded, transportFields } = only.pipe.layers
  const { router, handlers, proxy, modifiers } = layers
  const others = router ?? handlers ?? proxy ?? modifiers ?? decoded
  return others === undefined ? transportFields : undefined
}

/** Asked once, with a body that flows once. */
function isAskedOnce({ config }: PlacedBackend, concurrentCalls: number): boolean {
  const { broken, proxy, httpClient } = config
  return broken === undefined && concurrentCalls === 1 && !proxy.shadow && !httpClient.sendBodyOnRedirect
}
