import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../../../../src/errors.js'
import { build, endpoint, startUpstream } from '../../../scripted-upstream.js'

const limit = (options: object) => ({ 'qos/ratelimit/service': options })

test('all endpoints share the limit, also paths without a route; health is not limited', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, {
    extra_config: limit({ max_rate: 3, capacity: 3, every: '1h' }),
    endpoints: [endpoint('/a', host), endpoint('/b', host)]
  })
  const ask = async (path: string): Promise<number> => (await gateway.request({ path })).status
  assert.deepEqual([await ask('/a'), await ask('/b'), await ask('/none'), await ask('/a')], [200, 200, 404, 503])
  assert.equal(await ask('/__health'), 200)
})

test('each client has its own limit, over all endpoints', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, {
    extra_config: limit({ client_max_rate: 2, client_capacity: 2, every: '1h', strategy: 'header', key: 'X-Key' }),
    endpoints: [endpoint('/a', host), endpoint('/b', host)]
  })
  const ask = async (path: string, key: string): Promise<number> =>
    (await gateway.request({ path, headers: { 'X-Key': key } })).status
  assert.deepEqual([await ask('/a', '1'), await ask('/b', '1'), await ask('/a', '1'), await ask('/a', '2')], [200, 200, 429, 200])
})

test('only endpoints have parameters', async t => {
  const config = { extra_config: limit({ client_max_rate: 2, strategy: 'param', key: 'id' }), endpoints: [] }
  await assert.rejects(build(t, config), (error: ConfigError) => {
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, /strategy.*only an endpoint has parameters: use ip or header/s)
    return true
  })
})
