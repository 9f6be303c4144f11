/** One contract at every place where a plugin can stand: order, short-circuits, state, signal, edits. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type GatewayRequest,
  GatewayResponse,
  type HandlerFactory,
  type Modifier,
  type PluginModule
} from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
import { until } from '../support/waiting.js'
import { bodyOf, handlers, json, type Level, modifiers, openAt, type PlacedAt, startUpstream } from './support.js'

/** What a plugin does, whatever it is registered as. */
interface Work {
  before?(request: GatewayRequest): void | GatewayResponse | Promise<void | GatewayResponse>
  after?(response: GatewayResponse, request: GatewayRequest): void | Promise<void>
}

interface Place {
  readonly level: Level
  readonly modifier: boolean
}

const PLACES: readonly Place[] = [
  { level: 'service', modifier: false },
  { level: 'endpoint', modifier: false },
  { level: 'backend', modifier: false },
  { level: 'endpoint', modifier: true },
  { level: 'backend', modifier: true }
]

function asHandler({ before, after }: Work): HandlerFactory {
  return (_context, _extra, next) => async request => {
    const own = await before?.(request)
    if (own !== undefined) return own
    const response = await next(request)
    await after?.(response, request)
    return response
  }
}

function asModifier({ before, after }: Work): Modifier {
  return {
    ...(before === undefined ? {} : { request: before }),
    ...(after === undefined ? {} : { response: after })
  }
}

function moduleOf({ modifier }: Place, works: Readonly<Record<string, Work>>): PluginModule {
  const entries = Object.entries(works)
  if (modifier) return modifiers(Object.fromEntries(entries.map(([name, work]) => [name, asModifier(work)])))
  return handlers(Object.fromEntries(entries.map(([name, work]) => [name, asHandler(work)])))
}

const marks = (name: string): Work => ({
  before: request => request.headers.append('X-Way', name),
  after: response => response.headers.append('X-Back', name)
})

for (const place of PLACES) {
  describe(`the contract of a ${place.level} ${place.modifier ? 'modifier' : 'handler'}`, () => {
    const at = (names: readonly string[], more: Partial<PlacedAt> = {}): PlacedAt => ({ ...place, names, ...more })

    for (const encoding of ['no-op', 'json']) {
      test(`order (${encoding})`, async t => {
        const seen: unknown[] = []
        const up = await startUpstream(t, (request, response) => {
          seen.push(request.headers['x-way'])
          json({ ok: true })(request, response)
        })
        const works = { a: marks('a'), b: marks('b'), c: marks('c') }
        const { gateway } = await openAt(t, up.host, at(['a', 'b', 'c'], { encoding }), [moduleOf(place, works)])
        const answer = await gateway.request({ path: '/x' })
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.json(), { ok: true })
        // modifiers run as listed in both directions; of handlers the last listed stands outside
        assert.deepEqual(seen, [place.modifier ? 'a, b, c' : 'c, b, a'])
        const kept = encoding === 'no-op' || !(place.level === 'backend' && !place.modifier)
        assert.equal(answer.headers['x-back'], kept ? 'a, b, c' : undefined) // fields of a decoded backend stay with it
      })

      test(`short-circuit (${encoding})`, async t => {
        const up = await startUpstream(t, json({}))
        const reached: string[] = []
        const stop: Work = {
          before: async () => GatewayResponse.json({ by: 'stop' }),
          after: () => assert.fail('its own answer')
        }
        const inner: Work = { before: () => void reached.push('inner>'), after: () => void reached.push('<inner') }
        const outer: Work = { before: () => void reached.push('outer>'), after: () => void reached.push('<outer') }
        const names = place.modifier ? ['outer', 'stop', 'inner'] : ['inner', 'stop', 'outer']
        const { gateway } = await openAt(t, up.host, at(names, { encoding }), [moduleOf(place, { stop, inner, outer })])
        assert.deepEqual((await gateway.request({ path: '/x' })).json(), { by: 'stop' })
        assert.deepEqual(up.calls, [])
        assert.deepEqual(reached, place.modifier ? ['outer>'] : ['outer>', '<outer'])
      })
    }

    test('state is one map per exchange, in both directions', async t => {
      const up = await startUpstream(t, json({}))
      const found: unknown[] = []
      let n = 0
      const first: Work = { before: request => void request.state.set('n', ++n) }
      const second: Work = {
        before: request => void found.push(request.state.get('n')),
        after: (_response, request) => void found.push(request.state.get('n'))
      }
      const names = place.modifier ? ['first', 'second'] : ['second', 'first']
      const { gateway } = await openAt(t, up.host, at(names), [moduleOf(place, { first, second })])
      await gateway.request({ path: '/x' })
      await gateway.request({ path: '/x' })
      assert.deepEqual(found, [1, 1, 2, 2])
    })

    test('signal aborts when the client goes away, and not when the answer is whole', async t => {
      let client: RawClient | undefined
      const up = await startUpstream(t, (_request, response) => {
        if (client === undefined) response.end('{}')
        else client.socket.destroy()
      })
      const signals: AbortSignal[] = []
      const listens: Work = { before: request => void signals.push(request.signal) }
      const { gateway, port } = await openAt(t, up.host, at(['listens']), [moduleOf(place, { listens })])
      await gateway.request({ path: '/x' })
      assert.equal(signals[0]!.aborted, false)
      client = await RawClient.open(port)
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await until(() => signals[1]?.aborted, 'the signal of the second exchange')
    })

    test('edits that count', async t => {
      const seen: string[] = []
      const answers =
        (name: string) => async (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => {
          seen.push(`${name} ${request.method} ${request.url} ${request.headers['x-new']} ${await bodyOf(request)}`)
          response.setHeader('Content-Type', 'application/json')
          response.end('{"n":1}')
        }
      const other = await startUpstream(t, answers('other'))
      const up = await startUpstream(t, answers('first'))
      const edits: Work = {
        before: async request => {
          request.query = 'q=1'
          request.headers.set('X-New', 'new')
          await request.body.editJson<{ n: number }>(value => void value.n++)
          if (place.level === 'service') {
            request.method = 'POST'
            request.path = '/x'
          }
          if (place.level === 'backend') {
            request.origin = other.host
            request.method = 'PUT'
            request.path = '/z'
          }
        },
        after: async response => {
          response.status = 201
          response.headers.set('X-After', 'new')
          await response.body.editJson<{ n: number }>(value => void value.n++)
        }
      }
      const { gateway } = await openAt(t, up.host, at(['edits'], { method: 'POST' }), [moduleOf(place, { edits })])
      const path = place.level === 'service' ? '/elsewhere' : '/x'
      const answer = await gateway.request({ path, method: place.level === 'service' ? 'PATCH' : 'POST', body: '{"n":1}' })
      assert.equal(answer.status, 201)
      assert.equal(answer.headers['x-after'], 'new')
      assert.equal(answer.text(), '{"n":2}')
      assert.deepEqual(seen, [place.level === 'backend' ? 'other PUT /z?q=1 new {"n":2}' : 'first POST /y?q=1 new {"n":2}'])
    })
  })
}
