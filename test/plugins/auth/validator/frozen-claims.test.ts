import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freezeClaims } from '../../../../plugins/auth/validator/frozen-claims.js'

test('freezes claims as deep as they are', () => {
  const claims = JSON.parse('{"sub":"u","realm":{"roles":["a",{"b":[1]}]},"__proto__":{"admin":true}}')
  freezeClaims(claims)
  assert.throws(() => claims.realm.roles.push('root'), TypeError)
  for (const value of [claims, claims.realm, claims.realm.roles[1], claims.realm.roles[1].b]) assert.ok(Object.isFrozen(value))
  assert.ok(!Object.isFrozen(Object.prototype))
})

test('takes claims that are nested as deeply as a token is long', () => {
  const deep = `{"a":${'['.repeat(24_000)}${']'.repeat(24_000)}}`
  assert.ok(freezeClaims(JSON.parse(deep)) > 24_000 * 40)
})

test('counts more bytes for more and for longer claims', () => {
  const sizes = [
    {},
    { a: 1 },
    { a: 'x' },
    { a: 'x'.repeat(100) },
    { a: `${'x'.repeat(99)}\u0416` },
    { a: ['x'.repeat(200), 1, { b: 2 }] }
  ].map(freezeClaims)
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b)
  )
})
