import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseByteRange } from '../../../plugins/_shared/byte-range.js'

test('ranges of ten bytes', () => {
  const cases: [string, ReturnType<typeof parseByteRange>][] = [
    ['bytes=0-3', { from: 0, to: 3 }],
    ['BYTES= 4-', { from: 4, to: 9 }],
    ['bytes=8-99', { from: 8, to: 9 }],
    ['bytes=-4', { from: 6, to: 9 }],
    ['bytes=-99', { from: 0, to: 9 }],
    ['bytes=-0', 'none'],
    ['bytes=10-', 'none'],
    ['bytes=3-2', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['items=0-1', undefined]
  ]
  for (const [text, expected] of cases) assert.deepEqual(parseByteRange(text, 10), expected, text)
  assert.equal(parseByteRange('bytes=0-0', 0), 'none')
})
