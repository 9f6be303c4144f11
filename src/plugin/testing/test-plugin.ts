/**
 * Runs a plugin as it will run: in a real gateway within this process, against a scripted upstream.
 *
 * In: a plugin module, its options, what the upstream sends. Out: responses to requests, what the upstream saw, log lines.
 * `close` fails when the plugin left something behind. The gateway is loaded by its name, `sluice`: this room does not
 * depend on it.
 */

import { strict as assert } from 'node:assert'
import type { IncomingHttpHeaders } from 'node:http'
import { Writable } from 'node:stream'
import { exportOf, PluginRegistry, SYMBOLS } from '../load/registry.js'
import type { PluginModule } from '../types.js'
import { ABORT_STAGES, type AbortStage } from './abort-stages.js'
import { type AbortableGateway, runAborts } from './aborts.js'
import type { RecordedCase } from './cases.js'
import { ScriptedUpstream, type UpstreamAnswer, type UpstreamSeen } from './upstream.js'
import { PluginWatch } from './watch.js'

/** How the plugin is placed, and what the upstream sends. */
export interface TestPluginOptions {
  /** The registered name; default: the first one of `kind`. */
  readonly name?: string
  /** Default: the first symbol that the module has: handler, client, modifier. */
  readonly kind?: 'handler' | 'client' | 'modifier'
  /** Where it stands. Default: handlers and modifiers at the endpoint, clients at the backend. */
  readonly scope?: 'service' | 'endpoint' | 'backend'
  /** The plugin's own options; undefined = none. */
  readonly options?: object
  /** `no-op` (default: bytes pass) or a decoded encoding, `json` … */
  readonly encoding?: string
  /** The endpoint's method. Default GET. */
  readonly method?: string
  /** The endpoint's path. Default `/`; calls go to the same path. */
  readonly path?: string
  /** One response for all, or a function that is called for each call. */
  readonly upstream?: UpstreamAnswer | ((call: UpstreamSeen) => UpstreamAnswer | Promise<UpstreamAnswer>)
  /** Seed of the random borders at which the upstream cuts its bodies. Default 1; 0 = bodies in one piece. */
  readonly seed?: number
  /** The endpoint's timeout. Default `2s`. */
  readonly timeout?: string
  /**
   * What `close` does with the requests that were made (one, when there were none; the first four that differ): it replays each
   * in a second gateway and breaks it off at every stage, on both sides. A list names the stages. Default true; false = nothing.
   */
  readonly aborts?: boolean | readonly AbortStage[]
  /** Further keys of the service configuration. */
  readonly config?: object
}

/** A request of the test. */
export interface TestRequest {
  /** Default: the endpoint's. */
  readonly method?: string
  /** Default: the endpoint's. */
  readonly path?: string
  /** Default: none but `Host`. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Default: none. */
  readonly body?: string | Uint8Array
}

/** A response whose body has been read whole. */
export interface TestAnswer {
  /** As sent. */
  readonly status: number
  /** Lower-case names, as node:http gives them. */
  readonly headers: IncomingHttpHeaders
  /** The bytes as they were sent. */
  readonly body: Buffer
  /** The body as UTF-8. */
  text(): string
  /** The body as JSON. Throws SyntaxError for what is none. */
  json(): unknown
}

/** A gateway with the plugin in it. */
export interface TestedPlugin {
  /** Rejects when the response breaks off. */
  request(request?: TestRequest): Promise<TestAnswer>
  /** Calls that the upstream got, in order. */
  readonly calls: readonly UpstreamSeen[]
  /** Log lines of the gateway and the plugin. */
  readonly lines: readonly string[]
  /**
   * Ends gateway and upstream, then breaks exchanges off (`aborts`).
   * @throws AssertionError for what was left open or behind, values changed without `touchJson` and stages used twice; for stages
   *   that got not exactly one of `end` and `abort`, half responses that look whole, and rejections without a handler
   */
  close(): Promise<void>
}

/** Of the gateway's public face, what is used here. */
interface GatewayFace {
  createGateway(config: object, options: object): Promise<AbortableGateway & { request(r: object): Promise<TestAnswer> }>
}

const NAMESPACES = {
  handler: 'plugin/http-server',
  client: 'plugin/http-client',
  modifier: 'plugin/req-resp-modifier'
} as const

