import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from '../../scripted-upstream.js'

const RULES = [{ name: 'r', limits: [{ amount: 1, unit: 'day' }] }]

const configOf = (quotas: object[]) => ({
  extra_config: {
    redis: { connection_pools: [{ name: 'pool', address: '127.0.0.1:1' }] },
    'governance/processors': { quotas }
  },
  endpoints: []
})

test('all options are read', async t => {
  const quota = {
    name: 'q',
    connection_name: 'pool',
    hash_keys: true,
    on_failure_allow: false,
    on_failure_max_retries: 2,
    on_failure_backoff_strategy: 'linear',
    deny_queue_size: 10,
    deny_queue_flush_interval: '2s',
    deny_queue_flush_threshold: 5,
    rejecter_cache: { N: 10_000_000, P: 1e-8, hash_name: 'optimal' },
    rules: RULES
  }
  await build(t, configOf([quota]))
})

for (const [what, quota, message] of [
  ['a quota without name', { connection_name: 'pool', rules: RULES }, /name.*a quota needs a name/s],
  ['an unknown connection', { name: 'q', connection_name: 'x', rules: RULES }, /no connection 'x': `redis` has 'pool'/],
  [
    'a rule without limits',
    { name: 'q', connection_name: 'pool', rules: [{ name: 'r', limits: [] }] },
    /limits.*fewer than 1 items/
  ],
  [
    'an amount that no counter holds',
    { name: 'q', connection_name: 'pool', rules: [{ name: 'r', limits: [{ amount: 1e21, unit: 'day' }] }] },
    /limits\/0\/amount.*expected at most 9007199254740991/s
  ]
] as const) {
  test(`${what} stops the start`, async t => {
    await assert.rejects(build(t, configOf([quota])), message)
  })
}

test('two quotas of one name stop the start', async t => {
  const quota = { name: 'q', connection_name: 'pool', rules: RULES }
  await assert.rejects(build(t, configOf([quota, quota])), /there is a quota 'q' already/)
})
