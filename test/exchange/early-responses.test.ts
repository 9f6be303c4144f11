import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, type TestContext, test } from 'node:test'
import { GatewayResponse, type Modifier, type PluginModule } from '../../src/plugin/index.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { passTime } from '../support/time.js'
import { openUpstream } from '../support/upstream.js'
import { fetch } from '../support/waiting.js'

const TURNS = 6

const modules = (modifier: Modifier): PluginModule[] => [
  { ModifierRegisterer: { registerModifiers: register => register('m', () => modifier) } }
]

function endpoint(host: string, path: string, more: object = {}): object {
  return { endpoint: path, output_encoding: 'no-op', backend: [{ host: [host], url_pattern: path }], ...more }
}

const MODIFIED = { extra_config: { 'plugin/req-resp-modifier': { name: ['m'] } } }

/** Connections that an upstream got for some requests, one after another. */
async function connectionsFor(t: TestContext, modifier: Modifier, path = '/x', status = 200): Promise<[number, number[]]> {
  const upstream = await openUpstream(t, (req, res) => {
    res.writeHead(req.url === '/204' ? 204 : status, req.url === '/204' ? [] : ['Content-Length', '5'])
    res.end(req.url === '/204' ? undefined : 'hello')
  })
  const { port } = await openGateway(
    t,
    { endpoints: [endpoint(upstream.origin, path, MODIFIED)] },
    { plugins: modules(modifier) }
  )
  const seen: number[] = []
  for (let i = 0; i < TURNS; i++) seen.push((await ask(port, path)).status)
  return [upstream.accepted, seen]
}

describe('an answer that comes in one piece keeps its connection', () => {
  const all = (status: number): number[] => Array.from({ length: TURNS }, () => status)

  test('when it has no body', async t => {
    assert.deepEqual(await connectionsFor(t, { response() {} }, '/204'), [1, all(204)])
  })

  test('when a modifier replaces the body', async t => {
    assert.deepEqual(await connectionsFor(t, { response: response => response.body.set('other') }), [1, all(200)])
  })

  test('when a modifier answers another response', async t => {
    assert.deepEqual(await connectionsFor(t, { response: () => GatewayResponse.empty(202) }), [1, all(202)])
  })

  test('when a modifier throws', async t => {
    const modifier: Modifier = {
      response() {
        throw new Error('no')
      }
    }
    assert.deepEqual(await connectionsFor(t, modifier), [1, all(500)])
  })
})

test('reading that a modifier begins and does not wait for takes nothing from the client', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('hello'))
  const read: Promise<string>[] = []
  const plugins = modules({
    response(response) {
      read.push(response.body.text())
    }
  })
  const { port } = await openGateway(t, { endpoints: [endpoint(upstream.origin, '/x', MODIFIED)] }, { plugins })
  assert.equal((await ask(port, '/x')).text, 'hello')
  assert.deepEqual(await Promise.all(read), ['hello'])
})

test('an answer that cannot be used is a failure of its plugin at once, awaited or not', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('hello'))
  const make = (): GatewayResponse => Object.freeze(GatewayResponse.text('hi')) as GatewayResponse
  for (const frozen of [make, async () => make()]) {
    const config = { endpoints: [endpoint(upstream.origin, '/x', { timeout: '60s', ...MODIFIED })] }
    const { port, log } = await openGateway(t, config, { plugins: modules({ request: frozen }) })
    assert.equal((await ask(port, '/x')).status, 500)
    await log.line(/\[Plugin: m\]/)
  }
})

test('a stalled stream of a service plugin is cut although the call that it started ran out of time', async t => {
  const upstream = await openUpstream(t, () => void passTime(60_000)) // never answers
  const plugin: PluginModule = {
    HandlerRegisterer: {
      registerHandlers: register =>
        register('own', (_context, _extra, next) => request => {
          next(request).catch(() => {})
          const source = new Readable({ read() {} })
          source.push('begun')
          return GatewayResponse.stream(source)
        })
    }
  }
  const { origin } = await openGateway(
    t,
    {
      extra_config: { 'plugin/http-server': { name: ['own'] } },
      endpoints: [endpoint(upstream.origin, '/x', { timeout: '60s' })]
    },
    { plugins: [plugin] }
  )
  const answer = await fetch(`${origin}/x`)
  assert.equal(answer.status, 200)
  await assert.rejects(answer.text())
})
