import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../../plugins/redis/options.js'

test('addresses have a host and a port, 6379 by default', () => {
  assert.deepEqual(parseAddress('redis:6380'), { host: 'redis', port: 6380 })
  assert.deepEqual(parseAddress('redis'), { host: 'redis', port: 6379 })
  assert.deepEqual(parseAddress('[::1]:1'), { host: '::1', port: 1 })
  for (const wrong of ['', ':1', 'a:b', 'a:0', 'a:65536', 'redis://a:1', '::1', 'a b:1', 'u@a:1']) {
    assert.equal(parseAddress(wrong), undefined, wrong)
  }
})
