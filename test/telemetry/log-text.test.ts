import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundedText, goQuote } from '../../src/telemetry/log-text.js'

test('quotes what Go would not print', () => {
  assert.equal(goQuote('plain'), '"plain"')
  assert.equal(goQuote('\x07\b\f\v\t\x7f\u{e0001}'), '"\\a\\b\\f\\v\\t\\x7f\\U000e0001"')
})

test('cuts endless messages at a whole character, and says how much is missing', () => {
  const most = 64 * 1024
  assert.equal(boundedText('x'.repeat(most)).length, most)
  assert.equal(boundedText('x'.repeat(most + 9)), `${'x'.repeat(most)}… (9 more characters)`)
  assert.equal(boundedText(`${'x'.repeat(most - 1)}😀😀`), `${'x'.repeat(most - 1)}… (4 more characters)`)
})
