/**
 * Runs a plugin as it will run: in a real gateway within this process, against a scripted upstream.
 *
 * In: a plugin module, its options, what the upstream answers. Out: answers to requests, what the upstream saw, log lines.
 * `close` fails when the plugin left something behind. The gateway is loaded by its name, `sluice`: this room does not
 * depend on it.
 */

import { strict as assert } from 'node:assert'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { exportOf, PluginRegistry, SYMBOLS } from './registry.js'
import { PluginWatch } from './test-watch.js'
import type { PluginModule } from './types.js'

/** What the upstream answers. */
export interface UpstreamAnswer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** An object is sent as JSON. Default: `{}`. */
  readonly body?: string | Uint8Array | object
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAfter?: number
}

/** What the upstream saw. */
export interface UpstreamSeen {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

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
  /** One answer for all, or a function that is asked for each call. */
  readonly upstream?: UpstreamAnswer | ((call: UpstreamSeen) => UpstreamAnswer | Promise<UpstreamAnswer>)
  /** Seed of the random borders at which the upstream cuts its bodies. Default 1; 0 = bodies in one piece. */
  readonly seed?: number
  /** The endpoint's timeout. Default `2s`. */
  readonly timeout?: string
  /** Further keys of the service configuration. */
  readonly config?: object
}

export interface TestRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

export interface TestAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  text(): string
  json(): unknown
}

export interface TestedPlugin {
  /** Rejects when the answer breaks off. */
  request(request?: TestRequest): Promise<TestAnswer>
  /** Calls that the upstream got, in order. */
  readonly calls: readonly UpstreamSeen[]
  /** Log lines of the gateway and the plugin. */
  readonly lines: readonly string[]
  /**
   * Ends gateway and upstream.
   * @throws AssertionError for upstream connections that are still open, values changed without `touchJson`, stages used twice
   */
  close(): Promise<void>
}

/** Of the gateway's public face, what is used here. */
interface GatewayFace {
  createGateway(
    config: object,
    options: object
  ): Promise<{ request(r: object): Promise<TestAnswer>; close(o?: object): Promise<boolean> }>
}

const NAMESPACES = {
  handler: 'plugin/http-server',
  client: 'plugin/http-client',
  modifier: 'plugin/req-resp-modifier'
} as const

/** Starts a gateway with one plugin in it. */
export async function testPlugin(module: PluginModule, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  const { kind, name } = await chosen(module, options)
  const upstream = new ScriptedUpstream(options)
  const host = await upstream.listen()
  const specifier: string = 'sluice'
  const { createGateway } = (await import(specifier)) as GatewayFace
  const lines: string[] = []
  const watch = new PluginWatch()
  const logOutput = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean))
      done()
    }
  })
  try {
    const gateway = await createGateway(configFor(kind, name, host, options), {
      plugins: [watch.module(module)],
      port: 0,
      env: {},
      logOutput
    })
    return {
      calls: upstream.calls,
      lines,
      request: request => gateway.request({ path: options.path ?? '/', method: options.method ?? 'GET', ...request }),
      async close() {
        const open = await upstream.openCalls()
        await gateway.close({ graceMs: 1000 })
        await upstream.close()
        assert.deepEqual(watch.faults, [])
        assert.equal(open, 0, 'calls to the upstream were still open when all answers were over: the plugin leaks them')
      }
    }
  } catch (error) {
    await upstream.close()
    throw error
  }
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

function configFor(kind: keyof typeof NAMESPACES, name: string, host: string, options: TestPluginOptions): object {
  const { method = 'GET', path = '/', encoding = 'no-op', timeout = '2s' } = options
  const scope = options.scope ?? (kind === 'client' ? 'backend' : 'endpoint')
  const extra = { [NAMESPACES[kind]]: { name: [name], ...(options.options === undefined ? {} : { [name]: options.options }) } }
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
  return { version: 3, name: 'plugin test', endpoints: [endpoint], ...options.config, ...at('service') }
}

/** A real HTTP server that answers from a script and counts what is open. */
class ScriptedUpstream {
  readonly calls: UpstreamSeen[] = []
  private readonly options: TestPluginOptions
  private readonly server: Server
  private readonly open = new Set<ServerResponse>()
  private random: number

  constructor(options: TestPluginOptions) {
    this.options = options
    this.random = options.seed ?? 1
    this.server = createServer((req, res) => this.serve(req, res))
  }

  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  private serve(req: IncomingMessage, res: ServerResponse): void {
    this.open.add(res)
    res.on('close', () => this.open.delete(res))
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('error', () => res.destroy())
    req.on('end', () => {
      const seen = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks) }
      this.calls.push(seen)
      this.answer(seen, res).catch(() => res.destroy())
    })
  }

  private async answer(seen: UpstreamSeen, res: ServerResponse): Promise<void> {
    const { upstream = {} } = this.options
    const { status = 200, headers = {}, body = {}, cutAfter } = typeof upstream === 'function' ? await upstream(seen) : upstream
    const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
    const bytes = Buffer.from(isJson ? JSON.stringify(body) : (body as string | Uint8Array))
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value as string | string[])
    if (isJson && !res.hasHeader('content-type')) res.setHeader('Content-Type', 'application/json')
    if (status !== 204 && status !== 304) res.setHeader('Content-Length', bytes.length)
    res.writeHead(status)
    if (seen.method === 'HEAD' || status === 204 || status === 304) return void res.end()
    const end = cutAfter ?? bytes.length
    for (let at = 0; at < end && !res.destroyed; ) {
      const to = Math.min(end, at + this.pieceOf(end))
      await new Promise<void>(resolve => {
        const written = (): void => {
          res.off('close', written)
          resolve()
        }
        res.once('close', written)
        res.write(bytes.subarray(at, to), written)
      })
      at = to
    }
    if (cutAfter === undefined) res.end()
    else res.destroy()
  }

  /** Length of the next piece: a small number, now and then a large one (xorshift: the same borders for the same seed). */
  private pieceOf(length: number): number {
    if (this.random === 0) return length
    this.random ^= this.random << 13
    this.random ^= this.random >>> 17
    this.random ^= this.random << 5
    const n = this.random >>> 0
    return 1 + (n % (n % 4 === 0 ? Math.max(1, length) : 61))
  }

  /** Calls that are still open after the event loop had its turns to end them. */
  async openCalls(): Promise<number> {
    for (let turn = 0; turn < 200 && this.open.size > 0; turn++) await new Promise(resolve => setImmediate(resolve))
    return this.open.size
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()))
    this.server.closeAllConnections()
    await closed
  }
}
