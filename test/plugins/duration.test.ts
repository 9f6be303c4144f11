import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDurationMs } from '../../plugins/duration.js'

test('durations are read as Go writes them', () => {
  for (const [text, ms] of [
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['1m30s', 90_000],
    ['0', 0],
    ['-2s', -2000],
    ['+.5s', 500],
    ['250us', 0.25],
    ['3µs', 0.003],
    ['7ns', 7e-6]
  ] as const) {
    assert.equal(parseDurationMs(text), ms, text)
  }
})

test('anything else is no duration', () => {
  for (const text of ['', '5', 's', '1 s', '1d', '1s2', '--1s', '1s-', '9999999999h', '.s']) {
    assert.equal(parseDurationMs(text), undefined, text)
  }
})
