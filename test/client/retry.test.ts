import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FailedCall, mayRetry } from '../../src/client/retry.js'

const CALL: FailedCall = { method: 'GET', hasBody: false, reused: true, headSeen: false }
const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })

test('a call that is safe to send twice goes again when its reused connection ended before the response', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) assert.equal(mayRetry({ ...CALL, method }, reset), true)
  for (const code of ['UND_ERR_SOCKET', 'ECONNABORTED', 'EPIPE'])
    assert.equal(mayRetry(CALL, Object.assign(new Error(), { code })), true)
})

test('no other call goes again', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'get']) assert.equal(mayRetry({ ...CALL, method }, reset), false)
  assert.equal(mayRetry({ ...CALL, hasBody: true }, reset), false)
  assert.equal(mayRetry({ ...CALL, reused: false }, reset), false)
  assert.equal(mayRetry({ ...CALL, headSeen: true }, reset), false)
  assert.equal(mayRetry(CALL, new Error('without a code')), false)
  assert.equal(mayRetry(CALL, Object.assign(new Error(), { code: 'ECONNREFUSED' })), false)
})
