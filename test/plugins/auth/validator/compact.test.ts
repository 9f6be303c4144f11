/** How a token is spelled: one way only (RFC 7515 §2, RFC 7519 §4, RFC 8725). */

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { test } from 'node:test'
import * as jose from 'jose'
import { KeySet } from '../../../../plugins/_shared/keys/key-set.js'
import { FixedKeys } from '../../../../plugins/_shared/keys/key-source.js'
import type { Claims } from '../../../../plugins/auth/validator/claims.js'
import { TokenVerifier } from '../../../../plugins/auth/validator/verify.js'
import { LIMIT_MS } from '../../../support/waiting.js'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>

type Verify = (token: string) => Promise<Claims>

function verifier(...keys: Record<string, unknown>[]): Verify {
  const one = new TokenVerifier({
    keys: new FixedKeys(new KeySet(jose, keys)),
    wanted: { alg: 'RS256', strategy: 'kid', use: 'verify' },
    rules: { issuer: '', audience: [], leewaySeconds: 1 },
    keyWaitMs: LIMIT_MS,
    nowSeconds: () => 1_000_000,
    memory: undefined
  })
  return async text => one.verify(text)
}

const verify = verifier({ ...jwk, kid: 'k' })
const HEADER = '{"alg":"RS256","kid":"k"}'

