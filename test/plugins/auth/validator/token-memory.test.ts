/** What is remembered of tokens, and that no token passes by it that would not pass without it. */

import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as jose from 'jose'
import { KeySet, type KeyUse } from '../../../../plugins/_shared/keys/key-set.js'
import { FixedKeys, type KeySource, RemoteKeys } from '../../../../plugins/_shared/keys/key-source.js'
import type { SignatureKey } from '../../../../plugins/_shared/keys/signature.js'
import type { ClaimRules, Claims } from '../../../../plugins/auth/validator/claims.js'
import { TokenMemory } from '../../../../plugins/auth/validator/token-memory.js'
import { TokenVerifier } from '../../../../plugins/auth/validator/verify.js'
import { LIMIT_MS, until } from '../../../support/waiting.js'
import { openFetch } from '../../_shared/keys/open-fetch.js'
import { sendJson, serve } from '../support.js'

const NOW = 1_000_000
const RS256: KeyUse = { alg: 'RS256', strategy: 'kid', use: 'verify' }
const ANY: ClaimRules = { issuer: '', audience: [], leewaySeconds: 1 }

interface Signer {
  readonly jwk: Record<string, unknown>
  readonly key: KeyObject
}

function signer(kid: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid }, key: privateKey }
}

const one = signer('k')
const other = signer('k')

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(claims: object, { by = one, alg = 'RS256', kid = 'k' } = {}): string {
  const signed = `${part({ alg, kid })}.${part(claims)}`
  return `${signed}.${sign(`sha${alg.slice(2)}`, Buffer.from(signed), by.key).toString('base64url')}`
}

interface Bench {
  /** s; the clock. */
  now: number
  readonly memory: TokenMemory
  readonly keys: KeySource
  verifier(rules?: Partial<ClaimRules>, wanted?: KeyUse): TokenVerifier
}

async function bench(t: TestContext, keys: KeySource, maxBytes = 1_000_000): Promise<Bench> {
  const state = { now: NOW }
  const nowSeconds = (): number => state.now
  const memory = await TokenMemory.open({ maxBytes, keys, wanted: RS256, nowSeconds })
  t.after(() => memory.close())
  return Object.assign(state, {
    memory,
    keys,
    verifier: (rules: Partial<ClaimRules> = {}) =>
      new TokenVerifier({ keys, wanted: RS256, rules: { ...ANY, ...rules }, keyWaitMs: LIMIT_MS, nowSeconds, memory })
  })
}

const fixed = (...signers: Signer[]): FixedKeys =>
  new FixedKeys(KeySet.parse(jose, JSON.stringify({ keys: signers.map(({ jwk }) => jwk) })))

/** Claims, or the reason for the refusal. */
async function outcome(verifier: TokenVerifier, token: string): Promise<Claims | string> {
  try {
    return await verifier.verify(token)
  } catch (refusal) {
    return (refusal as Error).message
  }
}

test('a token is verified once, and known tokens are told at once', async t => {
  const { verifier, memory } = await bench(t, fixed(one))
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  const claims = await by.verify(token)
  assert.equal(by.verify(token), claims, 'the same claims, and no promise')
  assert.equal(verifier({ leewaySeconds: 5 }).verify(token), claims, 'other rules share what is remembered')
  const { hits, misses, tokens } = memory.counts
  assert.deepEqual({ hits, misses, tokens }, { hits: 2, misses: 1, tokens: 1 })
})

test('claims that requests share cannot be changed', async t => {
  const { verifier } = await bench(t, fixed(one))
  const claims = (await verifier().verify(tokenOf({ roles: ['user'] }))) as { roles: string[] }
  assert.throws(() => claims.roles.push('admin'), TypeError)
  assert.throws(() => Object.assign(claims, { sub: 'root' }), TypeError)
})

test('a token expires and becomes valid by the clock, wherever it moves', async t => {
  const place = await bench(t, fixed(one))
  const by = place.verifier()
  const token = tokenOf({ exp: NOW + 100, nbf: NOW - 100, iat: NOW - 100 })
  assert.equal(typeof (await outcome(by, token)), 'object')
  place.now = NOW + 101
  assert.equal(typeof (await outcome(by, token)), 'object', 'within the leeway')
  place.now = NOW + 101.5
  assert.match(String(await outcome(by, token)), /expired/)
  assert.equal(place.memory.counts.tokens, 0, 'what has expired is forgotten')
  place.now = NOW
  assert.equal(typeof (await outcome(by, token)), 'object')
  place.now = NOW - 102
  assert.match(String(await outcome(by, token)), /not valid yet/)
  assert.equal(place.memory.counts.tokens, 0)
  assert.match(String(await outcome(by, tokenOf({ iat: NOW }))), /issued in the future/)
})

