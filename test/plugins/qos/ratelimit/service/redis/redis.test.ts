import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Gateway } from '../../../../../../src/running-gateway.js'
import { NO_REDIS, startRedis } from '../../../../../support/redis.js'
import { build, endpoint, startUpstream } from '../../../../scripted-upstream.js'

test('all endpoints of all gateways share the limit', { skip: NO_REDIS }, async t => {
  const { address } = await startRedis(t)
  const host = await startUpstream(t)
  const config = {
    extra_config: {
      redis: { connection_pools: [{ name: 'pool', address, timeout: '30s' }] },
      'qos/ratelimit/service/redis': { connection_name: 'pool', max_rate: 5, capacity: 5, every: '1h' }
    },
    endpoints: [endpoint('/a', host), endpoint('/b', host)]
  }
  const gateways = [await build(t, config), await build(t, config)].map(({ gateway }) => gateway)
  const ask = async (gateway: Gateway, path: string): Promise<number> => (await gateway.request({ path })).status
  const all = await Promise.all(gateways.flatMap(gateway => ['/a', '/b', '/a', '/b'].map(path => ask(gateway, path))))
  assert.deepEqual(all.sort(), [200, 200, 200, 200, 200, 503, 503, 503])
  assert.equal(await ask(gateways[0]!, '/__health'), 200)
})
