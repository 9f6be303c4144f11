import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defineHandler, type HandlerFactory } from '../../../src/plugin/index.js'
import { testPlugin } from '../../../src/plugin/testing/index.js'
import { handlers, modifiers } from '../support.js'

const onAnswer =
  (edit: (body: import('../../../src/plugin/index.js').Body) => unknown): HandlerFactory =>
  (_c, _e, next) =>
  async request => {
    const response = await next(request)
    await edit(response.body)
    return response
  }

describe('testPlugin', () => {
  test('runs a handler over a scripted upstream, whatever the borders of chunks', async () => {
    const upper = defineHandler({
      name: 'upper',
      create: (_o, next) => async request => {
        const response = await next(request)
        response.body.transform({ chunk: c => Buffer.from(Buffer.from(c).toString('latin1').toUpperCase(), 'latin1') })
        return response
      }
    })
    for (const seed of [0, 1, 2, 3]) {
      const tested = await testPlugin({ HandlerRegisterer: upper }, { seed, upstream: { body: 'abc'.repeat(1000) } })
      const answer = await tested.request()
      assert.equal(answer.text(), 'ABC'.repeat(1000))
      assert.deepEqual(
        tested.calls.map(call => `${call.method} ${call.url}`),
        ['GET /']
      )
      assert.ok(tested.lines.some(line => line.includes('Injecting plugin upper')))
      await tested.close()
    }
  })

  test('runs clients, modifiers and service handlers by name, with options and several requests', async () => {
    const module = handlers({
      other: () => () => assert.fail('not chosen'),
      path: (_c, extra, next) => request => {
        request.path = (extra.path as { to: string }).to
        return next(request)
      }
    })
    const tested = await testPlugin(module, {
      kind: 'client',
      name: 'path',
      options: { to: '/elsewhere' },
      path: '/here',
      encoding: 'json',
      upstream: call => ({ body: { url: call.url, n: tested.calls.length } })
    })
    assert.deepEqual((await tested.request()).json(), { url: '/elsewhere', n: 1 })
    assert.deepEqual((await tested.request()).json(), { url: '/elsewhere', n: 2 })
    await tested.close()
    const modified = await testPlugin(modifiers({ m: { response: r => r.headers.set('X-M', '1') } }), {
      upstream: { status: 201 }
    })
    const answer = await modified.request()
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['x-m'], '1')
    await modified.close()
    const service = await testPlugin(handlers({ s: (_c, _e, next) => next }), { scope: 'service' })
    assert.equal((await service.request({ path: '/nowhere' })).status, 404)
    await service.close()
  })

  test('an upstream that cuts its body cuts the answer', async () => {
    const tested = await testPlugin(handlers({ p: (_c, _e, next) => next }), {
      upstream: { body: 'x'.repeat(5000), cutAfter: 100 }
    })
    await assert.rejects(tested.request())
    await tested.close()
  })

  test('fails on a value that was changed and not touched', async () => {
    const forgets = onAnswer(async body => {
      const value = await body.json<{ n: number }>()
      value!.n = 2
    })
    const tested = await testPlugin(handlers({ forgets }), { upstream: { body: { n: 1 } } })
    assert.deepEqual((await tested.request()).json(), { n: 1 })
    await assert.rejects(tested.close(), /touchJson/)
    const touches = onAnswer(body => body.editJson<{ n: number }>(value => void value.n++))
    const fine = await testPlugin(handlers({ touches }), { upstream: { body: { n: 1 } } })
    assert.deepEqual((await fine.request()).json(), { n: 2 })
    await fine.close()
  })

  test('fails on a stage object that serves two bodies', async () => {
    const stage = { chunk: () => {} }
    const tested = await testPlugin(handlers({ once: onAnswer(body => body.tap(stage)) }))
    await tested.request()
    await tested.request()
    await assert.rejects(tested.close(), /a stage object serves one body/)
  })

  test('shows what a stage keeps of a chunk without a copy', async () => {
    const keeps = onAnswer(body => {
      const seen: Uint8Array[] = []
      body.transform({
        chunk: chunk => {
          seen.push(chunk)
          return chunk.subarray(0, 1) // what is answered is the gateway's, a view or not
        },
        end: () => Buffer.concat(seen)
      })
    })
    const tested = await testPlugin(handlers({ keeps }), { seed: 0, upstream: { body: 'abc' }, aborts: false })
    assert.equal((await tested.request()).text(), 'a???')
    await tested.close()
  })

  test('says which plugin is wanted when there is none', async () => {
    await assert.rejects(testPlugin({}), /registers no plugin/)
    await assert.rejects(testPlugin(handlers({ a: (_c, _e, next) => next }), { name: 'b' }), /registers no handler plugin 'b'/)
    await assert.rejects(testPlugin(handlers({ a: () => assert.fail('no') })), /plugin 'a'.*no/)
  })
})
