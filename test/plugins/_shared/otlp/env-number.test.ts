import assert from 'node:assert/strict'
import { test } from 'node:test'
import { envNumber } from '../../../../plugins/_shared/otlp/env-number.js'

test('a variable is a whole number from 1, or as if it were not there', () => {
  for (const [text, expected] of [
    ['1', 1],
    [' 250 ', 250],
    ['99999999999999', 2 ** 31 - 1],
    ['0', 7],
    ['-1', 7],
    ['1.5', 7],
    ['1e3', 7],
    ['Infinity', 7],
    ['ten', 7],
    ['', 7],
    [undefined, 7]
  ] as const) {
    assert.equal(envNumber({ OTEL_X: text }, 'OTEL_X', 7), expected, text)
  }
})
