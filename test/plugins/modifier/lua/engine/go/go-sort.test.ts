import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goSort } from '../../../../../../plugins/modifier/lua/engine/go/go-sort.js'
import { goSortInTurns } from '../../../../../../plugins/modifier/lua/engine/go/go-sort-in-turns.js'

interface Item {
  readonly key: number
  readonly at: number
}

/** The same numbers on every machine. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const SHAPES: Record<string, (i: number, length: number, random: (below: number) => number) => number> = {
  random: (_i, _length, random) => random(1000),
  'few keys': (_i, _length, random) => random(3),
  ascending: i => i,
  descending: (i, length) => length - i,
  'up and down': (i, length) => Math.min(i, length - i)
}

for (const [shape, keyOf] of Object.entries(SHAPES))
  test(`sorts in one go and in turns alike: ${shape}`, () => {
    const random = randomNumbers(7)
    for (const length of [0, 1, 2, 5, 12, 13, 49, 50, 51, 100, 257, 1000]) {
      const items: Item[] = Array.from({ length }, (_, at) => ({ key: keyOf(at, length, random), at }))
      const inOneGo = items.slice()
      goSort(inOneGo, (a, b) => a.key < b.key)
      assert.ok(inOneGo.every((item, i) => i === 0 || inOneGo[i - 1]!.key <= item.key))
      const inTurns = items.slice()
      let pauses = 0
      const sorting = goSortInTurns(
        inTurns,
        (a, b) => (random(2) === 0 ? a.key < b.key : later(a.key < b.key)),
        answer => answer === 'before'
      )
      while (sorting.next().done !== true) pauses++
      assert.deepEqual(inTurns, inOneGo)
      assert.ok(length < 12 || pauses > 0)
    }
  })

function* later(before: boolean): Generator<unknown, string, unknown> {
  yield 'pause'
  return before ? 'before' : 'not before'
}

test('keeps all items where the order is none', () => {
  const random = randomNumbers(11)
  for (let length = 0; length < 300; length += 7) {
    const items = Array.from({ length }, (_, i) => i)
    goSort(items, () => random(3) === 0)
    assert.deepEqual(
      items.sort((a, b) => a - b),
      Array.from({ length }, (_, i) => i)
    )
  }
})
