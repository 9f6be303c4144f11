import assert from 'node:assert/strict'
import test from 'node:test'
import { HandleTable } from '../../../../src/plugin/wasm/go-host/handle-table.js'

/** A generator of numbers below `below`, the same in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % below
  }
}

test('a table holds what a Map holds, through any series of changes', () => {
  const next = numbers(7)
  const table = new HandleTable<object>()
  const map = new Map<number, object>()
  for (let i = 0; i < 50_000; i++) {
    // near each other, at the same places, and far away
    const handle = next(2) === 0 ? next(40) * 64 - 1000 : 2 ** 30 + next(300)
    if (next(5) < 2) {
      const value = {}
      table.set(handle, value)
      map.set(handle, value)
    } else assert.equal(table.delete(handle), map.delete(handle))
    assert.equal(table.size, map.size)
    const asked = next(2) === 0 ? handle : 2 ** 30 + next(300)
    assert.equal(table.get(asked), map.get(asked))
    assert.equal(table.has(asked), map.has(asked))
  }
  assert.deepEqual(new Set(table.all()), new Set(map.values()))
  table.clear()
  assert.deepEqual([table.size, table.all(), table.get(-1000)], [0, [], undefined])
})

test('a table that has grown keeps its entries', () => {
  const table = new HandleTable<number>()
  for (let i = 0; i < 10_000; i++) table.set(i * 3, i)
  for (let i = 0; i < 10_000; i += 2) assert.equal(table.delete(i * 3), true)
  for (let i = 0; i < 10_000; i++) assert.equal(table.get(i * 3), i % 2 === 0 ? undefined : i)
})
