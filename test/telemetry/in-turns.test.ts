import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atOnce, inTurns, type Steps } from '../../src/telemetry/in-turns.js'

/** Steps of 2 ms each. */
function* working(steps: number): Steps<string> {
  for (let step = 0; step < steps; step++) {
    for (const begun = performance.now(); performance.now() - begun < 2; );
    yield
  }
  return 'done'
}

test('work in turns lets others have theirs', async () => {
  let others = 0
  let ends = false
  const other = (): void => {
    others++
    if (!ends) setImmediate(other)
  }
  setImmediate(other)
  assert.equal(await inTurns(working(20)), 'done')
  ends = true
  assert.ok(others > 1, `${others} turns of others`)
})

test('work at once returns what it makes, and throws what it throws', async () => {
  assert.equal(atOnce(working(2)), 'done')
  const failing = function* (): Steps<void> {
    yield
    throw new RangeError('no')
  }
  assert.throws(() => atOnce(failing()), RangeError)
  await assert.rejects(inTurns(failing()), RangeError)
})
