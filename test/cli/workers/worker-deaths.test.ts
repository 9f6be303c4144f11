import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterDeath } from '../../../src/cli/workers/worker-deaths.js'

test('pauses double with each death in a row, up to the longest', () => {
  assert.deepEqual(afterDeath(0, 10, []), { deaths: 1, pause: 100 })
  assert.deepEqual(afterDeath(1, 10, []), { deaths: 2, pause: 200 })
  assert.deepEqual(afterDeath(20, 10, [100_000]), { deaths: 21, pause: 30_000 })
})

test('a worker that lived long begins with the first pause', () => {
  assert.deepEqual(afterDeath(5, 61_000, []), { deaths: 1, pause: 100 })
})

test('six deaths in a row are hopeless, unless another worker lives long', () => {
  assert.deepEqual(afterDeath(5, 10, []), { deaths: 6 })
  assert.deepEqual(afterDeath(5, 10, [59_000]), { deaths: 6 })
  assert.deepEqual(afterDeath(5, 10, [59_000, 61_000]), { deaths: 6, pause: 3200 })
})
