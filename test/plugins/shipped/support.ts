/** Runs shipped plugins in the test kit, and over a bare socket where the framing counts. */

import { connect } from 'node:net'
import {
  type ExtraConfig,
  type HandlerFactory,
  type ModifierFactory,
  type PluginModule,
  type TestedPlugin,
  type TestPluginOptions,
  testPlugin
} from '../../../src/plugin/index.js'

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

/** As `testPlugin`; missing options are `{}`. */
export function testShipped(module: PluginModule, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  return testPlugin(renamed(module), { options: {}, ...options })
}

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
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let got = ''
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      got += chunk
    })
    socket.on('end', () => resolve(got))
    socket.on('error', reject)
  })
}
