import assert from 'node:assert/strict'
import { test } from 'node:test'
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
  assert.deepEqual(decodeStored(encodeStored(ANSWER)), ANSWER)
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
