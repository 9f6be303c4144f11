import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileTokenFinder } from '../../../../plugins/auth/validator/token.js'
import { FieldMap } from '../../../../src/message/field-map.js'

const find = compileTokenFinder('Authorization', 'access_token')
const found = (...raw: string[]): string | undefined => find(new FieldMap(raw))

test('the scheme before a token is optional, in any case, with any number of spaces around', () => {
  for (const value of ['a.b.c', 'Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c', 'Bearer a.b.c  '])
    assert.equal(found('authorization', value), 'a.b.c', value)
  assert.equal(found('authorization', 'Bearer a b'), 'a b')
  assert.equal(found('authorization', 'Bearer \ta'), '\ta')
  for (const value of ['Bearer ', 'Bearer    ']) assert.equal(found('authorization', value), '', value)
  for (const value of ['Bearer', 'Bearera.b.c', 'Basic a.b.c', 'bearex a']) assert.equal(found('authorization', value), value)
})

test('two headers carry no token; a cookie counts where there is no header', () => {
  assert.equal(found('Authorization', 'a', 'authorization', 'b'), undefined)
  assert.equal(found('Authorization', 'a', 'Cookie', 'access_token=b'), 'a')
  assert.equal(found('Cookie', 'x=1; access_token="b"', 'Cookie', 'access_token=c'), 'b')
  assert.equal(found('Authorization', '', 'Cookie', 'access_token=b'), 'b')
  assert.equal(found('Cookie', 'x=1'), undefined)
})
