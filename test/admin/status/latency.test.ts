import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusClock } from '../../../src/admin/status/clock.js'
import { LatencyWindow, quantilesOf } from '../../../src/admin/status/latency.js'

function clockAt(second: number): StatusClock {
  const clock = new StatusClock()
  clock.close()
  clock.set(second)
  return clock
}

const near = (actual: number, wanted: number): void =>
  assert.ok(Math.abs(actual - wanted) <= 0.07 * wanted, `${actual} is not near ${wanted}`)

test('quantiles are off by a few percent at most, over six orders of magnitude', () => {
  for (const scale of [0.1, 1, 10, 1000]) {
    const window = new LatencyWindow(clockAt(1))
    for (let i = 1; i <= 1000; i++) window.record((i / 1000) * scale * 100)
    const [p50, p95, p99] = window.quantiles()!
    near(p50, 50 * scale)
    near(p95, 95 * scale)
    near(p99, 99 * scale)
  }
})

test('nothing recorded is no quantile; what is too small or too large stands in the outermost buckets', () => {
  const window = new LatencyWindow(clockAt(1))
  assert.equal(window.quantiles(), undefined)
  window.record(0)
  assert.deepEqual(window.quantiles(), [0.05, 0.05, 0.05])
  const long = new LatencyWindow(clockAt(1))
  long.record(1e9)
  assert.ok(long.quantiles()![0] > 200_000)
})

test('a minute later nothing is left, whatever was skipped between', () => {
  const clock = clockAt(1)
  const window = new LatencyWindow(clock)
  window.record(10)
  clock.set(35)
  window.record(1000)
  near(window.quantiles()![2], 1000)
  near(window.quantiles()![0], 10)
  clock.set(65)
  near(window.quantiles()![0], 1000)
  clock.set(5000)
  assert.equal(window.quantiles(), undefined)
})

test('several windows make one distribution', () => {
  const clock = clockAt(1)
  const windows = [new LatencyWindow(clock), new LatencyWindow(clock)]
  for (let i = 0; i < 50; i++) windows[0]!.record(1)
  for (let i = 0; i < 50; i++) windows[1]!.record(100)
  const [p50, p95] = quantilesOf(windows)!
  near(p50, 1)
  near(p95, 100)
})
