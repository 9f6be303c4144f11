import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { openGateway } from '../../../support/open-gateway.js'
import { NO_REDIS, startRedis, type TestRedis } from '../../../support/redis.js'
import { factsOf } from '../../../support/status.js'
import { fetch, until } from '../../../support/waiting.js'
import { type Built, build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

interface Wanted {
  readonly quota?: object
  readonly processor?: object
  readonly endpoint?: object
  readonly service?: boolean
  readonly backend?: boolean
  readonly answer?: RequestListener
}

const GOLD = { rule_name: 'gold', tier_value: 'gold', strategy: 'header', key: 'X-Id' }
const REST = { rule_name: 'free', tier_value_as: '*', strategy: 'ip' }
const RULES = [
  {
    name: 'gold',
    limits: [
      { amount: 3, unit: 'month' },
      { amount: 10, unit: 'year' }
    ]
  },
  { name: 'free', limits: [{ amount: 1, unit: 'year' }] }
]

function configOf(address: string, host: string, wanted: Wanted): { extra_config: object; endpoints: object[] } {
  const quota = { 'governance/quota': { quota_name: 'plans', tier_key: 'X-Plan', tiers: [GOLD, REST], ...wanted.quota } }
  const processor = { name: 'plans', connection_name: 'pool', rules: RULES, ...wanted.processor }
  return {
    extra_config: {
      redis: { connection_pools: [{ name: 'pool', address, timeout: '30s' }] },
      'governance/processors': { quotas: [processor] },
      ...(wanted.service ? quota : {})
    },
    endpoints: [
      endpoint('/a', host, {
        input_headers: ['X-Plan', 'X-Id'],
        ...wanted.endpoint,
        ...(wanted.service ? {} : wanted.backend ? { backendExtra: quota } : { extra: quota })
      })
    ]
  }
}

async function open(t: TestContext, wanted: Wanted = {}): Promise<Built & { redis: TestRedis }> {
  const redis = await startRedis(t)
  const host = await startUpstream(t, wanted.answer)
  return { ...(await build(t, configOf(redis.address, host, wanted))), redis }
}

const gold = (id: string) => ({ path: '/a', headers: { 'X-Plan': 'gold', 'X-Id': id } })

for (const service of [false, true]) {
  test(`each client of a tier has what its rule allows, ${service ? 'of the service' : 'of an endpoint'}`, {
    skip: NO_REDIS
  }, async t => {
    const { gateway } = await open(t, { service })
    const first = await gateway.request(gold('a'))
    assert.equal(first.status, 200)
    assert.equal(first.headers['x-quota-limit'], '"month";n=3, "year";n=10')
    assert.equal(first.headers['x-quota-remaining'], '"month";n=2, "year";n=9')
    assert.equal(first.headers['retry-after'], undefined)
    await gateway.request(gold('a'))
    assert.equal((await gateway.request(gold('a'))).status, 200)
    const refused = await gateway.request(gold('a'))
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['x-quota-remaining'], '"month";n=0, "year";n=7')
    assert.match(String(refused.headers['retry-after']), /^\d+$/)
    assert.equal((await gateway.request(gold('b'))).status, 200)
    const rest = [await gateway.request('/a'), await gateway.request('/a')]
    assert.deepEqual(
      rest.map(({ status }) => status),
      [200, 429]
    )
  })
}

test('a quota of a backend fails its call', { skip: NO_REDIS }, async t => {
  const { gateway } = await open(t, { backend: true })
  const statuses: number[] = []
  for (let i = 0; i < 4; i++) statuses.push((await gateway.request(gold('a'))).status)
  assert.deepEqual(statuses.slice(0, 3), [200, 200, 200])
  assert.equal(statuses[3], 500)
})

test('requests of no tier, and of a client that cannot be told, are refused', { skip: NO_REDIS }, async t => {
  const { gateway } = await open(t, { quota: { tiers: [GOLD] } })
  assert.equal((await gateway.request('/a')).status, 400)
  assert.equal((await gateway.request({ path: '/a', headers: { 'X-Plan': 'gold' } })).status, 400)
})

test('requests of no tier pass where that is wanted, and responses need not say what is left', { skip: NO_REDIS }, async t => {
  const { gateway } = await open(t, { quota: { tiers: [GOLD], on_unmatched_tier_allow: true, disable_quota_headers: true } })
  assert.equal((await gateway.request('/a')).status, 200)
  const response = await gateway.request(gold('a'))
  assert.equal(response.headers['x-quota-limit'], undefined)
})

for (const [where, wanted] of [
  ['a field of the body', { quota: { weight_key: 'usage.tokens' } }],
  ['a field of the body of a backend', { quota: { weight_key: 'usage.tokens' }, backend: true }],
  ['a header', { quota: { weight_key: 'X-Tokens', weight_strategy: 'header' }, endpoint: { output_encoding: 'no-op' } }]
] as const) {
  test(`a response counts what ${where} says`, { skip: NO_REDIS }, async t => {
    const answer: RequestListener = (_, res) => res.setHeader('X-Tokens', '2').end('{"usage":{"tokens":2}}')
    const { gateway, redis } = await open(t, { answer, ...wanted })
    const client = new Redis(redis.port, '127.0.0.1')
    t.after(() => client.disconnect())
    const used = async (): Promise<number> => {
      const [key] = await client.keys('sluice:quota:*')
      return key === undefined ? 0 : Number(await client.hget(key, 'yearn'))
    }
    for (const expected of [2, 4]) {
      assert.equal((await gateway.request(gold('a'))).status, 200)
      await until(async () => (await used()) === expected, `${expected} are counted`)
    }
    assert.notEqual((await gateway.request(gold('a'))).status, 200)
  })
}

