/** Plugins and upstreams for the tests of this room. */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { HandlerFactory, Modifier, ModifierFactory, Next, PluginModule } from '../../src/plugin/index.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { once } from '../support/waiting.js'

export interface Upstream {
  readonly host: string
  /** `METHOD /path?query`, in order. */
  readonly calls: string[]
  /** Responses that have not ended. */
  readonly open: Set<ServerResponse>
}

/** A server that is closed with the test. */
export async function startUpstream(t: TestContext, serve: RequestListener): Promise<Upstream> {
  const calls: string[] = []
  const open = new Set<ServerResponse>()
  const server = createServer((req, res) => {
    calls.push(`${req.method} ${req.url}`)
    open.add(res)
    res.on('close', () => open.delete(res))
    serve(req, res)
  })
  server.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, open }
}

export function json(value: unknown): RequestListener {
  return (_req, res) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))
}

export async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req.setEncoding('latin1')) text += chunk as string
  return text
}

export type Level = 'service' | 'endpoint' | 'backend'
export const LEVELS: readonly Level[] = ['service', 'endpoint', 'backend']

/** Handlers under their names, as both kinds. */
export function handlers(map: Record<string, HandlerFactory>): PluginModule {
  const each = (register: (name: string, factory: HandlerFactory) => void): void => {
    for (const [name, factory] of Object.entries(map)) register(name, factory)
  }
  return { HandlerRegisterer: { registerHandlers: each }, ClientRegisterer: { registerClients: each } }
}

export function modifiers(map: Record<string, Modifier | ModifierFactory>): PluginModule {
  return {
    ModifierRegisterer: {
      registerModifiers: register => {
        for (const [name, one] of Object.entries(map)) register(name, typeof one === 'function' ? one : () => one)
      }
    }
  }
}

/** A handler that only passes on. */
export const passOn: HandlerFactory = (_context, _extra, next: Next) => request => next(request)

export interface PlacedAt {
  readonly level: Level
  readonly names: readonly string[]
  readonly modifier?: boolean
  readonly encoding?: string
  readonly method?: string
  /** Default: the endpoint's. */
  readonly backendMethod?: string
  readonly endpoint?: object
  readonly root?: object
  readonly own?: object
}

/** One endpoint `/x` over one backend `/y`, with plugins at one level. */
export function configAt(host: string, at: PlacedAt): object {
  const { level, names, encoding = 'no-op', method = 'GET' } = at
  const namespace = at.modifier ? 'plugin/req-resp-modifier' : level === 'backend' ? 'plugin/http-client' : 'plugin/http-server'
  const extra = { extra_config: { [namespace]: { name: names, ...at.own } } }
  return {
    ...(level === 'service' ? extra : {}),
    ...at.root,
    endpoints: [
      {
        endpoint: '/x',
        method,
        output_encoding: encoding,
        input_headers: ['*'],
        input_query_strings: ['*'],
        backend: [
          { host: [host], url_pattern: '/y', method: at.backendMethod ?? method, encoding, ...(level === 'backend' ? extra : {}) }
        ],
        ...(level === 'endpoint' ? extra : {}),
        ...at.endpoint
      }
    ]
  }
}

export function openAt(t: TestContext, host: string, at: PlacedAt, plugins: PluginModule[]): Promise<OpenGateway> {
  return openGateway(t, configAt(host, at), { plugins })
}
