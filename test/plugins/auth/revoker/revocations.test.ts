import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Revocations } from '../../../../plugins/auth/revoker/revocations.js'

const FORM = { n: 100, p: 0.01, hash: 'optimal' } as const
const one = Buffer.from('jti-1')

/** Revocations whose clock the test moves, with one element; ends with the test. */
async function started(t: Parameters<NonNullable<Parameters<typeof test>[0]>>[0], seconds: number) {
  mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  const revocations = new Revocations(FORM, { now: () => now })
  t.after(() => {
    revocations.close()
    mock.timers.reset()
  })
  revocations.turnEvery(seconds)
  await revocations.filter.addAll([one])
  const pass = (ms: number): boolean => {
    now += ms
    mock.timers.tick(ms)
    return revocations.filter.has(one)
  }
  return { revocations, pass, jump: (ms: number) => (now += ms) }
}

test('forgets after two to three times TTL', async t => {
  const { pass } = await started(t, 10)
  assert.equal(pass(29_999), true)
  assert.equal(pass(1), false)
})

test('a TTL beyond what a timer can wait is kept', async t => {
  const days = 24 * 3600
  const { pass } = await started(t, 100 * days)
  for (let day = 1; day < 300; day += 20) assert.equal(pass(20 * days * 1000), day < 280)
})

test('a shorter TTL counts from the last turn', async t => {
  const { revocations, pass } = await started(t, 100)
  assert.equal(pass(50_000), true)
  revocations.turnEvery(60)
  assert.equal(pass(10_000), true)
  assert.equal(pass(60_000), true)
  assert.equal(pass(59_999), true)
  assert.equal(pass(1), false)
})

test('a process that was stopped for long forgets at once', async t => {
  const { jump, pass } = await started(t, 10)
  jump(1_000_000)
  assert.equal(pass(10_000), false)
})
