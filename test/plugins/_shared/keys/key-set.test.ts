import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { before, test } from 'node:test'
import * as jose from 'jose'
import { KeySet, type KeyUse, keyNameOf } from '../../../../plugins/_shared/keys/key-set.js'
import { certText, makeKeys, type TestKeys } from '../../auth/support.js'

let keys: TestKeys
before(async () => {
  keys = await makeKeys()
})

const verifyBy = (alg: string, strategy: KeyUse['strategy'] = 'kid'): KeyUse => ({ alg, strategy, use: 'verify' })

test('imports a key once per algorithm, and only for the kind of algorithm it is made for', async () => {
  const set = KeySet.parse(jose, JSON.stringify(keys.publicSet))
  const slot = set.slot('rsa', verifyBy('RS256'))!
  assert.equal(set.slot('rsa', verifyBy('RS256')), slot)
  assert.equal(await slot.ready, slot.key)
  assert.ok(await set.slot('rsa', verifyBy('PS512'))!.ready)
  assert.ok(await set.slot('hs', verifyBy('HS256'))!.ready)
  for (const [name, alg] of [
    ['rsa', 'HS256'],
    ['hs', 'RS256'],
    ['ec', 'RS256'],
    ['ec', 'ES384'],
    ['rsa', 'EdDSA'],
    ['nope', 'RS256']
  ] as const)
    assert.equal(set.slot(name, verifyBy(alg)), undefined, `${name} ${alg}`)
})

test('has no key for encryption, none that cannot be imported, and none that is public to sign with', async () => {
  const [rsa] = keys.publicSet.keys
  const set = KeySet.parse(
    jose,
    JSON.stringify({
      keys: [{ ...rsa, use: 'enc' }, { kty: 'RSA', kid: 'bad', e: 'AQAB' }, null, 5, { ...rsa, kid: 'ok' }]
    })
  )
  assert.equal(set.size, 3)
  assert.equal(set.slot('rsa', verifyBy('RS256')), undefined)
  assert.equal(await set.slot('bad', verifyBy('RS256'))!.ready, undefined)
  assert.equal(await set.slot('ok', { alg: 'RS256', strategy: 'kid', use: 'sign' })!.ready, undefined)
  assert.throws(() => KeySet.parse(jose, '{"keys":{}}'), /not a key set/)
  assert.throws(() => KeySet.parse(jose, 'null'), /not a key set/)
})

test('names keys by kid, thumbprint or both; thumbprints come from the certificate when they are not spelled out', () => {
  const der = new X509Certificate(certText('a.pem')).raw
  const x5t = createHash('sha1').update(der).digest('base64url')
  const x5t256 = createHash('sha256').update(der).digest('base64url')
  const set = KeySet.parse(jose, JSON.stringify({ keys: [{ ...keys.publicSet.keys[0], x5c: [der.toString('base64')] }] }))
  assert.ok(set.slot(x5t, verifyBy('RS256', 'x5t')))
  assert.ok(set.slot(x5t256, verifyBy('RS256', 'x5t#S256')))
  assert.ok(set.slot(`rsa${x5t}`, verifyBy('RS256', 'kid_x5t')))
  assert.equal(keyNameOf({ kid: 'k', x5t: 't' }, 'x5t'), 't')
  assert.equal(keyNameOf({ kid: 'k' }, 'x5t'), 'k')
  assert.equal(keyNameOf({ kid: 'k', x5t: 't' }, 'kid_x5t'), 'kt')
  assert.equal(keyNameOf({ kid: 5 }, 'kid'), '')
})
