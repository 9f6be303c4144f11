import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sortByKey } from '../../src/encoding/sort-by-key.js'
import { runWhole } from '../../src/message/slices.js'

const sorted = (keys: string[]) =>
  runWhole(
    sortByKey(
      keys,
      keys.map((key, i) => `${key}@${i}`)
    )
  )

describe('sortByKey', () => {
  it('sorts by the bytes of UTF-8', () => {
    assert.deepEqual(sorted(['b', '\u{1F600}', '\uffee', 'a', '']), ['@4', 'a@3', 'b@0', '\uffee@2', '\u{1F600}@1'])
  })

  it('keeps the last of equal keys', () => {
    assert.deepEqual(sorted(['b', 'a', 'b', 'a']), ['a@3', 'b@2'])
    assert.deepEqual(sorted(['a', 'a']), ['a@1'])
  })

  it('takes nothing, one, and what is sorted already', () => {
    assert.deepEqual(sorted([]), [])
    assert.deepEqual(sorted(['a']), ['a@0'])
    assert.deepEqual(sorted(['a', 'b']), ['a@0', 'b@1'])
  })

  it('merges long runs', () => {
    const keys = Array.from({ length: 30_001 }, (_, i) => String((i * 7919) % 20_011).padStart(6, '0'))
    const last = new Map(keys.map((key, i) => [key, `${key}@${i}`]))
    assert.deepEqual(
      sorted(keys),
      [...last.keys()].sort().map(key => last.get(key))
    )
  })
})
