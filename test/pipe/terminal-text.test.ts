import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain, wrapped } from '../../src/pipe/terminal-text.js'

test('texts break at blanks, and words that are too long anywhere', () => {
  assert.deepEqual(wrapped('', 40), [])
  assert.deepEqual(wrapped('one two three four', 13), ['one two three', 'four'])
  assert.deepEqual(wrapped('x'.repeat(30), 20), ['x'.repeat(20), 'x'.repeat(10)])
  assert.deepEqual(wrapped('one two', Number.POSITIVE_INFINITY), ['one two'])
})

test('no text steers the terminal', () => {
  assert.equal(plain('a\u001b[31mb\u202ec'), 'a\\x1b[31mb\\u202ec')
})