test('expired tokens that never come again are forgotten too', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const place = await bench(t, fixed(one))
  const by = place.verifier()
  await by.verify(tokenOf({ exp: NOW + 10 }))
  await by.verify(tokenOf({ exp: NOW + 1000 }))
  await by.verify(tokenOf({}))
  place.now = NOW + 20
  t.mock.timers.tick(60_000)
  assert.equal(place.memory.counts.tokens, 2)
})

test('the same header and payload with another signature are another token', async t => {
  const { verifier, memory } = await bench(t, fixed(one))
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  await by.verify(token)
  const end = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(end), 'base64url')
  for (const at of [0, 100, 255]) {
    const changed = Buffer.from(signature)
    changed[at]! ^= 1
    assert.match(String(await outcome(by, token.slice(0, end) + changed.toString('base64url'))), /signature/)
  }
  assert.match(String(await outcome(by, tokenOf({ sub: 'u' }, { by: other }))), /signature/)
  const [head, , tail] = token.split('.')
  assert.match(String(await outcome(by, `${head}.${part({ sub: 'root' })}.${tail}`)), /signature/)
  for (const twin of [`${token}=`, ` ${token}`, `${token}.`, token.replace('.', '..'), token.slice(0, -1)])
    assert.equal(typeof (await outcome(by, twin)), 'string', twin)
  assert.equal(memory.counts.tokens, 1, 'what was refused is not kept')
})

test('nothing that is refused is kept', async t => {
  const { verifier, memory } = await bench(t, fixed(one))
  const by = verifier({ audience: ['a'] })
  for (const token of [
    tokenOf({ aud: 'b' }),
    tokenOf({ aud: 'a', exp: NOW - 10 }),
    tokenOf({ aud: 'a' }, { by: other }),
    tokenOf({ aud: 'a' }, { kid: 'x' }),
    'a.b.c',
    ''
  ]) {
    for (let i = 0; i < 2; i++) assert.equal(typeof (await outcome(by, token)), 'string')
  }
  assert.equal(memory.counts.tokens, 0)
})

test('other rules look at a known token with their own eyes', async t => {
  const { verifier } = await bench(t, fixed(one))
  const token = tokenOf({ aud: ['a', 'b'], iss: 'i', exp: NOW - 30 })
  const lenient = verifier({ audience: ['a'], leewaySeconds: 60 })
  assert.equal(typeof (await outcome(lenient, token)), 'object')
  const strict: [Partial<ClaimRules>, RegExp][] = [
    [{ audience: ['a', 'c'], leewaySeconds: 60 }, /aud/],
    [{ issuer: 'j', leewaySeconds: 60 }, /iss/],
    [{}, /expired/]
  ]
  for (const [rules, why] of strict) {
    assert.match(String(await outcome(verifier(rules), token)), why)
    assert.equal(typeof (await outcome(lenient, token)), 'object')
  }
})

test('another algorithm or another way to name the key has another memory', async t => {
  const source = fixed(one)
  const { verifier, memory } = await bench(t, source)
  const token = tokenOf({ sub: 'u' })
  await verifier().verify(token)
  const nowSeconds = (): number => NOW
  for (const wanted of [
    { ...RS256, alg: 'RS512' },
    { ...RS256, strategy: 'x5t' as const, alg: 'PS256' }
  ]) {
    const own = await TokenMemory.open({ maxBytes: 100_000, keys: source, wanted, nowSeconds })
    t.after(() => own.close())
    const by = new TokenVerifier({ keys: source, wanted, rules: ANY, keyWaitMs: LIMIT_MS, nowSeconds, memory: own })
    assert.match(String(await outcome(by, token)), /algorithm/)
  }
  assert.equal(memory.counts.tokens, 1)
})

