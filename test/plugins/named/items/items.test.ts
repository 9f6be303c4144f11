import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as items from '../../../../plugins/named/items/index.js'
import { PLACES, testShipped } from '../support.js'

const products =
  '{"total":3,"list":[{"id":12345678901234567890,"price":1.10,"on":true,"a":{"b":"x"}},{"id":2,"on":false},{"id":3,"on":true}]}'
const upstream = { headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: products }

async function answered(options: object, body = products): Promise<string> {
  const tested = await testShipped(items, { kind: 'modifier', options, upstream: { ...upstream, body } })
  const text = (await tested.request()).text()
  await tested.close()
  return text
}

describe('sluice-items', () => {
  for (const place of PLACES) {
    test(`filters elements as a ${place.kind} of the ${place.scope}`, async () => {
      for (const seed of [1, 7]) {
        const tested = await testShipped(items, {
          ...place,
          seed,
          options: { path: 'list', where: { on: true }, keep: ['id', 'price'] },
          upstream
        })
        const answer = await tested.request()
        assert.equal(answer.text(), '{"total":3,"list":[{"id":12345678901234567890,"price":1.10},{"id":3}]}')
        await tested.close()
      }
    })
  }

  test('drops fields, compares deep ones, counts', async () => {
    assert.equal(
      await answered({ path: 'list', drop: ['a', 'on', 'price'] }),
      '{"total":3,"list":[{"id":12345678901234567890},{"id":2},{"id":3}]}'
    )
    assert.equal(await answered({ path: 'list', where: { 'a.b': 'x' }, keep: ['on'] }), '{"total":3,"list":[{"on":true}]}')
    assert.equal(await answered({ path: 'list', where_not: { on: true } }), '{"total":3,"list":[{"id":2,"on":false}]}')
    assert.equal(await answered({ path: 'list', limit: 0 }), '{"total":3,"list":[]}')
    assert.equal(await answered({ limit: 2, where_not: { x: 1 } }, '[1,{"x":1},"a",[2]]'), '[1,"a"]')
    assert.equal(await answered({ keep: ['a'] }, '[1,{"x":1},["b"],null]'), '[1,{},["b"],null]')
    assert.equal(await answered({ path: 'list', where: { constructor: 'x' } }), '{"total":3,"list":[]}')
  })

  test('each body is counted by itself; other media types pass', async () => {
    const tested = await testShipped(items, {
      options: { limit: 1 },
      upstream: call => ({
        headers: { 'Content-Type': call.url === '/?text' ? 'text/plain' : 'application/hal+json' },
        body: '[1,2]'
      })
    })
    assert.equal((await tested.request()).text(), '[1]')
    assert.equal((await tested.request()).text(), '[1]')
    assert.equal((await tested.request({ path: '/?text' })).text(), '[1,2]')
    await tested.close()
  })

  test('an element over the limit and a body that is cut break the answer off', async () => {
    const tested = await testShipped(items, {
      options: { max_item_length: 10 },
      upstream: { headers: { 'Content-Type': 'application/json' }, body: '["short","longer than the limit"]' }
    })
    await assert.rejects(tested.request())
    await tested.close()
    const cut = await testShipped(items, { options: {}, upstream: { ...upstream, cutAfter: 40 } })
    await assert.rejects(cut.request())
    await cut.close()
  })

  test('wrong options stop the start', async () => {
    await assert.rejects(testShipped(items, { options: { keep: ['a'], drop: ['b'] } }), /'keep' and 'drop' exclude each other/)
    await assert.rejects(testShipped(items, { options: { limit: -1 } }), /\/limit must be >= 0/)
    await assert.rejects(testShipped(items, { options: { where: { a: [] } } }), /\/where\/a/)
  })
})
