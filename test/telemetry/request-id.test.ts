import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestId, validRequestId } from '../../src/telemetry/request-id.js'

test('request ids are 32 hexadecimal digits and differ', () => {
  const ids = new Set(Array.from({ length: 1000 }, requestId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
})

test('takes over only ids that are safe in logs and fields', () => {
  for (const id of ['a', requestId(), 'A-z_0.9:+/=@', 'x'.repeat(128)]) assert.equal(validRequestId(id), true, id)
  for (const id of ['', 'a b', 'a\n', 'é', '"', 'x'.repeat(129), '😀']) assert.equal(validRequestId(id), false, id)
})
