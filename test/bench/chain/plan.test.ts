import assert from 'node:assert/strict'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { planOf, servedCases } from '../../../bench/chain/plan.mjs'

const VALUES = {
  classes: ['head', 'json'],
  sizes: ['150', '16k'],
  counts: [8],
  served: [8],
  curve: [1, 8, 16],
  variants: ['none', 'pass', 'chain', 'combined', 'naive'],
  rounds: 2,
  starts: 1,
  passing: 2,
  seconds: 1,
  warmup: 1,
  milliseconds: 100
}
const texts = (cases: { kind: string; size: string; count: number }[]): string[] =>
  cases.map(({ kind, size, count }) => `${count} ${kind} ${size}`)

test('every class is served with as many plugins as asked for, and JSON at 16 KB as the picture needs it, once each', () => {
  assert.deepEqual(texts(servedCases(VALUES)), [
    '8 head 150',
    '8 head 16k',
    '8 json 150',
    '8 json 16k',
    '1 json 16k',
    '16 json 16k'
  ])
  assert.deepEqual(texts(servedCases({ ...VALUES, served: [], curve: [2] })), ['2 json 16k'])
  assert.deepEqual(servedCases({ ...VALUES, variants: ['pass'] }), [])
})

test('each case has a name of its own and the time it takes', () => {
  const plan: { id: string; seconds: number }[] = planOf(VALUES)
  assert.equal(plan.length, 4 + 6 + 6)
  assert.equal(new Set(plan.map(({ id }) => id)).size, plan.length)
  assert.ok(plan.every(({ seconds }) => seconds > 0))
})
