import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusClock } from '../../../src/admin/status/clock.js'
import { until } from '../../support/waiting.js'

test('seconds pass; ten of them are a slot', async () => {
  const clock = new StatusClock()
  assert.equal(clock.second, 1)
  await until(() => clock.second > 1, 'the next second')
  clock.close()
  clock.set(125)
  assert.deepEqual([clock.second, clock.slot], [125, 12])
})
