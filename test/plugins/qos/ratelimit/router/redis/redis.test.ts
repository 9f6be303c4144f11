import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import type { Gateway } from '../../../../../../src/running-gateway.js'
import { openGateway } from '../../../../../support/open-gateway.js'
import { NO_REDIS, startRedis } from '../../../../../support/redis.js'
import { factsOf } from '../../../../../support/status.js'
import { fetch, until } from '../../../../../support/waiting.js'
import { build, endpoint, startUpstream } from '../../../../scripted-upstream.js'

/** No token grows again while a test runs. */
const LIMIT = { max_rate: 100, capacity: 100, every: '1000h' }

interface Wanted {
  readonly limit?: object
  readonly redis?: object
  readonly timeout?: string
}

/** A gateway with one limited endpoint. */
async function gatewayOf(t: TestContext, address: string, { limit = LIMIT, redis = {}, timeout = '30s' }: Wanted = {}) {
  const host = await startUpstream(t)
  return build(t, {
    name: 'shared',
    extra_config: { redis: { connection_pools: [{ name: 'pool', address, timeout, ...redis }] } },
    endpoints: [endpoint('/a', host, { extra: { 'qos/ratelimit/router/redis': { connection_name: 'pool', ...limit } } })]
  })
}

const statusOf = async (gateway: Gateway, headers: Record<string, string> = {}): Promise<number> =>
  (await gateway.request({ path: '/a', headers })).status

async function passed(gateways: readonly Gateway[], each: number): Promise<number> {
  const all = await Promise.all(gateways.flatMap(gateway => Array.from({ length: each }, () => statusOf(gateway))))
  return all.filter(status => status === 200).length
}

test('two gateways let as many requests through as one limit allows', { skip: NO_REDIS }, async t => {
  const { address } = await startRedis(t)
  const one = await gatewayOf(t, address)
  const two = await gatewayOf(t, address)
  assert.equal(await passed([one.gateway, two.gateway], 80), 100)
  assert.equal(await statusOf(one.gateway), 503)
})

test('clients have one bucket each over all gateways, and 429 when it is empty', { skip: NO_REDIS }, async t => {
  const { address } = await startRedis(t)
  const limit = { client_max_rate: 2, client_capacity: 2, every: '1h', strategy: 'header', key: 'X-Key' }
  const one = await gatewayOf(t, address, { limit })
  const two = await gatewayOf(t, address, { limit })
  const ask = (gateway: Gateway, key: string) => statusOf(gateway, { 'X-Key': key })
  assert.deepEqual([await ask(one.gateway, 'a'), await ask(two.gateway, 'a'), await ask(one.gateway, 'a')], [200, 200, 429])
  assert.equal(await ask(two.gateway, 'b'), 200)
  assert.equal(await statusOf(two.gateway), 429)
})

test('tokens grow again by the clock of the server', { skip: NO_REDIS }, async t => {
  const { address } = await startRedis(t)
  const { gateway } = await gatewayOf(t, address, { limit: { max_rate: 20, capacity: 1 } })
  assert.equal(await statusOf(gateway), 200)
  await until(async () => (await statusOf(gateway)) === 200, 'a token grows')
})

test('while no server answers requests are refused, or pass, or are counted by the process', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  const refusing = await gatewayOf(t, server.address)
  const allowing = await gatewayOf(t, server.address, { limit: { ...LIMIT, on_failure_allow: true } })
  const counting = await gatewayOf(t, server.address, { limit: { ...LIMIT, max_rate: 3, capacity: 3, local_fallback: true } })
  assert.deepEqual(await Promise.all([refusing, allowing, counting].map(({ gateway }) => statusOf(gateway))), [200, 200, 200])
  await server.kill()
  assert.equal(await statusOf(refusing.gateway), 503)
  assert.equal(await passed([allowing.gateway], 150), 150)
  assert.equal(await passed([counting.gateway], 10), 3)
  await until(async () => {
    await statusOf(refusing.gateway)
    return /\[SERVICE: Redis\] pool does not answer: .*it is asked again/.test(refusing.log.text)
  }, 'the line about the outage')
  await server.restart()
  await until(async () => (await statusOf(refusing.gateway)) === 200, 'the limit counts again')
})

test('a server that hangs is one that does not answer', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  const { gateway, log } = await gatewayOf(t, server.address, { limit: { ...LIMIT, on_failure_allow: true }, timeout: '100ms' })
  await until(async () => (await gateway.request('/a')).status === 200, 'an answer')
  server.freeze()
  t.after(() => server.thaw())
  assert.equal(await passed([gateway], 150), 150)
  await until(async () => {
    await statusOf(gateway)
    return log.text.includes('no answer within 100 ms')
  }, 'the line about the outage')
  server.thaw()
  await until(async () => (await passed([gateway], 150)) < 150, 'the limit holds again')
})