/** Starts a gateway with one plugin in it. */
export async function testPlugin(module: PluginModule, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  const { kind, name } = await chosen(module, options)
  const { upstream: script = {}, seed = 1, aborts = true } = options
  const cases: RecordedCase[] = []
  const running = new Set<RecordedCase>()
  const upstream = new ScriptedUpstream(async call => {
    const answer = typeof script === 'function' ? await script(call) : script
    for (const one of running) one.answers.push({ call, answer })
    return answer
  }, seed)
  const host = await upstream.listen()
  const specifier: string = 'sluice'
  const { createGateway } = (await import(specifier)) as GatewayFace
  const start = (plugin: PluginModule, origin: string, how: TestPluginOptions, lines: string[], limit?: string) =>
    createGateway(configFor(kind, name, origin, how, limit), { plugins: [plugin], port: 0, env: {}, logOutput: keepLines(lines) })
  const lines: string[] = []
  const watch = new PluginWatch()
  try {
    const gateway = await start(watch.module(module), host, options, lines)
    return {
      calls: upstream.calls,
      lines,
      async request(given) {
        const request = { path: options.path ?? '/', method: options.method ?? 'GET', ...given }
        const one: RecordedCase = { request, answers: [], ms: 0 }
        cases.push(one)
        running.add(one)
        const started = performance.now()
        try {
          return await gateway.request(request)
        } finally {
          one.ms = performance.now() - started
          running.delete(one)
        }
      },
      async close() {
        const open = await upstream.openCalls()
        await gateway.close({ graceMs: 1000 })
        await upstream.close()
        assert.deepEqual(watch.faults, [])
        assert.equal(open, 0, 'calls to the upstream were still open when all answers were over: the plugin leaks them')
        if (aborts === false) return
        if (cases.length === 0) cases.push(await unasked(options))
        const found = await runAborts({
          module,
          name,
          cases,
          stages: aborts === true ? (Object.keys(ABORT_STAGES) as AbortStage[]) : aborts,
          seed: seed === 0 ? 1 : seed,
          ownTimeout: options.config !== undefined && 'endpoints' in options.config,
          start: (plugin, origin, timeout, kept) => start(plugin, origin, { ...options, timeout }, kept, timeout)
        })
        if (found.length > 0) assert.fail(found.join('\n'))
      }
    }
  } catch (error) {
    await upstream.close()
    throw error
  }
}

/** The request that a test makes by default, for one that made none. */
async function unasked({ path = '/', method = 'GET', upstream = {} }: TestPluginOptions): Promise<RecordedCase> {
  const call: UpstreamSeen = { method, url: path, headers: {}, body: Buffer.alloc(0) }
  const answer: UpstreamAnswer = typeof upstream === 'function' ? await upstream(call) : upstream
  return { request: { path, method }, answers: [{ call, answer }], ms: 0 }
}

function keepLines(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean))
      done()
    }
  })
}

async function chosen(
  module: PluginModule,
  options: TestPluginOptions
): Promise<{ kind: keyof typeof NAMESPACES; name: string }> {
  const registry = new PluginRegistry()
  const silent = (): void => {}
  const logger = { debug: silent, info: silent, warning: silent, error: silent, critical: silent, fatal: silent }
  for (const entry of SYMBOLS) {
    const value = exportOf(module, entry.symbol)
    if (value !== undefined) await registry.take(entry, { ...(value as object), registerLogger: undefined }, 'the module', logger)
  }
  const maps = { handler: registry.handlers, client: registry.clients, modifier: registry.modifiers }
  const kind = options.kind ?? (['handler', 'client', 'modifier'] as const).find(one => maps[one].size > 0)
  if (kind === undefined) throw new Error('the module registers no plugin')
  const name = options.name ?? [...maps[kind].keys()][0]
  if (name === undefined || !maps[kind].has(name)) throw new Error(`the module registers no ${kind} plugin '${name ?? ''}'`)
  return { kind, name }
}

/** @param limit time that a plugin of the service has for a response; undefined = no limit, as elsewhere without this key */
function configFor(
  kind: keyof typeof NAMESPACES,
  name: string,
  host: string,
  options: TestPluginOptions,
  limit: string | undefined
): object {
  const { method = 'GET', path = '/', encoding = 'no-op', timeout = '2s' } = options
  const scope = options.scope ?? (kind === 'client' ? 'backend' : 'endpoint')
  const own = options.options === undefined ? {} : { [name]: options.options }
  const timed = scope === 'service' && limit !== undefined ? { timeout: limit } : {}
  const extra = { [NAMESPACES[kind]]: { name: [name], ...timed, ...own } }
  const at = (where: string): object => (where === scope ? { extra_config: extra } : {})
  const backend = { host: [host], url_pattern: path, method, encoding, ...at('backend') }
  const endpoint = {
    endpoint: path,
    method,
    timeout,
    output_encoding: encoding,
    input_headers: ['*'],
    input_query_strings: ['*'],
    backend: [backend],
    ...at('endpoint')
  }
  return { version: 3, name: 'plugin test', listen_ip: '127.0.0.1', endpoints: [endpoint], ...options.config, ...at('service') }
}
