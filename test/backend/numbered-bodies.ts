/** Large bodies of which each names its number: another body's memory shows. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { GatewayResponse, LazyObject, PluginModule } from '../../src/plugin/index.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream, type Upstream } from '../support/upstream.js'

/** A JSON body of some 16 KB that names its number from end to end. */
export const long = (number: string): string => JSON.stringify({ number, rest: Array.from({ length: 2000 }, () => number) })

/** An upstream that responds to `/{n}` with the body of this number. */
export const numbered = (t: TestContext): Promise<Upstream> =>
  openUpstream(t, (req, res) => {
    const body = long(req.url.split('/').at(-1)!)
    res.writeHead(200, { 'Content-Length': body.length, 'Content-Type': 'application/json' }).end(body)
  })

/**
 * What a modifier keeps of bodies, as views and as bytes, must stay as it is when the next bodies come.
 * @param configOf the configuration whose `/x/{n}` has the components `extra`
 */
export async function checkKeptBodies(t: TestContext, configOf: (origin: string, extra: object) => object): Promise<void> {
  const upstream = await numbered(t)
  /** Texts of what was kept. */
  const kept: (() => string)[] = []
  const keeping: Record<string, (response: GatewayResponse) => unknown> = {
    views: async response => {
      const view = (await response.body.lazyJson()) as LazyObject
      kept.push(() => JSON.stringify({ number: view.get('number'), rest: JSON.parse(view.text('rest')!) }))
    },
    bytes: async response => {
      const bytes = await response.body.buffer()
      kept.push(() => bytes.toString())
    }
  }
  const module: PluginModule = {
    ModifierRegisterer: {
      registerModifiers(register) {
        for (const [name, keep] of Object.entries(keeping))
          register(name, () => ({ response: async response => void (await keep(response)) }))
      }
    }
  }
  for (const name of Object.keys(keeping)) {
    const config = configOf(upstream.origin, { 'plugin/req-resp-modifier': { name: [name] } })
    const { port } = await openGateway(t, config, { plugins: [module] })
    for (let n = 100; n < 110; n++) assert.equal((await ask(port, `/x/${n}`)).text, long(`${n}`))
    assert.equal(kept.length, 10)
    for (const [i, text] of kept.entries()) assert.ok(text() === long(`${100 + i}`), `${name} ${i}`)
    kept.length = 0
  }
}