/** A token with a good signature over any header and payload. */
function token(payload: string | Uint8Array, header = HEADER): string {
  const signed = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${signed}.${signBytes('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
}

const refuses = (text: string, why: RegExp, by = verify): Promise<void> => assert.rejects(by(text), why, text)

test('each part is base64url without padding, in its one spelling', async () => {
  const good = token('{"sub":"bob"}')
  assert.deepEqual(await verify(good), { sub: 'bob' })
  const parts = good.split('.')
  for (const i of [0, 1, 2]) {
    const change = (make: (part: string) => string): string => parts.map((part, at) => (at === i ? make(part) : part)).join('.')
    for (const tail of ['=', '==', ' ', '\n', '\t', '!', '\u00e9'])
      await refuses(
        change(part => part + tail),
        /not three parts in base64url/
      )
    await refuses(
      change(part => ` ${part}`),
      /not three parts/
    )
    await refuses(
      change(part => `${part.slice(0, 4)}\n${part.slice(4)}`),
      /not three parts/
    )
    await refuses(
      change(() => ''),
      /not three parts/
    )
    await refuses(
      change(part => `${part}A`.repeat(part.length % 4 === 0 ? 1 : 0) || 'A'),
      /not the base64url of any bytes/
    )
  }
  for (const text of ['', '.', '..', 'a', 'a.b', `${good}.`, `.${good}`, `${good}.AA`]) await refuses(text, /not three parts/)
})

test('the bits behind the last byte are zero', async () => {
  // 256 bytes of signature end with one of four: two characters, of which the last has four bits to spare
  const good = token('{"sub":"bob"}')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const twin = good.slice(0, -1) + alphabet[alphabet.indexOf(good.at(-1)!) + 1]!
  assert.ok(Buffer.from(twin.split('.')[2]!, 'base64url').equals(Buffer.from(good.split('.')[2]!, 'base64url')))
  await refuses(twin, /not the base64url of any bytes/)
})

test('the standard alphabet is not the one of URLs', async () => {
  for (let i = 0; ; i++) {
    const text = token(`{"sub":"${i}"}`)
    if (!/[-_]/.test(text)) continue
    await refuses(text.replaceAll('-', '+').replaceAll('_', '/'), /not three parts/)
    return
  }
})

test('header and payload are JSON objects in UTF-8 whose names are unique', async () => {
  for (const payload of ['[]', '"x"', 'null', '', '{', '{}{}', '\ufeff{}', Buffer.from('{"sub":"\xff"}', 'latin1')])
    await assert.rejects(verify(token(payload)), Error, String(payload))
  await refuses(token('{"sub":"a","sub":"b"}'), /payload has a name twice/)
  await refuses(token('{"sub":"a","s\\u0075b":"b"}'), /payload has a name twice/)
  await refuses(token('{"a":{"b":1,"c":[{"d":1,"d":2}]}}'), /payload has a name twice/)
  await refuses(token('{}', '{"alg":"RS256","kid":"k","kid":"k"}'), /header has a name twice/)
  await refuses(token('{}', '{"alg":"none","alg":"RS256","kid":"k"}'), /header has a name twice/)
  const fine = '{"a":{"x":1},"b":{"x":2},"c":["x","x"],"x":"\\"x\\":{","d":"}","x ":1}'
  assert.deepEqual(await verify(token(fine)), JSON.parse(fine))
})

test('a header says nothing that changes what a signature means', async () => {
  await refuses(token('{}', '{"alg":"RS256","kid":"k","crit":["exp"],"exp":1}'), /crit|not recognized/i)
  await refuses(token('{}', '{"alg":"RS256","kid":"k","crit":[]}'), /crit/i)
  await refuses(token('{}', '{"alg":"RS256","kid":"k","b64":false}'), /has b64/)
  await refuses(token('{}', '{"alg":"RS256","kid":"k","b64":true}'), /has b64/)
  for (const kid of ['7', 'null', '["k"]', '{}'])
    await refuses(
      token('{}', `{"alg":"RS256","kid":${kid}}`),
      /kid of the header is not a string/,
      verifier({ ...jwk, kid: 'k' }, jwk)
    )
  for (const alg of ['none', 'None', 'HS256', 'RS512', 'PS256', 'rs256', 'RS256 ', ''])
    await refuses(token('{}', JSON.stringify({ alg, kid: 'k' })), /algorithm|"alg"/i)
  await refuses(token('{}', '{"kid":"k"}'), /alg/i)
})

test('a key that the token brings along is not asked', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const own = JSON.stringify(other.publicKey.export({ format: 'jwk' }))
  for (const more of [`"jwk":${own}`, '"jku":"http://127.0.0.1:1/"', '"x5u":"http://127.0.0.1:1/"', '"x5c":["AAAA"]']) {
    const signed = `${Buffer.from(`{"alg":"RS256","kid":"k",${more}}`).toString('base64url')}.${Buffer.from('{}').toString('base64url')}`
    const forged = `${signed}.${signBytes('sha256', Buffer.from(signed), other.privateKey).toString('base64url')}`
    await refuses(forged, /signature/i)
  }
})

test('a key serves only for what it says of itself', async () => {
  const text = token('{"sub":"bob"}')
  for (const facts of [
    {},
    { use: 'sig' },
    { alg: 'RS256' },
    { key_ops: ['verify'] },
    { use: 'sig', alg: 'RS256', key_ops: ['sign', 'verify'] }
  ])
    assert.deepEqual(await verifier({ ...jwk, kid: 'k', ...facts })(text), { sub: 'bob' }, JSON.stringify(facts))
  for (const facts of [
    { use: 'enc' },
    { use: 'x' },
    { alg: 'RS512' },
    { alg: 'RSA-OAEP' },
    { key_ops: ['encrypt'] },
    { kid: 'other' },
    { kty: 'oct', k: 'AAAA' }
  ])
    await refuses(text, /no key has the name/, verifier({ ...jwk, kid: 'k', ...facts }))
  const several = verifier(
    { ...jwk, kid: 'k', use: 'enc' },
    { kty: 'EC', crv: 'P-256', kid: 'k' },
    { ...jwk, kid: 'k', alg: 'RS256' }
  )
  assert.deepEqual(await several(text), { sub: 'bob' })
  const nameless = token('{"sub":"bob"}', '{"alg":"RS256"}')
  await refuses(nameless, /no key has the name/)
  assert.deepEqual(await verifier(jwk)(nameless), { sub: 'bob' })
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  await assert.rejects(verifier({ ...small.publicKey.export({ format: 'jwk' }), kid: 'k' })(text))
})

test('times are numbers, whole or not', async () => {
  for (const payload of ['{"exp":1000000.5}', '{"exp":1e9}', '{"exp":null}', '{"nbf":1000000.9,"iat":-5}'])
    await verify(token(payload))
  for (const payload of [
    '{"exp":"9999999999"}',
    '{"exp":1e400}',
    '{"exp":[9999999999]}',
    '{"exp":true}',
    '{"nbf":"1"}',
    '{"iat":{}}'
  ])
    await refuses(token(payload), /is not a number/)
  await refuses(token('{"exp":999998.5}'), /expired/)
  await refuses(token('{"exp":0}'), /expired/)
})
