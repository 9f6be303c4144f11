/** Runs shipped plugins in the test kit, and over a bare socket where the framing counts. */

import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { TestContext } from 'node:test'
import type { ExtraConfig, HandlerFactory, ModifierFactory, PluginModule } from '../../../src/plugin/index.js'
import { type TestedPlugin, type TestPluginOptions, testPlugin } from '../../../src/plugin/testing/index.js'
import { openGateway } from '../../support/open-gateway.js'
import { once, within } from '../../support/waiting.js'

const NAME = 'under-test'

/** The kit hands modules over in code, and there names that begin with `sluice-` are refused: the plugin gets another one. */
function renamed(module: PluginModule): PluginModule {
  const options = (extra: ExtraConfig, name: string): ExtraConfig => ({ ...extra, [name]: extra[NAME] })
  const factory =
    (name: string, made: HandlerFactory): HandlerFactory =>
    (context, extra, next) =>
      made(context, options(extra, name), next)
  const { HandlerRegisterer: handler, ClientRegisterer: client, ModifierRegisterer: modifier } = module
  const out: PluginModule = {}
  if (handler !== undefined) {
    out.HandlerRegisterer = {
      registerHandlers: register => handler.registerHandlers((name, made, about) => register(NAME, factory(name, made), about))
    }
  }
  if (client !== undefined) {
    out.ClientRegisterer = {
      registerClients: register => client.registerClients((name, made, about) => register(NAME, factory(name, made), about))
    }
  }
  if (modifier !== undefined) {
    out.ModifierRegisterer = {
      registerModifiers: register =>
        modifier.registerModifiers((name, made, about) => {
          const one: ModifierFactory = (context, extra) => made(context, options(extra, name))
          register(NAME, one, about)
        })
    }
  }
  return out
}

/** Places and options whose exchanges have been broken off: once is enough. */
const brokenOff = new WeakMap<PluginModule, Set<string>>()

/** As `testPlugin`; missing options are `{}`. Exchanges are broken off once per place, pipe and kind of options. */
export function testShipped(module: PluginModule, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  const { kind, scope, encoding, method, options: own = {} } = options
  const what = JSON.stringify([kind, scope, encoding, method, Object.keys(own)])
  const seen = brokenOff.get(module) ?? new Set()
  const aborts = !seen.has(what)
  brokenOff.set(module, seen.add(what))
  return testPlugin(renamed(module), { options: {}, aborts, timeout: '60s', ...options })
}

/** Lets GET endpoints answer HEAD. */
export const AUTO_HEAD = { extra_config: { router: { auto_head: true } } }

/** Every place where a message plugin can stand. */
export const PLACES: readonly Pick<TestPluginOptions, 'kind' | 'scope'>[] = [
  { kind: 'handler', scope: 'service' },
  { kind: 'handler', scope: 'endpoint' },
  { kind: 'client', scope: 'backend' },
  { kind: 'modifier', scope: 'endpoint' },
  { kind: 'modifier', scope: 'backend' }
]

/** Sends a request as written and answers all that comes back until the other side closes. */
export function rawExchange(port: number, text: string): Promise<string> {
  const heard = new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let got = ''
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      got += chunk
    })
    socket.on('end', () => resolve(got))
    socket.on('error', reject)
  })
  return within('the end of the answer', heard)
}

/** The port of a gateway with one shipped handler around its no-op endpoint `/x`, over an upstream of the test's own. */
export async function openOver(t: TestContext, name: string, options: object, serve: RequestListener): Promise<number> {
  const server = createServer(serve)
  server.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { port } = await openGateway(t, {
    endpoints: [
      {
        endpoint: '/x',
        output_encoding: 'no-op',
        timeout: '10s',
        input_headers: ['*'],
        extra_config: { 'plugin/http-server': { name: [name], [name]: options } },
        backend: [{ host: [host], url_pattern: '/', encoding: 'no-op' }]
      }
    ]
  })
  return port
}
