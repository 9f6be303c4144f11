import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnPace } from '../../../../src/plugin/wasm/go-host/turn-pace.js'

test('long turns halve how many messages are delivered together, short ones bring them back', () => {
  const pace = new TurnPace()
  const after = (...turns: number[]): number => {
    for (const ms of turns) pace.took(ms)
    return pace.together
  }
  assert.equal(after(), 64)
  assert.equal(after(1), 64)
  assert.equal(after(5), 32)
  assert.equal(after(5, 5, 5, 5, 5, 5), 1)
  assert.equal(after(1, 1), 3)
  assert.equal(after(...new Array<number>(100).fill(0)), 64)
})
