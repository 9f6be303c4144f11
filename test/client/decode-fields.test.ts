import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFields } from '../../src/client/decode-fields.js'

const raw = (...texts: string[]): Buffer[] => texts.map(text => Buffer.from(text, 'latin1'))

test('fields keep order, repeats, spelling and bytes, and tell the length', () => {
  const framed: { length: number | undefined } = { length: undefined }
  const fields = decodeFields(raw('X-A', 'caf\xe9', 'content-LENGTH', '12', 'Set-Cookie', 'a', 'set-cookie', 'b'), framed)
  assert.deepEqual(fields, ['X-A', 'caf\xe9', 'content-LENGTH', '12', 'Set-Cookie', 'a', 'set-cookie', 'b'])
  assert.equal(framed.length, 12)
})

test('hop-by-hop fields are dropped, and all that any Connection field names', () => {
  const framed: { length: number | undefined } = { length: undefined }
  const fields = decodeFields(
    raw(
      'Connection',
      'X-A, close',
      'X-A',
      '1',
      'Keep-Alive',
      'timeout=5',
      'X-B',
      '2',
      'Connection',
      'x-b',
      'Connection',
      'keep-alive',
      'X-C',
      '3'
    ),
    framed
  )
  assert.deepEqual(fields, ['X-C', '3'])
  assert.equal(framed.length, undefined)
})
