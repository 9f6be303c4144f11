import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayResponse, type Modifier } from '../../../src/plugin/index.js'
import { bodyOf, json, modifiers, openAt, startUpstream } from '../support.js'

for (const level of ['endpoint', 'backend'] as const) {
  describe(`modifiers at ${level} scope`, () => {
    const at = (names: string[], more: object = {}) => ({ level, names, modifier: true, ...more })

    test('run in listed order in both directions, synchronous or not', async t => {
      const up = await startUpstream(t, json({}))
      const order: string[] = []
      const make = (name: string, wait: boolean): Modifier => ({
        request: () => {
          order.push(`${name}>`)
          return wait ? Promise.resolve() : undefined
        },
        response: () => {
          order.push(`<${name}`)
          return wait ? Promise.resolve() : undefined
        }
      })
      const module = modifiers({ a: make('a', false), b: make('b', true), c: make('c', false) })
      const { gateway, log } = await openAt(t, up.host, at(['a', 'b', 'c']), [module])
      assert.equal((await gateway.request({ path: '/x' })).status, 200)
      assert.deepEqual(order, ['a>', 'b>', 'c>', '<a', '<b', '<c'])
      await log.line(/\[Modifier Plugins\] Adding 3 request and 3 response modifiers/)
    })

    test('a request modifier that answers skips all that comes after it at this level', async t => {
      const up = await startUpstream(t, json({}))
      const order: string[] = []
      const note: Modifier = { request: () => void order.push('note'), response: () => void order.push('response') }
      for (const wait of [false, true]) {
        const stop: Modifier = {
          request: () => (wait ? Promise.resolve(GatewayResponse.json({ by: 'stop' })) : GatewayResponse.json({ by: 'stop' }))
        }
        const module = modifiers({ note, stop })
        const { gateway } = await openAt(t, up.host, at(['note', 'stop', 'note']), [module])
        assert.deepEqual((await gateway.request({ path: '/x' })).json(), { by: 'stop' })
      }
      assert.deepEqual(order, ['note', 'note'])
      assert.deepEqual(up.calls, [])
    })

    test('a response modifier may answer another response, made of the old body', async t => {
      const up = await startUpstream(t, (_q, r) => r.writeHead(200, { 'X-Old': '1' }).end('old'))
      for (const wait of [false, true]) {
        const replace: Modifier = {
          response: old => {
            const made = new GatewayResponse({ status: 202, headers: { 'X-New': '1' } })
            made.body.set(old.body.stream())
            return wait ? Promise.resolve(made) : made
          }
        }
        const { gateway } = await openAt(t, up.host, at(['replace']), [modifiers({ replace })])
        const answer = await gateway.request({ path: '/x' })
        assert.equal(answer.status, 202)
        assert.equal(answer.text(), 'old')
        assert.equal(answer.headers['x-new'], '1')
        assert.equal(answer.headers['x-old'], undefined)
      }
    })

    test('on decoded endpoints json() is the object the gateway goes on with, numbers as they were', async t => {
      const up = await startUpstream(t, (_q, r) => r.end('{"keep":12345678901234567890,"price":1.10,"drop":1}'))
      const first: Modifier = {
        response: response =>
          response.body.editJson<Record<string, unknown>>(value => {
            delete value.drop
          })
      }
      const second: Modifier = {
        response: async response => {
          const value = await response.body.json<Record<string, unknown>>()
          value!.added = true
          response.body.touchJson()
          response.headers.set('X-Added', '1')
        }
      }
      const { gateway } = await openAt(t, up.host, at(['first', 'second'], { encoding: 'json' }), [modifiers({ first, second })])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.text(), '{"keep":12345678901234567890,"price":1.10,"added":true}')
      assert.equal(answer.headers['x-added'], '1')
    })

    test('request modifiers change query, headers and body of what is sent', async t => {
      const seen: string[] = []
      const up = await startUpstream(t, async (req, res) => {
        seen.push(`${req.url} ${req.headers['x-new']} ${await bodyOf(req)}`)
        res.end()
      })
      const edits: Modifier = {
        request: async request => {
          request.query = 'q=1'
          request.params.seen = `${request.params.seen ?? ''}n` // each request has parameters of its own, also where the path has none
          request.headers.set('X-New', request.params.seen)
          await request.body.editJson<{ n: number }>(value => {
            value.n++
          })
        }
      }
      const { gateway } = await openAt(t, up.host, at(['edits'], { method: 'POST' }), [modifiers({ edits })])
      for (let i = 0; i < 2; i++) {
        const answer = await gateway.request({ path: '/x', method: 'POST', body: '{"n":1}' })
        assert.equal(answer.status, 200)
      }
      assert.deepEqual(seen, ['/y?q=1 n {"n":2}', '/y?q=1 n {"n":2}'])
    })

    const bad: [string, Modifier, RegExp][] = [
      ['throws in request', { request: () => assert.fail('boom') }, /boom/],
      ['rejects in request', { request: async () => assert.fail('boom') }, /boom/],
      ['throws in response', { response: () => assert.fail('boom') }, /boom/],
      ['rejects in response', { response: async () => assert.fail('boom') }, /boom/],
      ['answers garbage in request', { request: () => 7 as never }, /returned a number/],
      ['answers garbage in response', { response: async () => [] as never }, /returned an array/]
    ]
    for (const [what, modifier, logged] of bad) {
      test(`a modifier that ${what} fails its exchange, and is named`, async t => {
        const up = await startUpstream(t, json({}))
        const { gateway, log } = await openAt(t, up.host, at(['bad']), [modifiers({ bad: modifier })])
        assert.equal((await gateway.request({ path: '/x' })).status, 500)
        await log.line(/\[Plugin: bad\] plugins\[0\]/)
        assert.match(log.text, logged)
      })
    }

    test('promises of needs hold for modifiers too', async t => {
      const up = await startUpstream(t, json({ a: 1 }))
      const module = {
        ModifierRegisterer: {
          registerModifiers: (register: (n: string, f: () => Modifier, on?: object) => void) => {
            register('in', () => ({ request: r => void r.body.tap(() => {}) }), { needs: 'head' })
            register('out', () => ({ response: async r => void (await r.body.json()) }), { needs: 'stream' })
            register('fine', () => ({ response: async r => void (await r.body.json()) }), { needs: 'data' })
          }
        }
      }
      for (const [name, status] of [
        ['in', 500],
        ['out', 500],
        ['fine', 200]
      ] as const) {
        const { gateway } = await openAt(t, up.host, at([name], { method: 'POST' }), [module])
        assert.equal((await gateway.request({ path: '/x', method: 'POST', body: '{}' })).status, status, name)
      }
    })

    test('one response object for several requests is refused', async t => {
      const up = await startUpstream(t, json({}))
      const constant = GatewayResponse.text('once')
      const { gateway } = await openAt(t, up.host, at(['constant']), [modifiers({ constant: { request: () => constant } })])
      assert.equal((await gateway.request({ path: '/x' })).status, 200)
      assert.equal((await gateway.request({ path: '/x' })).status, 500)
    })
  })
}