/** Keys of a server whose answer the test sets. */
async function remote(t: TestContext) {
  const state = { signers: [one], status: 200, ms: 1000 }
  const server = await serve(t, (_req, res) => sendJson(res, { keys: state.signers.map(({ jwk }) => jwk) }, state.status))
  const keys = new RemoteKeys({
    jose,
    url: `${server.url}/keys`,
    fetch: openFetch(t),
    maxAgeMs: 10_000,
    missCooldownMs: 1000,
    onFailure: () => {},
    now: () => state.ms
  })
  return { state, keys, server }
}

test('a set that is fetched anew with the same keys forgets no token', async t => {
  const { state, keys, server } = await remote(t)
  const { verifier, memory } = await bench(t, keys)
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  const claims = await by.verify(token)
  state.signers = [signer('new'), one]
  for (let i = 0; i < 3; i++) {
    state.ms += 5000
    await keys.load()
    assert.equal(by.verify(token), claims)
  }
  assert.equal(server.requests.length, 4)
  assert.equal(memory.counts.hits, 3)
})

test('a key that leaves the set takes its tokens along', async t => {
  const { state, keys } = await remote(t)
  const { verifier, memory } = await bench(t, keys)
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  await by.verify(token)
  state.signers = []
  await keys.load()
  assert.equal(memory.counts.tokens, 0, 'forgotten when the set came, not when the token comes')
  assert.match(String(await outcome(by, token)), /no key/)
})

test('another key under the same name does not vouch for the tokens of the former one', async t => {
  const { state, keys } = await remote(t)
  const { verifier, memory } = await bench(t, keys)
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  await by.verify(token)
  state.signers = [other]
  await keys.load()
  assert.equal(memory.counts.tokens, 0)
  assert.match(String(await outcome(by, token)), /signature/)
  assert.deepEqual(await outcome(by, tokenOf({ sub: 'v' }, { by: other })), { sub: 'v' })
})

test('a key that changes what it says of itself no longer serves known tokens', async t => {
  const { state, keys } = await remote(t)
  const { verifier } = await bench(t, keys)
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  await by.verify(token)
  state.signers = [{ ...one, jwk: { ...one.jwk, use: 'enc' } }]
  await keys.load()
  assert.match(String(await outcome(by, token)), /no key/)
})

test('while the key server fails known tokens pass as long as its keys count, and no longer', async t => {
  const { state, keys } = await remote(t)
  const { verifier } = await bench(t, keys)
  const by = verifier()
  const token = tokenOf({ sub: 'u' })
  await by.verify(token)
  state.status = 500
  state.ms += 9000
  assert.deepEqual(await outcome(by, token), { sub: 'u' })
  await keys.load().catch(() => {})
  state.ms += 1000
  assert.equal(typeof (await outcome(by, token)), 'string', 'the set is too old')
  state.ms += 1000
  assert.equal(typeof (await outcome(by, token)), 'string')
  state.status = 200
  state.ms += 1000
  assert.deepEqual(await outcome(by, token), { sub: 'u' })
})

