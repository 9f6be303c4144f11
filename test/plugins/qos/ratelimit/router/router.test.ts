import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressIn } from '../../../../../plugins/_shared/client-key.js'
import { limitClients } from '../../../../../plugins/qos/ratelimit/limit.js'
import { GatewayResponse } from '../../../../../src/plugin/index.js'
import type { Gateway } from '../../../../../src/running-gateway.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../../scripted-upstream.js'

const limit = (options: object) => ({ 'qos/ratelimit/router': options })

async function statuses(gateway: Gateway, path: string, count: number): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < count; i++) all.push((await gateway.request({ path })).status)
  return all
}

test('an endpoint over its limit answers 503 without body and marks', async t => {
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, {
    endpoints: [endpoint('/a', host, { extra: limit({ max_rate: 2, every: '1h', capacity: 2 }) }), endpoint('/b', host)]
  })
  assert.deepEqual(await statuses(gateway, '/a', 3), [200, 200, 503])
  const refused = await gateway.request({ path: '/a' })
  assert.equal(refused.body.length, 0)
  assert.equal(refused.headers['x-krakend'], undefined)
  assert.equal((await gateway.request({ path: '/b' })).status, 200)
  await log.line(/\[ENDPOINT: \/a\]\[Ratelimit\] Rate limit enabled\. MaxRate: 0\.000556, Capacity: 2/)
})

test('the capacity is what a second allows when it is not given', async t => {
  const host = await startUpstream(t)
  const { log } = await build(t, {
    endpoints: [endpoint('/a', host, { extra: limit({ max_rate: 180, every: '1m' }) })]
  })
  await log.line(/MaxRate: 3\.000000, Capacity: 3/)
})

test('clients are told apart by a header, and those without it are refused', async t => {
  const host = await startUpstream(t)
  const options = { client_max_rate: 1, every: '1h', strategy: 'Header', key: 'X-Key' }
  const { gateway } = await build(t, { endpoints: [endpoint('/a', host, { extra: limit(options) })] })
  const ask = async (headers: Record<string, string>): Promise<number> => (await gateway.request({ path: '/a', headers })).status
  assert.deepEqual([await ask({ 'x-key': 'a' }), await ask({ 'X-Key': 'a' }), await ask({ 'x-key': 'b' })], [200, 429, 200])
  assert.equal(await ask({}), 429)
})

test('clients are told apart by a parameter of the path', async t => {
  const host = await startUpstream(t)
  const options = { client_max_rate: 1, every: '1h', strategy: 'param', key: 'id' }
  const { gateway } = await build(t, { endpoints: [endpoint('/a/{id}', host, { extra: limit(options) })] })
  const ask = async (path: string): Promise<number> => (await gateway.request({ path })).status
  assert.deepEqual([await ask('/a/1'), await ask('/a/1'), await ask('/a/2')], [200, 429, 200])
})

test('clients are told apart by their address, or by the one in a header', async t => {
  const host = await startUpstream(t)
  const base = { client_max_rate: 1, every: '1h', strategy: 'ip' }
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/own', host, { extra: limit(base) }),
      endpoint('/named', host, { extra: limit({ ...base, key: 'X-Client' }) })
    ]
  })
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await gateway.request({ path, headers })).status
  assert.deepEqual([await ask('/own'), await ask('/own'), await ask('/own', { 'X-Forwarded-For': '10.1.1.1' })], [200, 429, 200])
  assert.equal(await ask('/named', { 'X-Client': '10.0.0.1, 10.9.9.9' }), 200)
  assert.equal(await ask('/named', { 'X-Client': '10.0.0.1:8080' }), 429)
  assert.equal(await ask('/named', { 'X-Client': '[2001:db8::1]:80' }), 200)
  assert.equal(await ask('/named', { 'X-Client': '2001:db8::1' }), 429)
  assert.equal(await ask('/named', { 'X-Client': 'nonsense' }), 200)
  assert.equal(await ask('/named'), 429)
})

test('addresses are read as proxies write them', () => {
  for (const text of [undefined, '', 'x', '10.0.0', '[::1', '[10.0.0.1]', ':80']) assert.equal(addressIn(text), undefined)
  assert.equal(addressIn(' 10.0.0.1 , x'), '10.0.0.1')
  assert.equal(addressIn('[::1]'), '::1')
})

test('a client over its limit does not use up the endpoint', async t => {
  const host = await startUpstream(t)
  const options = { max_rate: 2, capacity: 2, client_max_rate: 1, client_capacity: 1, every: '1h', strategy: 'header', key: 'k' }
  const { gateway } = await build(t, { endpoints: [endpoint('/a', host, { extra: limit(options) })] })
  const ask = async (k: string): Promise<number> => (await gateway.request({ path: '/a', headers: { k } })).status
  const statuses: number[] = []
  for (const k of ['a', 'a', 'a', 'b', 'c']) statuses.push(await ask(k))
  assert.deepEqual(statuses, [200, 429, 429, 200, 503])
})