test('a slow server is one that does not answer, until it is fast again', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  const { gateway } = await gatewayOf(t, server.address, { limit: { ...LIMIT, on_failure_allow: true }, timeout: '50ms' })
  const client = new Redis(server.port, '127.0.0.1')
  t.after(() => client.disconnect())
  await until(async () => {
    await gateway.request('/a')
    return (await client.dbsize()) > 0
  }, 'a request is counted')
  // how long the script takes depends on the machine: a round counts when it went on to the end
  await until(async () => {
    let isOver = false
    const slow = client.eval('for i = 1, 2e8 do end', 0).then(() => {
      isOver = true
    })
    const all = await passed([gateway], 150)
    const wasSlow = !isOver
    await slow
    if (wasSlow) assert.equal(all, 150)
    return wasSlow
  }, 'a script that takes longer than all requests')
  await until(async () => (await passed([gateway], 150)) < 150, 'the limit holds again')
})

test('a gateway starts without its Redis', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  await server.kill()
  const { gateway } = await gatewayOf(t, server.address)
  assert.equal(await statusOf(gateway), 503)
  await server.restart()
  await until(async () => (await statusOf(gateway)) === 200, 'a connection')
})

test('users, passwords and databases', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t, ['--user', 'sluice', 'on', '>secret', '~sluice:*', '+@all', '--user', 'default', 'off'])
  const right = await gatewayOf(t, server.address, { redis: { user_name: 'sluice', password: 'secret', db: 3 } })
  assert.equal(await statusOf(right.gateway), 200)
  const wrong = await gatewayOf(t, server.address, { redis: { user_name: 'sluice', password: 'false' } })
  assert.equal(await statusOf(wrong.gateway), 503)
})

test('a connection that does not exist stops the start, and in tolerant mode refuses every request', async t => {
  const host = await startUpstream(t)
  const config = {
    endpoints: [endpoint('/a', host, { extra: { 'qos/ratelimit/router/redis': { connection_pool: 'x', max_rate: 1 } } })]
  }
  await assert.rejects(build(t, config), /connection_pool.*there is no connection 'x': the service has no `redis`/s)
  const { gateway } = await build(t, config, { tolerant: true })
  assert.notEqual(await statusOf(gateway), 200)
})

test('the status page shows the limit, its Redis, and what becomes of requests without it', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  const host = await startUpstream(t)
  const limit = { connection_name: 'pool', max_rate: 2, capacity: 2, every: '1h' }
  const open = await openGateway(t, {
    extra_config: {
      'sluice/admin': { port: 0 },
      redis: { connection_pools: [{ name: 'pool', address: server.address, timeout: '30s', password: '' }] }
    },
    endpoints: [endpoint('/a', host, { extra: { 'qos/ratelimit/router/redis': { ...limit, on_failure_allow: true } } })]
  })
  const facts = async (component: string) => (await factsOf(open, component))[0]!
  const ask = async (): Promise<number> => {
    const response = await fetch(`${open.origin}/a`)
    await response.text()
    return response.status
  }
  const still = { of: 'all clients', per_second: 2 / 3600, capacity: 2, counted_in: 'redis pool', without_redis: 'allowed' }
  assert.deepEqual(await facts('qos/ratelimit/router/redis'), {
    ...still,
    redis: 'not asked yet',
    allowed: 0,
    refused: 0,
    without_answer: 0
  })
  assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 503])
  assert.deepEqual(await facts('qos/ratelimit/router/redis'), {
    ...still,
    redis: 'answers',
    allowed: 2,
    refused: 1,
    without_answer: 0
  })
  const { name, server: address, state, questions, failed, last_error } = await facts('redis')
  assert.deepEqual(
    [name, address, state, questions, failed, last_error],
    ['pool', `${server.address}, database 0`, 'answers', 3, 0, '']
  )
  await server.kill()
  await until(async () => (await ask()) === 200 && (await facts('qos/ratelimit/router/redis')).redis === 'away', 'the outage')
  const away = await facts('qos/ratelimit/router/redis')
  assert.ok(Number(away.without_answer) > 0)
  assert.equal(away.allowed, 2 + Number(away.without_answer))
  assert.match(String((await facts('redis')).last_error), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ./)
  await server.restart()
  await until(async () => (await ask()) > 0 && (await facts('redis')).state === 'answers', 'the end of the outage')
})
