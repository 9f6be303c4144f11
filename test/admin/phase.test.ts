import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Phase } from '../../src/admin/phase.js'

test('a gateway without a port is ready when it is built; one with a port while it serves', () => {
  const phase = new Phase()
  assert.equal(phase.ready, true)
  phase.opening()
  assert.equal(phase.ready, false)
  phase.serving()
  assert.equal(phase.ready, true)
})

test('a port that did not open leaves what it was; a stop is for good', () => {
  const phase = new Phase()
  phase.opening()
  phase.failed()
  assert.equal(phase.ready, true)
  phase.stopping()
  phase.opening()
  phase.serving()
  assert.equal(phase.ready, false)
})
