import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrapText } from '../../src/cli/wrap-text.js'

test('breaks between words, keeps line feeds and what a line begins with', () => {
  assert.equal(wrapText('one two three', 7), 'one two\nthree')
  assert.equal(wrapText('one two\n  three four', 9), 'one two\n  three\nfour')
  assert.equal(wrapText('one two three', 9, '  ', 4), 'one\n  two\n  three')
  assert.equal(wrapText('averylongword and', 4), 'averylongword\nand')
  assert.equal(wrapText('', 4), '')
  assert.equal(wrapText('one two', Number.POSITIVE_INFINITY), 'one two')
})