test('a client has one token when only its rate is given', async t => {
  const host = await startUpstream(t)
  const options = { client_max_rate: 5, strategy: 'ip' }
  const { log } = await build(t, {
    endpoints: [
      endpoint('/a', host, { extra: limit(options) }),
      endpoint('/b', host, { extra: limit({ ...options, max_rate: 10 }) })
    ]
  })
  await log.line(/\/a\]\[Ratelimit\] Rate limit enabled\. Strategy: ip \(key: \), MaxRate: 5\.000000, Capacity: 1/)
  await log.line(/\/b\]\[Ratelimit\] Rate limit enabled\. Strategy: ip \(key: \), MaxRate: 5\.000000, Capacity: 5/)
})

test('a store that answers later is waited for', async () => {
  const wrap = limitClients(request => request as unknown as string, {
    take: client => Promise.resolve(client === 'good')
  })
  const handler = wrap(async () => new GatewayResponse(200))
  assert.equal((await handler('good' as never)).status, 200)
  assert.equal((await handler('bad' as never)).status, 429)
})

test('limits that cannot be honoured stop the start and say where', async t => {
  const refuse = async (options: object, wanted: RegExp, path = '/a'): Promise<void> => {
    await assert.rejects(build(t, { endpoints: [endpoint(path, NOWHERE, { extra: limit(options) })] }), wanted)
  }
  const at = '/endpoints/0/extra_config/qos~1ratelimit~1router'
  const client = { client_max_rate: 1 }
  await refuse({ ...client, strategy: 'cookie' }, new RegExp(`${at}/strategy: unknown strategy 'cookie'`))
  await refuse(client, /without a strategy/)
  await refuse({ ...client, strategy: 'header' }, new RegExp(`${at}/key: the strategy 'header' needs a key`))
  await refuse({ ...client, strategy: 'param', key: 'x' }, /no parameter 'x'/)
  await refuse({ ...client, strategy: 'param', key: 'x' }, /only id/, '/a/{id}')
  await refuse({ max_rate: 1, every: 'soon' }, new RegExp(`${at}/every: expected a duration`))
  await refuse({ ...client, strategy: 'ip', cleanup_period: '1' }, /cleanup_period/)
  await refuse({ max_rate: 'fast' }, new RegExp(`${at}/max_rate`))
  await refuse({ max_rate: 1, capacity: -1 }, /capacity/)
})

test('in tolerant mode an unknown strategy counts all clients together and a bad duration is a second', async t => {
  const host = await startUpstream(t)
  const { gateway, log } = await build(
    t,
    {
      endpoints: [
        endpoint('/a', host, { extra: limit({ client_max_rate: 1, strategy: 'cookie', every: '1h' }) }),
        endpoint('/b', host, { extra: limit({ max_rate: 1, every: 'soon' }) })
      ]
    },
    { tolerant: true }
  )
  assert.deepEqual(await statuses(gateway, '/a', 3), [200, 429, 429])
  await log.line(/ERROR.*unknown strategy 'cookie'/)
  await log.line(/ERROR.*\/every: expected a duration/)
  await log.line(/\/b\]\[Ratelimit\] Rate limit enabled\. MaxRate: 1\.000000, Capacity: 1/)
})

test('in tolerant mode a fault in one limit does not take the other one away', async t => {
  const host = await startUpstream(t)
  const cases: readonly (readonly [options: object, answers: readonly number[]])[] = [
    [{ max_rate: 1, client_max_rate: 5 }, [200, 503, 503]],
    [{ max_rate: 1, client_max_rate: 5, strategy: 'cookie' }, [200, 503, 503]],
    [{ max_rate: 1, client_max_rate: 'many', strategy: 'ip' }, [200, 503, 503]],
    [{ max_rate: 'many', client_max_rate: 1, strategy: 'ip' }, [200, 429, 429]],
    [{ max_rate: '1' }, [200, 503, 503]],
    [{ max_rate: 'many' }, [200, 503, 503]],
    [{ max_rate: 1, capacity: 'x' }, [200, 503, 503]],
    [{ client_max_rate: {}, strategy: 'ip' }, [200, 429, 429]],
    [{ client_max_rate: '1', strategy: 'ip', cleanup_period: [] }, [200, 429, 429]],
    [[], [500, 500, 500]]
  ] as const
  const hourly = (options: object) => (Array.isArray(options) ? options : { every: '1h', ...options })
  const endpoints = cases.map(([options], i) => endpoint(`/e${i}`, host, { extra: limit(hourly(options)) }))
  const proxy = { max_rate: 'x', capacity: -1, every: '1h' }
  endpoints.push(endpoint('/proxy', host, { backendExtra: { 'qos/ratelimit/proxy': proxy } }))
  const { gateway } = await build(t, { endpoints }, { tolerant: true })
  for (const [i, [options, answers]] of cases.entries()) {
    assert.deepEqual(await statuses(gateway, `/e${i}`, 3), answers, JSON.stringify(options))
  }
  assert.deepEqual(await statuses(gateway, '/proxy', 2), [200, 500])
})

test('without a rate there is no stage', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, {
    endpoints: [endpoint('/a', host, { extra: limit({}), backendExtra: { 'qos/ratelimit/proxy': { max_rate: 0 } } })]
  })
  assert.doesNotMatch(gateway.describePipes(), /qos\/ratelimit/)
})
