import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goQuote } from '../../src/telemetry/log-text.js'

test('quotes what Go would not print', () => {
  assert.equal(goQuote('plain'), '"plain"')
  assert.equal(goQuote('\x07\b\f\v\t\x7f\u{e0001}'), '"\\a\\b\\f\\v\\t\\x7f\\U000e0001"')
})
