import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurationError, parseDuration } from '../../src/plugin/duration.js'

test('reads every unit, sums and fractions as milliseconds', () => {
  const cases: [string, number][] = [
    ['2s', 2000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1.s', 1000],
    ['-2s', -2000],
    ['+3ms', 3],
    ['0', 0],
    ['-0', 0],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['250μs', 0.25],
    ['1000000ns', 1]
  ]
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text)
})

test('refuses other texts in the words of Go', () => {
  const cases: [string, string][] = [
    ['', 'time: invalid duration'],
    ['-', 'time: invalid duration'],
    ['soon', 'time: invalid duration'],
    ['.s', 'time: invalid duration'],
    ['3', 'time: missing unit in duration'],
    ['1h3', 'time: missing unit in duration'],
    ['1x', 'time: unknown unit'],
    ['1 s', 'time: unknown unit'],
    ['9999999h', 'time: invalid duration']
  ]
  for (const [text, message] of cases) {
    assert.throws(
      () => parseDuration(text),
      (error: unknown) => error instanceof DurationError && error.message === message,
      text
    )
  }
})
