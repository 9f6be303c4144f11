import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { COUNT, QuotaCounters, UNITS } from '../../../../plugins/_shared/quota/counters.js'
import type { RedisLink } from '../../../../plugins/_shared/redis/link.js'
import { NO_REDIS, startRedis } from '../../../support/redis.js'

/** Begin and end of the windows around a moment, s. */
function windows(seconds: number): Record<string, [number, number]> {
  const at = new Date(seconds * 1000)
  const [year, month, date] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
  const day = Date.UTC(year, month, date) / 1000
  const monday = day - ((at.getUTCDay() + 6) % 7) * 86_400
  const of = (length: number): [number, number] => [seconds - (seconds % length), seconds - (seconds % length) + length]
  return {
    second: of(1),
    minute: of(60),
    hour: of(3600),
    day: of(86_400),
    week: [monday, monday + 7 * 86_400],
    month: [Date.UTC(year, month) / 1000, Date.UTC(year, month + 1) / 1000],
    year: [Date.UTC(year, 0) / 1000, Date.UTC(year + 1, 0) / 1000]
  }
}

test('windows are those of the calendar in UTC', { skip: NO_REDIS }, async t => {
  const { port } = await startRedis(t)
  const redis = new Redis(port, '127.0.0.1')
  t.after(() => redis.disconnect())
  const source = COUNT.source.replace("redis.call('TIME')[1]", 'ARGV[4]')
  assert.notEqual(source, COUNT.source)
  const limits = UNITS.map(unit => `${unit}:1`).join(',')
  const start = Date.UTC(2099, 11, 30) / 1000
  for (let step = 0; step < 900; step++) {
    const now = start + step * 86_400 * 3 + ((step * 7919) % 86_400)
    const wanted = windows(now)
    const answer = ((await redis.eval(source, 1, `k${step}`, limits, 1, 'take', now)) as number[][])[0]!
    assert.deepEqual(answer, [1, 0, ...UNITS.map(() => 0)])
    const refused = ((await redis.eval(source, 1, `k${step}`, limits, 1, 'take', now)) as number[][])[0]!
    assert.equal(refused[0], 0)
    assert.equal(refused[1], Math.max(...Object.values(wanted).map(([, next]) => next - now)))
    const kept = await redis.hgetall(`k${step}`)
    for (const unit of UNITS)
      assert.equal(Number(kept[unit]), wanted[unit]![0], `${unit} of ${new Date(now * 1000).toISOString()}`)
  }
})

test('a new window begins anew, for its unit alone', { skip: NO_REDIS }, async t => {
  const { port } = await startRedis(t)
  const redis = new Redis(port, '127.0.0.1')
  t.after(() => redis.disconnect())
  const source = COUNT.source.replace("redis.call('TIME')[1]", 'ARGV[4]')
  const now = Date.UTC(2030, 4, 5, 10, 59, 59) / 1000
  const ask = async (at: number, cost: number, mode: string): Promise<unknown> =>
    ((await redis.eval(source, 1, 'k', 'hour:2,day:3', cost, mode, at)) as unknown[])[0]
  assert.deepEqual(await ask(now, 1, 'take'), [1, 0, 1, 2])
  assert.deepEqual(await ask(now, 1, 'take'), [1, 0, 0, 1])
  assert.deepEqual(await ask(now, 1, 'take'), [0, 1, 0, 1])
  assert.deepEqual(await ask(now + 1, 0, 'look'), [1, 0, 2, 1])
  assert.deepEqual(await ask(now + 1, 1, 'take'), [1, 0, 1, 0])
  assert.deepEqual(await ask(now + 1, 1, 'take'), [0, 13 * 3600, 1, 0])
  assert.deepEqual(await ask(now + 1, 5, 'add'), [0, 13 * 3600, 0, 0])
})

test('what is refused is remembered where that is wanted, and never what is added', async () => {
  let asked = 0
  const link = {
    decide: async (script: typeof COUNT) => {
      asked++
      return script.read([0, 100, 0])
    }
  } as unknown as RedisLink
  const limits = [{ amount: 1, unit: 'hour' }] as const
  const counters = new QuotaCounters(link, 'q', limits, { hashes: false, remembers: true })
  assert.equal((await counters.count('a', 1, 'take')).allowed, false)
  assert.deepEqual(await counters.count('a', 1, 'take'), { allowed: false, retryAfter: 100, remaining: [0] })
  assert.equal(asked, 1)
  await counters.count('a', 1, 'add')
  await counters.count('b', 1, 'take')
  assert.equal(asked, 3)
})