test('keys in Redis name the client, or its hash', { skip: NO_REDIS }, async t => {
  const hashed = /^sluice:quota:\{plans:gold\.\d+\}:[\w-]{22}$/
  for (const [hash_keys, id, pattern] of [
    [false, 'someone', /^sluice:quota:\{plans:gold\.\d+\}:someone$/],
    [true, 'someone', hashed],
    // a client chooses its length
    [false, 'x'.repeat(10_000), hashed]
  ] as const) {
    const { gateway, redis } = await open(t, { processor: { hash_keys } })
    await gateway.request(gold(id))
    const client = new Redis(redis.port, '127.0.0.1')
    t.after(() => client.disconnect())
    const keys = await client.keys('*')
    assert.match(keys.join(), pattern)
    assert.ok((await client.ttl(keys[0]!)) > 0)
  }
})

test('while Redis is away requests are refused, or pass uncounted', { skip: NO_REDIS }, async t => {
  for (const [on_failure_allow, status] of [
    [false, 500],
    [true, 200]
  ] as const) {
    const { gateway, redis } = await open(t, { processor: { on_failure_allow } })
    await redis.kill()
    assert.equal((await gateway.request(gold('a'))).status, status)
  }
})

for (const [what, wanted, message] of [
  ['an unknown quota', { quota: { quota_name: 'x' } }, /quota_name.*no quota 'x': `governance\/processors` has 'plans'/s],
  ['an unknown rule', { quota: { tiers: [{ ...REST, rule_name: 'x' }] } }, /rule_name.*no rule 'x', only 'gold', 'free'/s],
  ['no header for the tier', { quota: { tier_key: '' } }, /tier_key.*name of the header is missing/s],
  ['an unknown strategy', { quota: { tiers: [{ ...REST, strategy: 'x' }] } }, /unknown strategy 'x'/],
  ['a parameter that is not there', { quota: { tiers: [{ ...REST, strategy: 'param', key: 'id' }] } }, /no parameter 'id'/],
  ['a body at service scope', { service: true, quota: { weight_key: 'x' } }, /attach the quota there, or use header/],
  [
    'the body of a no-op endpoint',
    { endpoint: { output_encoding: 'no-op' }, quota: { weight_key: 'x' } },
    /a no-op body is not decoded/
  ],
  [
    'an unknown unit',
    { processor: { rules: [{ name: 'x', limits: [{ amount: 1, unit: 'era' }] }] } },
    /'unit' must be one of "second", "minute"/
  ],
  [
    'two limits for one unit',
    {
      processor: {
        rules: [
          {
            name: 'x',
            limits: [
              { amount: 1, unit: 'day' },
              { amount: 2, unit: 'day' }
            ]
          }
        ]
      }
    },
    /a limit for each day already/
  ]
] as const) {
  test(`${what} stops the start`, async t => {
    await assert.rejects(build(t, configOf('127.0.0.1:1', NOWHERE, wanted)), message)
  })
}

test('the status page shows each rule, its Redis, and what became of requests', { skip: NO_REDIS }, async t => {
  const redis = await startRedis(t)
  const host = await startUpstream(t, (_, res) => res.end('{"used":{"tokens":7}}'))
  const { extra_config: extra, endpoints } = configOf(redis.address, host, {
    quota: { tiers: [GOLD], weight_key: 'used.tokens' }
  })
  const open = await openGateway(t, { extra_config: { ...extra, 'sluice/admin': { port: 0 } }, endpoints })
  const ask = async (headers: Record<string, string>): Promise<number> => {
    const response = await fetch(`${open.origin}/a`, { headers })
    await response.text()
    return response.status
  }
  const one = { 'X-Plan': 'gold', 'X-Id': 'a' }
  assert.deepEqual([await ask(one), await ask({ 'X-Plan': 'gold' }), await ask({})], [200, 400, 400])
  const weighed = async () => (await factsOf(open, 'governance/quota'))[0]!.weight_counted === 7
  await until(weighed, 'the weight of the first response')
  assert.equal(await ask(one), 429)
  assert.deepEqual(await factsOf(open, 'governance/quota'), [
    {
      quota: 'plans',
      rule: 'gold',
      limits: '3 a month, 10 a year',
      of: 'each client by header X-Id',
      counted_in: 'redis pool',
      redis: 'answers',
      without_redis: 'refused with 500',
      allowed: 1,
      refused: 2,
      without_answer: 0,
      weight_counted: 7,
      not_counted: 0
    },
    { quota: 'plans', rule: 'requests of no tier', limits: 'refused with 400', allowed: 0, refused: 1 }
  ])
  await redis.kill()
  await until(async () => (await ask(one)) === 500, 'the outage')
  const [gold] = await factsOf(open, 'governance/quota')
  assert.equal(gold!.redis, 'away')
  assert.equal(Number(gold!.refused), 2 + Number(gold!.without_answer))
})
