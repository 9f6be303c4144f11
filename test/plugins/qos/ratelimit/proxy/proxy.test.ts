import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, endpoint, NOWHERE, startUpstream } from '../../../scripted-upstream.js'

test('a backend over its limit fails with the text of KrakenD, and costs a merge its part only', async t => {
  const host = await startUpstream(t, (req, res) => res.end(`{"${req.url!.slice(1)}":1}`))
  const backend = (path: string, extra = {}) => ({ host: [host], url_pattern: path, extra_config: extra })
  const once = { 'qos/ratelimit/proxy': { max_rate: 1, capacity: 1, every: '1h' } }
  const { gateway, log } = await build(t, {
    extra_config: { router: { return_error_msg: true } },
    endpoints: [
      { endpoint: '/one', backend: [backend('/x', once)] },
      { endpoint: '/two', backend: [backend('/a'), backend('/b', once)] }
    ]
  })
  assert.equal((await gateway.request({ path: '/one' })).status, 200)
  const refused = await gateway.request({ path: '/one' })
  assert.equal(refused.status, 500)
  assert.equal(refused.text(), 'rate limit exceded')
  assert.deepEqual((await gateway.request({ path: '/two' })).json(), { a: 1, b: 1 })
  const partial = await gateway.request({ path: '/two' })
  assert.deepEqual([partial.status, partial.json(), partial.headers['x-krakend-completed']], [200, { a: 1 }, 'false'])
  await log.line(/\[BACKEND: GET \/one -> \/x\]\[Ratelimit\] Enabling the rate limiter/)
})

test('a backend that is limited answers 503 where statuses tell what happened', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, {
    extra_config: { router: { error_status: 'http' } },
    endpoints: [endpoint('/a', host, { backendExtra: { 'qos/ratelimit/proxy': { max_rate: 0.5, every: '1h' } } })]
  })
  assert.equal((await gateway.request({ path: '/a' })).status, 200)
  assert.equal((await gateway.request({ path: '/a' })).status, 503)
})

test('a rate needs a time above zero', async t => {
  const config = {
    endpoints: [endpoint('/a', NOWHERE, { backendExtra: { 'qos/ratelimit/proxy': { max_rate: 1, every: '0s' } } })]
  }
  await assert.rejects(build(t, config), /backend\/0\/extra_config\/qos~1ratelimit~1proxy\/every: expected a duration above zero/)
})
