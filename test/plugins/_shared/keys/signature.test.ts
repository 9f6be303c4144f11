import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey, generateKeyPairSync, KeyObject, randomBytes, sign as signNow } from 'node:crypto'
import { test } from 'node:test'
import * as jose from 'jose'
import { ALGORITHMS } from '../../../../plugins/_shared/keys/key-set.js'
import { SignatureKey } from '../../../../plugins/_shared/keys/signature.js'

interface Pair {
  readonly signer: KeyObject
  readonly verifier: KeyObject
}

async function pairFor(alg: string): Promise<Pair> {
  if (alg.startsWith('HS')) {
    const secret = createSecretKey(randomBytes(64))
    return { signer: secret, verifier: secret }
  }
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true })
  return { signer: KeyObject.from(privateKey), verifier: KeyObject.from(publicKey) }
}

const text = (value: string): Buffer => Buffer.from(value)

for (const alg of ALGORITHMS) {
  test(`${alg}: signs what jose verifies, verifies what jose signs, and nothing that was changed`, async () => {
    const { signer, verifier } = await pairFor(alg)
    const header = { alg }
    const token = await new jose.CompactSign(text('{"sub":"u"}')).setProtectedHeader(header).sign(signer)
    const end = token.lastIndexOf('.')
    const data = text(token.slice(0, end))
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    const key = new SignatureKey(verifier, alg)
    assert.equal(await key.verify(data, signature), true)
    assert.equal(await key.verify(text(`${token.slice(0, end)}A`), signature), false)
    for (const at of [0, signature.length >> 1, signature.length - 1]) {
      const changed = Buffer.from(signature)
      changed[at]! ^= 1
      assert.equal(await key.verify(data, changed), false, `byte ${at}`)
    }
    for (const wrong of [
      Buffer.alloc(0),
      signature.subarray(0, -1),
      Buffer.concat([signature, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), signature]),
      Buffer.alloc(signature.length),
      Buffer.alloc(signature.length, 0xff)
    ])
      assert.equal(await key.verify(data, wrong), false, `${wrong.length} bytes`)
    const own = await new SignatureKey(signer, alg).sign(data)
    await jose.compactVerify(`${token.slice(0, end)}.${own.toString('base64url')}`, verifier, { algorithms: [alg] })
  })
}

test('a signature of ECDSA is r and s, not DER', async () => {
  const { signer, verifier } = await pairFor('ES256')
  const der = signNow('sha256', text('x'), signer)
  assert.equal(await new SignatureKey(verifier, 'ES256').verify(text('x'), der), false)
})

test('one kind of RSA signature is not taken for another, nor one hash for another', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithms = ALGORITHMS.filter(alg => /^[RP]S/.test(alg))
  for (const signs of algorithms) {
    const signature = await new SignatureKey(privateKey, signs).sign(text('x'))
    for (const verifies of algorithms)
      assert.equal(
        await new SignatureKey(publicKey, verifies).verify(text('x'), signature),
        verifies === signs,
        `${signs} ${verifies}`
      )
  }
})

test('PSS has a salt as long as its hash', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  for (const [saltLength, isRight] of [
    [32, true],
    [20, false],
    [0, false]
  ] as const) {
    const signature = signNow('sha256', text('x'), { key: privateKey, padding: 6, saltLength })
    assert.equal(await new SignatureKey(publicKey, 'PS256').verify(text('x'), signature), isRight, `${saltLength}`)
  }
})

test('short RSA keys and empty secrets are refused', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  for (const alg of ['RS256', 'PS512'])
    assert.throws(() => new SignatureKey(publicKey, alg), /at least 2048 bits, this one has 1024/)
  assert.throws(() => new SignatureKey(createSecretKey(Buffer.alloc(0)), 'HS256'), /empty/)
})

test('a key that takes long leaves its later uses to the thread pool, with the same outcome', async () => {
  const { signer, verifier } = await pairFor('ES256')
  const slow = new SignatureKey(createPublicKey(signer), 'ES256', 0)
  const slowSigner = new SignatureKey(signer, 'ES256', 0)
  const data = text('x')
  let signature = Buffer.alloc(0)
  for (let i = 0; i < 10; i++) {
    const made = slowSigner.sign(data)
    assert.ok(Buffer.isBuffer(made), 'the first uses are measured')
    signature = Buffer.from(made)
    assert.equal(slow.verify(data, signature), true)
  }
  assert.ok(slow.isSlow && slowSigner.isSlow)
  const later = slowSigner.sign(data)
  assert.ok(later instanceof Promise)
  const verified = slow.verify(data, await later)
  assert.ok(verified instanceof Promise)
  assert.equal(await verified, true)
  assert.equal(await slow.verify(text('y'), signature), false)
  assert.equal(slow.verify(data, Buffer.alloc(3)), false)
  const fast = new SignatureKey(verifier, 'ES256', Number.POSITIVE_INFINITY)
  for (let i = 0; i < 20; i++) assert.equal(fast.verify(data, signature), true)
})
