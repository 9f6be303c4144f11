import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defineHandler, defineModifier, GatewayResponse, optionsOf } from '../../src/plugin/index.js'
import { json, openAt, startUpstream } from './support.js'

describe('optionsOf', () => {
  test('answers the plugin own part and throws without one', () => {
    assert.deepEqual(optionsOf({ name: ['a'], a: { x: 1 } }, 'a'), { x: 1 })
    for (const extra of [{}, { a: 7 }, { a: null }]) assert.throws(() => optionsOf(extra, 'a'), /configuration not found/)
    assert.throws(() => optionsOf({}, 'toString'), /configuration not found/)
    assert.throws(() => optionsOf({}, 'a-b'), /beside "name", as "a-b": \{ … \}$/)
  })
})

describe('defined plugins', () => {
  const schema = {
    type: 'object',
    required: ['text'],
    properties: { text: { type: 'string' }, status: { type: 'integer', default: 202 } },
    additionalProperties: false
  }
  const handler = defineHandler<{ text: string; status: number }>({
    name: 'says',
    needs: 'head',
    schema,
    create: options => () => GatewayResponse.text(options.text, options.status)
  })
  const module = { HandlerRegisterer: handler, ClientRegisterer: handler }

  test('get options that fit, with defaults', async t => {
    const up = await startUpstream(t, json({}))
    for (const level of ['endpoint', 'backend'] as const) {
      const { gateway } = await openAt(t, up.host, { level, names: ['says'], own: { says: { text: 'hello' } } }, [module])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 202)
      assert.equal(answer.text(), 'hello')
    }
  })

  test('stop the start for options that do not fit, and say why', async t => {
    const open = (own: object) => openAt(t, 'http://127.0.0.1:9999', { level: 'endpoint', names: ['says'], own }, [module])
    await assert.rejects(open({}), /plugin 'says' \(plugins\[0\]\): wrong options: they must have required property 'text'/)
    await assert.rejects(
      open({ says: { text: 7, more: 1 } }),
      /must NOT have additional properties \('more'\); \/text must be string/
    )
  })

  test('without a schema options come as they are, {} when there are none', async t => {
    const up = await startUpstream(t, json({}))
    const seen: unknown[] = []
    const plugin = defineModifier({
      name: 'plain',
      create: options => {
        seen.push({ ...options })
        return { response: response => response.headers.set('X-Plain', '1') }
      }
    })
    for (const own of [{}, { plain: { a: 1 } }]) {
      const { gateway } = await openAt(t, up.host, { level: 'endpoint', names: ['plain'], modifier: true, own }, [
        { ModifierRegisterer: plugin }
      ])
      assert.equal((await gateway.request({ path: '/x' })).headers['x-plain'], '1')
    }
    assert.deepEqual(seen, [{}, { a: 1 }])
  })
})
