import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkClaims, compileClaimReader, compileWordTest } from '../../../../plugins/auth/validator/claims.js'
import { compileTokenFinder } from '../../../../plugins/auth/validator/token.js'
import { FieldMap } from '../../../../src/message/field-map.js'

const rules = { issuer: '', audience: [], leewaySeconds: 1 }
const at = 1000

test('takes a token within its times and refuses it outside, with the leeway', () => {
  for (const claims of [{}, { exp: 1000 }, { exp: 999 }, { nbf: 1001 }, { iat: 1001 }, { exp: null, nbf: null, iat: null }])
    checkClaims(claims, rules, at)
  assert.throws(() => checkClaims({ exp: 998 }, rules, at), /expired/)
  assert.throws(() => checkClaims({ exp: 0 }, rules, at), /expired/)
  assert.throws(() => checkClaims({ nbf: 1002 }, rules, at), /not valid yet/)
  assert.throws(() => checkClaims({ iat: 1002 }, rules, at), /issued in the future/)
  checkClaims({ exp: 990 }, { ...rules, leewaySeconds: 60 }, at)
})

test('refuses registered claims of a wrong type', () => {
  for (const claims of [
    { exp: '2000' },
    { nbf: true },
    { iat: {} },
    { sub: 1 },
    { jti: [] },
    { iss: 5 },
    { aud: 5 },
    { aud: null },
    { exp: 1e300 },
    { exp: 2 ** 63 },
    { aud: ['a', 1] }
  ])
    assert.throws(() => checkClaims(claims, rules, at), { name: 'TokenRefused' })
})

test('wants the issuer exactly and every configured audience', () => {
  const strict = { issuer: 'https://i.test', audience: ['a', 'b'], leewaySeconds: 1 }
  checkClaims({ iss: 'https://i.test', aud: ['b', 'x', 'a'] }, strict, at)
  assert.throws(() => checkClaims({ iss: 'https://i.test/', aud: ['a', 'b'] }, strict, at), /issuer/)
  assert.throws(() => checkClaims({ aud: ['a', 'b'] }, strict, at), /issuer/)
  assert.throws(() => checkClaims({ iss: 'https://i.test', aud: ['a'] }, strict, at), /audience/)
  assert.throws(() => checkClaims({ iss: 'https://i.test' }, strict, at), /audience/)
  checkClaims({ aud: 'a' }, { ...rules, audience: ['a'] }, at)
})

test('finds claims by name, through objects, and under names that are URLs', () => {
  const claims = { roles: 1, 'a.b': 'flat', a: { b: { c: 2 } }, list: [{ x: 1 }], 'https://c.test/roles': 3 }
  assert.equal(compileClaimReader('roles', true)(claims), 1)
  assert.equal(compileClaimReader('a.b', false)(claims), 'flat')
  assert.equal(compileClaimReader('a.b.c', true)(claims), 2)
  assert.equal(compileClaimReader('a.x.c', true)(claims), undefined)
  assert.equal(compileClaimReader('roles.x', true)(claims), undefined)
  assert.equal(compileClaimReader('list.0', true)(claims), undefined)
  assert.equal(compileClaimReader('https://c.test/roles', true)(claims), 3)
})

test('never takes what every object has for a claim', () => {
  assert.equal(compileClaimReader('constructor', false)({}), undefined)
  assert.equal(compileClaimReader('__proto__', false)({}), undefined)
  assert.equal(compileClaimReader('a.toString', true)({ a: {} }), undefined)
  checkClaims(JSON.parse('{"__proto__":{"exp":1}}'), rules, at)
})

test('matches words of a list or of one string, any or all of them', () => {
  const read = compileClaimReader('scope', false)
  assert.equal(compileWordTest(read, [], 'any'), undefined)
  const any = compileWordTest(read, ['write', 'x'], 'any')!
  const all = compileWordTest(read, ['write', 'x'], 'all')!
  assert.deepEqual([any({ scope: 'read write' }), all({ scope: 'read write' })], [true, false])
  assert.deepEqual([any({ scope: ['x', 'write'] }), all({ scope: ['x', 'write'] })], [true, true])
  for (const claims of [{}, { scope: 'writer' }, { scope: { write: true } }, { scope: null }, { scope: 5 }])
    assert.deepEqual([any(claims), all(claims)], [false, false])
})

test('takes the token from the header, else from the cookie', () => {
  const find = compileTokenFinder('Authorization', 'tok')
  const of = (...pairs: [string, string][]): string | undefined => find(FieldMap.from(pairs))
  assert.equal(of(['authorization', 'Bearer abc']), 'abc')
  assert.equal(of(['authorization', 'bEARER  abc ']), 'abc')
  assert.equal(of(['authorization', 'abc']), 'abc')
  assert.equal(of(['authorization', 'Basic abc'], ['cookie', 'tok=x']), 'Basic abc')
  assert.equal(of(['cookie', 'a=b; tok=abc; tok=later']), 'abc')
  assert.equal(of(['cookie', 'a=b'], ['cookie', 'mytok=no; tok="abc"']), 'abc')
  assert.equal(of(['authorization', ''], ['cookie', 'tok=abc']), 'abc')
  assert.equal(of(['cookie', 'token=abc']), undefined)
  assert.equal(of(['authorization', 'Bearer abc'], ['authorization', 'Bearer def'], ['cookie', 'tok=x']), undefined)
  assert.equal(of(), undefined)
})
