import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WideMap } from '../../../src/message/json/wide-map.js'
import { createRandom, SEED } from '../../encoding/json/random.js'

test(`is a Map, however many keys it has (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const wide = new WideMap<number>()
  const plain = new Map<string, number>()
  for (let i = 0; i < 300_000; i++) {
    const key = `k${Math.floor(random() * 200_000).toString(36)}`
    if (random() < 0.1) assert.equal(wide.delete(key), plain.delete(key))
    else {
      wide.set(key, i)
      plain.set(key, i)
    }
    assert.equal(wide.get(key), plain.get(key))
    assert.equal(wide.has(key), plain.has(key))
  }
  assert.equal(wide.size, plain.size)
  assert.deepEqual([...wide], [...plain])
  assert.deepEqual([...wide.keys()].slice(0, 10), [...plain.keys()].slice(0, 10))
  assert.deepEqual([...wide.values()].slice(-10), [...plain.values()].slice(-10))
  let visited = 0
  wide.forEach((value, key) => {
    visited++
    assert.equal(plain.get(key), value)
  })
  assert.equal(visited, plain.size)
  wide.clear()
  assert.deepEqual([wide.size, wide.get('k1'), [...wide]], [0, undefined, []])
})