test('a flood of valid tokens stays within its bytes, and those in use stay known', async t => {
  const secret = Buffer.alloc(32, 7)
  const wanted: KeyUse = { ...RS256, alg: 'HS256' }
  const set = KeySet.parse(jose, JSON.stringify({ keys: [{ kty: 'oct', k: secret.toString('base64url'), kid: 'k' }] }))
  const keys = new FixedKeys(set)
  await set.slot('k', wanted)!.ready
  const maxBytes = 2_000_000
  const memory = await TokenMemory.open({ maxBytes, keys, wanted, nowSeconds: () => NOW })
  t.after(() => memory.close())
  const by = new TokenVerifier({ keys, wanted, rules: ANY, keyWaitMs: LIMIT_MS, nowSeconds: () => NOW, memory })
  const tokenWith = (claims: object): string => {
    const signed = `${part({ alg: 'HS256', kid: 'k' })}.${part(claims)}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
  const used = tokenWith({ sub: 'used' })
  by.verify(used)
  let most = 0
  for (let i = 0; i < 100_000; i++) {
    by.verify(tokenWith({ sub: `user-${i}`, exp: NOW + 3600, roles: ['a', 'b'] }))
    most = Math.max(most, memory.counts.bytes)
    if (i % 500 === 0) by.verify(used)
  }
  const { hits, tokens, evictions } = memory.counts
  assert.ok(most <= maxBytes, `${most} bytes`)
  assert.ok(tokens > 500 && tokens < 10_000, `${tokens} tokens`)
  assert.equal(evictions, 100_001 - tokens)
  assert.equal(hits, 200)
})

test('tokens of 8 KB are counted with all that they take, and so are those of many small claims', async t => {
  const maxBytes = 400_000
  const { verifier, memory } = await bench(t, fixed(one), maxBytes)
  const by = verifier()
  const long = (i: number): object => ({ sub: `u${i}`, text: 'x'.repeat(6000) })
  const wide = (i: number): object => Object.fromEntries(Array.from({ length: 300 }, (_, k) => [`claim-${i}-${k}`, k]))
  for (const claims of [long, wide]) {
    let most = 0
    for (let i = 0; i < 150; i++) {
      const token = tokenOf(claims(i))
      assert.ok(token.length > 7000, `${token.length} characters`)
      await by.verify(token)
      most = Math.max(most, memory.counts.bytes)
    }
    const { tokens, bytes } = memory.counts
    assert.ok(most <= maxBytes, `${most} bytes`)
    assert.ok(tokens > 10 && bytes / tokens > 6000, `${tokens} tokens of ${bytes} bytes`)
  }
})

test('what is kept of tokens does not hold the tokens themselves', async t => {
  const { verifier, memory } = await bench(t, fixed(one))
  const by = verifier()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const garbage = 'x'.repeat(60_000)
  const ask = (kid: string): Promise<unknown> =>
    outcome(by, Buffer.from(`${part({ alg: 'RS256', kid })}.${garbage}.AAAA`).toString())
  for (let i = 0; i < 100; i++) await ask(`warm-${i}`)
  const before = held()
  for (let i = 0; i < 99; i++) await ask(`kid-${i}`)
  const grown = held() - before
  assert.ok(grown < 2_000_000, `${grown} bytes more after 99 tokens of 60,000`)
  assert.equal(memory.counts.tokens, 0)
})

test('a token that is being verified when its key leaves the set is not kept', async t => {
  const { state, keys } = await remote(t)
  const { verifier, memory } = await bench(t, keys)
  const by = verifier()
  await by.verify(tokenOf({ sub: 'first' }))
  const key = (await keys.find('k', RS256))!
  let finish = (_isRight: boolean): void => {}
  t.mock.method(key, 'verify', () => new Promise<boolean>(resolve => (finish = resolve)))
  const token = tokenOf({ sub: 'late' })
  const verifying = outcome(by, token)
  state.signers = [other]
  await keys.load()
  finish(true)
  assert.deepEqual(await verifying, { sub: 'late' }, 'its key counted when it came')
  assert.match(String(await outcome(by, token)), /signature/)
  assert.equal(memory.counts.tokens, 0)
})

test('a token that alone takes more than the memory may is verified each time', async t => {
  const { verifier, memory } = await bench(t, fixed(one), 2000)
  const by = verifier()
  const token = tokenOf({ text: 'x'.repeat(4000) })
  for (let i = 0; i < 2; i++) assert.equal(typeof (await outcome(by, token)), 'object')
  assert.deepEqual([memory.counts.tokens, memory.counts.hits], [0, 0])
})

test('a memory that is closed keeps nothing', async t => {
  const { verifier, memory } = await bench(t, fixed(one))
  const by = verifier()
  const token = tokenOf({})
  await by.verify(token)
  memory.close()
  assert.equal(memory.counts.tokens, 0)
  assert.deepEqual(await outcome(by, token), {})
  assert.equal(memory.counts.tokens, 0)
})

test('what a vanished key had signed is forgotten a slice at a time', async t => {
  const listeners: ((left: ReadonlySet<SignatureKey>) => void)[] = []
  const keys: KeySource = {
    load: () => fixed(one).load(),
    find: () => undefined,
    onChange: listener => {
      listeners.push(listener)
      return () => {}
    }
  }
  const { memory } = await bench(t, keys, 1e8)
  const [gone, left] = [{}, {}] as SignatureKey[]
  for (let i = 0; i < 5000; i++) memory.remember(String(i), { claims: {}, key: i % 5 === 0 ? left! : gone!, keyName: 'k' }, 10)
  listeners[0]!(new Set([left!]))
  assert.ok(memory.counts.tokens > 1000, 'all were looked at in one turn')
  await until(() => memory.counts.tokens === 1000, 'the tokens of the vanished key to go')
})
