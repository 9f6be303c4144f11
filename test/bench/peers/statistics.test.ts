import assert from 'node:assert/strict'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { calmest, meanOf, median, quantile, ratio } from '../../../bench/peers/statistics.mjs'

test('quantiles stand between the values they fall between', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20)
  assert.equal(quantile([1, 2], 0.75), 1.75)
  assert.equal(quantile([7], 0.9), 7)
})

test('ratios are taken round by round, so what both suffer cancels out', () => {
  const rounds = (...cpu: number[]) => ({ rounds: cpu.map(each => ({ cpu: each })) })
  const r = ratio(rounds(11, 33, 24, 22), rounds(10, 30, 20, 20))
  assert.deepEqual(
    Object.entries(r).map(([name, value]) => [name, Number((value as number).toFixed(3))]),
    [
      ['median', 1.1],
      ['low', 1.1],
      ['high', 1.2],
      ['q1', 1.1],
      ['q3', 1.125],
      ['minima', 1.1]
    ]
  )
})

test('the mean of two stands for both, round by round', () => {
  const rounds = (...cpu: number[]) => ({ rounds: cpu.map(each => ({ cpu: each })) })
  assert.deepEqual(meanOf(rounds(10, 30), rounds(20, 40)), rounds(15, 35))
})

test('the calmest rounds count, in the order they were measured', () => {
  const rounds = [0.3, 0.01, 0.2, 0.02].map(others => ({ others }))
  assert.deepEqual(calmest(rounds, 2, 0.15), { kept: [rounds[1], rounds[3]], discarded: 2, disturbed: 0 })
  assert.deepEqual(calmest(rounds, 3, 0.15), { kept: [rounds[1], rounds[2], rounds[3]], discarded: 1, disturbed: 1 })
})
