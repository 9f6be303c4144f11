import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_REDIS, startRedis } from '../../../../support/redis.js'
import { build, endpoint, startUpstream } from '../../../scripted-upstream.js'

const client = (rate: number) => ({ client_max_rate: rate, client_capacity: rate, every: '1h', strategy: 'header', key: 'X-Id' })
const tiered = (tiers: object[], more: object = {}) => ({ 'qos/ratelimit/tiered': { tier_key: 'X-Plan', tiers, ...more } })

/** How many of ten requests pass. */
async function passing(ask: () => Promise<{ status: number }>): Promise<number> {
  let count = 0
  for (let i = 0; i < 10; i++) if ((await ask()).status === 200) count++
  return count
}

test('the first tier that matches counts, and the last one takes all that are left', async t => {
  const host = await startUpstream(t)
  const tiers = [
    { tier_value: 'gold', ratelimit: client(5) },
    { tier_value: "req_headers['X-Plan'][0].startsWith('silver')", tier_value_as: 'policy', ratelimit: client(3) },
    { tier_value_as: '*', ratelimit: client(1) }
  ]
  const { gateway, log } = await build(t, { endpoints: [endpoint('/a', host, { extra: tiered(tiers) })] })
  const ask = (plan: Record<string, string>, id: string) => () =>
    gateway.request({ path: '/a', headers: { ...plan, 'X-Id': id } })
  assert.equal(await passing(ask({ 'X-Plan': 'gold' }, 'a')), 5)
  assert.equal(await passing(ask({ 'x-plan': 'gold' }, 'b')), 5)
  assert.equal(await passing(ask({ 'X-Plan': 'silver-plus' }, 'a')), 3)
  assert.equal(await passing(ask({ 'X-Plan': 'Gold' }, 'a')), 1)
  assert.equal(await passing(ask({}, 'c')), 1)
  assert.doesNotMatch(log.text, /WARNING/)
})

test('at service scope; requests of no tier are not limited, and a line says so', async t => {
  const host = await startUpstream(t)
  const config = { extra_config: tiered([{ tier_value: 'gold', ratelimit: client(2) }]), endpoints: [endpoint('/a', host)] }
  const { gateway, log } = await build(t, config)
  const ask = (plan: string) => () => gateway.request({ path: '/a', headers: { 'X-Plan': plan, 'X-Id': '1' } })
  assert.equal(await passing(ask('gold')), 2)
  assert.equal(await passing(ask('other')), 10)
  await log.line(/WARNING.*requests of no tier are not limited/)
})

test('a tier may be counted in Redis', { skip: NO_REDIS }, async t => {
  const { address } = await startRedis(t)
  const host = await startUpstream(t)
  const tiers = [{ tier_value_as: '*', ratelimit_redis: { connection_name: 'pool', ...client(4) } }]
  const config = {
    extra_config: { redis: { connection_pools: [{ name: 'pool', address, timeout: '30s' }] } },
    endpoints: [endpoint('/a', host, { extra: tiered(tiers) })]
  }
  const [one, two] = [await build(t, config), await build(t, config)]
  let turn = 0
  const ask = () => (turn++ % 2 === 0 ? one : two).gateway.request({ path: '/a', headers: { 'X-Id': '1' } })
  assert.equal(await passing(ask), 4)
})

for (const [what, options, message] of [
  ['no tiers', { tiers: [] }, /tiers.*fewer than 1 items/],
  ['no header', { tier_key: '' }, /tier_key.*name of a header is missing/s],
  ['a tier without limit', { tiers: [{ tier_value: 'x' }] }, /tiers\/0.*needs `ratelimit` or `ratelimit_redis`/s],
  ['a limit that limits nothing', { tiers: [{ tier_value: 'x', ratelimit: {} }] }, /tiers\/0.*limits nothing: give max_rate/s],
  ['a tier without value', { tiers: [{ ratelimit: client(1) }] }, /tier_value.*name of the tier is missing/s],
  [
    'another kind',
    { tiers: [{ tier_value: 'x', tier_value_as: 'y', ratelimit: client(1) }] },
    /must be one of "literal", "policy"/
  ],
  [
    'a policy that is no expression',
    { tiers: [{ tier_value: '1 +', tier_value_as: 'policy', ratelimit: client(1) }] },
    /tier_value.*at column/s
  ],
  [
    'a policy about the response',
    { tiers: [{ tier_value: 'resp_completed', tier_value_as: 'policy', ratelimit: client(1) }] },
    /resp_completed is not known/
  ]
] as const) {
  test(`${what} stops the start`, async t => {
    const host = await startUpstream(t)
    await assert.rejects(build(t, { endpoints: [endpoint('/a', host, { extra: tiered([], options) })] }), message)
  })
}
