import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../src/plugin/testing/leaks.js'

/** A clock that is at each look as many ms further. */
function clockOf(t: { mock: typeof import('node:test').mock }, ms: number): void {
  let at = 0
  t.mock.method(performance, 'now', () => {
    at += ms
    return at
  })
}

test('what is left has time to go, however long the process stands still meanwhile', async t => {
  clockOf(t, 60_000)
  let looks = 0
  assert.equal(await until(() => ++looks === 40), true)
})

test('what stays is given up after a while', async t => {
  clockOf(t, 15)
  let looks = 0
  assert.equal(
    await until(() => {
      looks++
      return false
    }),
    false
  )
  assert.equal(looks, 68, 'more than a second in steps of 15 ms')
})
