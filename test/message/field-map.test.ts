import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldMap } from '../../src/message/field-map.js'

const RAW = [
  'Vary',
  'a',
  'Access-Control-Allow-Origin',
  '*',
  'X-A',
  '1',
  'access-control-max-age',
  '5',
  'x-a',
  '2',
  'Access',
  'x'
]

test('deletes all fields of a prefix, whatever their case, and keeps the order of the others', () => {
  const map = new FieldMap([...RAW])
  map.deletePrefixed('Access-Control-')
  assert.deepEqual(map.raw, ['Vary', 'a', 'X-A', '1', 'x-a', '2', 'Access', 'x'])
  map.deletePrefixed('none')
  assert.equal(map.raw.length, 8)
  map.deletePrefixed('')
  assert.deepEqual(map.raw, [])
})

test('lists are new for each reader', () => {
  const map = new FieldMap([...RAW])
  map.getAll('x-a').push('3')
  map.getAll('none').push('3')
  assert.deepEqual(map.getAll('X-A'), ['1', '2'])
  assert.deepEqual(map.getAll('none'), [])
})

test('iterates pairs, for loops and for readers that stop half way', () => {
  const map = new FieldMap(['a', '1', 'b', '2'])
  assert.deepEqual(
    [...map],
    [
      ['a', '1'],
      ['b', '2']
    ]
  )
  for (const [name] of map) {
    assert.equal(name, 'a')
    break
  }
  const pairs = map[Symbol.iterator]()
  assert.equal(pairs[Symbol.iterator](), pairs)
})

test('a name that may be set once may be set again, and no other one', () => {
  const map = new FieldMap()
  for (let i = 0; i < 3; i++) {
    map.set('X-Once', `${i}`)
    assert.throws(() => map.set('Content-Length', '1'), /framing/)
    assert.throws(() => map.set('a b', '1'), TypeError)
    assert.throws(() => map.set('X-Once', 'a\nb'), TypeError)
  }
  assert.deepEqual(map.raw, ['X-Once', '2'])
})
