import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { decodeStored, encodeStored } from '../../../../plugins/qos/http-cache/redis-store.js'
import type { Stored } from '../../../../plugins/qos/http-cache/store.js'
import { NO_REDIS, startRedis } from '../../../support/redis.js'
import { until } from '../../../support/waiting.js'
import { build, endpoint, startUpstream } from '../../scripted-upstream.js'

const ANSWER: Stored = {
  kind: 'answer',
  status: 200,
  fields: ['ETag', '"é"'],
  body: Buffer.from([0, 255, 123]),
  storedAt: 1,
  url: 'http://x/'
}

test('what is written is read again, and other bytes are nothing', () => {
  // the monotonic clock of one process says nothing to another
  assert.deepEqual(decodeStored(encodeStored({ ...ANSWER, steadyAt: 5 })), { ...ANSWER, steadyAt: undefined })
  assert.equal(encodeStored({ ...ANSWER, steadyAt: 5 }).includes('steady'), false)
  const variants: Stored = { kind: 'variants', fields: ['accept'], generation: 'g' }
  assert.deepEqual(decodeStored(encodeStored(variants)), variants)
  for (const wrong of ['', 'x', '\0\0\0\x01{', '\0\0\0\x02{}', '\0\0\0\x04null', '\xff\xff\xff\xff{}']) {
    assert.equal(decodeStored(Buffer.from(wrong, 'latin1')), undefined)
  }
  assert.equal(decodeStored(encodeStored(ANSWER).subarray(0, 20)), undefined)
})

test('a response that one gateway has stored is found by the other, and forgotten for both', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  let calls = 0
  const host = await startUpstream(t, (_, res) => {
    res.setHeader('Cache-Control', 'max-age=600')
    res.end(`{"call":${++calls}}`)
  })
  const cache = { 'qos/http-cache': { connection_name: 'pool' } }
  const config = {
    extra_config: { redis: { connection_pools: [{ name: 'pool', address: server.address, timeout: '30s' }] } },
    endpoints: [endpoint('/a', host, { backendExtra: cache }), endpoint('/change', host, { backendExtra: cache, method: 'POST' })]
  }
  const [one, two] = [(await build(t, config)).gateway, (await build(t, config)).gateway]
  const ask = async (gateway: typeof one): Promise<string> => (await gateway.request('/a')).body.toString()
  const first = await ask(one)
  await until(async () => (await ask(two)) === (await ask(one)), 'the response is stored')
  assert.notEqual(first, '')
  const before = calls
  assert.equal(await ask(two), await ask(one))
  assert.equal(calls, before)
  await server.kill()
  await ask(one)
  assert.equal(calls, before + 1)
})

test('backends that ask in different ways do not get the responses of each other', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  const host = await startUpstream(t, (req, res) => {
    res.setHeader('Cache-Control', 'max-age=600')
    res.end(`{"as":"${req.headers['x-as']}"}`)
  })
  const asking = (value: string, group?: string) => ({
    host: [host],
    url_pattern: '/up',
    group,
    extra_config: {
      'qos/http-cache': { connection_name: 'pool' },
      'modifier/martian': { 'header.Modifier': { scope: ['request'], name: 'X-As', value } }
    }
  })
  const serving = async (...backend: object[]) =>
    build(t, {
      extra_config: { redis: { connection_pools: [{ name: 'pool', address: server.address, timeout: '30s' }] } },
      endpoints: [{ endpoint: '/a', backend }]
    })
  const client = new Redis(server.port, '127.0.0.1')
  t.after(() => client.disconnect())
  const { gateway } = await serving(asking('one', 'first'), asking('two', 'second'))
  const both = { first: { as: 'one' }, second: { as: 'two' } }
  assert.deepEqual((await gateway.request('/a')).json(), both)
  await until(async () => (await client.dbsize()) >= 4, 'both responses are stored')
  assert.deepEqual((await gateway.request('/a')).json(), both)
  // the same path of another configuration
  const [three, four] = [await serving(asking('three')), await serving(asking('four'))]
  assert.deepEqual((await three.gateway.request('/a')).json(), { as: 'three' })
  await until(async () => (await client.dbsize()) >= 6, 'the response is stored')
  assert.deepEqual((await four.gateway.request('/a')).json(), { as: 'four' })
})
