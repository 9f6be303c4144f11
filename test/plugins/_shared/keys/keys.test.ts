import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { before, test } from 'node:test'
import * as jose from 'jose'
import { KeySet, type KeyUse, keyNameOf } from '../../../../plugins/_shared/keys/key-set.js'
import { FixedKeys, RemoteKeys, withoutSecrets } from '../../../../plugins/_shared/keys/key-source.js'
import { SmallFetch, type SmallFetchOptions } from '../../../../plugins/_shared/keys/small-fetch.js'
import { parsePin, selectCiphers } from '../../../../plugins/_shared/keys/tls-rules.js'
import { certText, makeKeys, sendJson, serve, serveTls, type TestKeys } from '../../auth/support.js'

let keys: TestKeys
before(async () => {
  keys = await makeKeys()
})

const verifyBy = (alg: string, strategy: KeyUse['strategy'] = 'kid'): KeyUse => ({ alg, strategy, use: 'verify' })
const BASE: SmallFetchOptions = { timeoutMs: 3000, maxBytes: 20_000, redirects: 3, insecure: true, pins: new Set(), env: {} }

function open(owner: { after(work: () => unknown): void }, options: Partial<SmallFetchOptions> = {}): SmallFetch {
  const fetch = new SmallFetch({ ...BASE, ...options })
  owner.after(() => fetch.close())
  return fetch
}

test('imports a key once per algorithm, and only for the kind of algorithm it is made for', async () => {
  const set = KeySet.parse(jose, JSON.stringify(keys.publicSet))
  const slot = set.slot('rsa', verifyBy('RS256'))!
  assert.equal(set.slot('rsa', verifyBy('RS256')), slot)
  assert.equal(await slot.ready, slot.key)
  assert.equal((await set.slot('rsa', verifyBy('PS512'))!.ready)?.algorithm.name, 'RSA-PSS')
  assert.equal((await set.slot('hs', verifyBy('HS256'))!.ready)?.type, 'secret')
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

/** A key server whose answer the test sets, and a clock that it turns. */
async function remote(owner: { after(work: () => unknown): void }, times = { maxAgeMs: 100_000, missCooldownMs: 1000 }) {
  const state = { set: keys.publicSet as object, status: 200, now: 1000, failures: [] as string[] }
  const server = await serve(owner as never, (_req, res) => sendJson(res, state.set, state.status))
  const source = new RemoteKeys({
    jose,
    url: `${server.url}/keys`,
    fetch: open(owner),
    ...times,
    onFailure: error => state.failures.push(error.message),
    now: () => state.now
  })
  return { state, server, source }
}

test('fetches once for all who wait, and then answers at once', async t => {
  const { source, server } = await remote(t)
  const found = await Promise.all([1, 2, 3].map(() => source.find('rsa', verifyBy('RS256'))))
  assert.ok(found.every(key => key !== undefined))
  assert.equal(server.requests.length, 1)
  assert.equal(source.find('rsa', verifyBy('RS256')), found[0])
  assert.match(server.requests[0]!.headers.accept!, /jwk-set\+json/)
})

test('asks again for a key that is new, but not for one that just was not there', async t => {
  const { source, server, state } = await remote(t, { maxAgeMs: 100_000, missCooldownMs: 5000 })
  await source.find('rsa', verifyBy('RS256'))
  assert.equal(source.find('new', verifyBy('RS256')), undefined, 'the last fetch was a moment ago')
  state.now += 1000
  assert.equal(await source.find('new', verifyBy('RS256')), undefined)
  assert.equal(server.requests.length, 2)
  state.set = { keys: [...keys.publicSet.keys, { ...keys.publicSet.keys[0], kid: 'new' }] }
  state.now += 4999
  assert.equal(source.find('new', verifyBy('RS256')), undefined, 'within its cool-down')
  assert.equal(server.requests.length, 2)
  state.now += 1
  assert.ok(await source.find('new', verifyBy('RS256')))
  assert.equal(server.requests.length, 3)
})

test('forgets keys that the server has withdrawn when the set is old', async t => {
  const { source, state, server } = await remote(t)
  await source.find('rsa', verifyBy('RS256'))
  state.set = { keys: [] }
  state.now += 100_000
  assert.equal(await source.find('rsa', verifyBy('RS256')), undefined)
  assert.equal(server.requests.length, 2)
})

test('renews a set that grows old while requests go on with it', async t => {
  const { source, state, server } = await remote(t)
  const first = await source.find('rsa', verifyBy('RS256'))
  state.now += 80_000
  assert.equal(source.find('rsa', verifyBy('RS256')), first)
  await source.load()
  assert.equal(server.requests.length, 2)
  state.now += 50_000
  assert.notEqual(await source.find('rsa', verifyBy('RS256')), undefined)
  assert.equal(server.requests.length, 2)
})

test('keeps the keys it has when renewing fails, but not beyond their time; then waits a second before it tries again', async t => {
  const { source, state, server } = await remote(t)
  await source.find('rsa', verifyBy('RS256'))
  state.status = 500
  state.now += 80_000
  assert.ok(source.find('rsa', verifyBy('RS256')))
  await assert.rejects(source.load(), /status 500/)
  state.now += 20_000
  assert.equal(await source.find('rsa', verifyBy('RS256')), undefined)
  const asked = server.requests.length
  assert.equal(source.find('rsa', verifyBy('RS256')), undefined)
  assert.equal(server.requests.length, asked)
  state.now += 1000
  state.status = 200
  assert.ok(await source.find('rsa', verifyBy('RS256')))
  assert.equal(state.failures.length, 2)
})

test('tells why keys cannot be had, without what the answer held', async t => {
  const state = { text: '{"keys":[{"d":"secret"' }
  const server = await serve(t, (_req, res) => res.end(state.text))
  const failures: string[] = []
  const source = new RemoteKeys({
    jose,
    url: `${server.url.replace('://', '://user:pass@')}/keys?token=s`,
    fetch: open(t),
    maxAgeMs: 1000,
    missCooldownMs: 1000,
    onFailure: error => failures.push(error.message),
    now: () => 0
  })
  await assert.rejects(source.load())
  assert.equal(failures[0], `the keys of ${server.url}/keys cannot be had: not JSON`)
  assert.equal(withoutSecrets('https://u:p@h.test/k?x=1'), 'https://h.test/k')
})

test('gives up on a key server that hangs, and on answers that are too large', async t => {
  const server = await serve(t, (req, res) => {
    if (req.url === '/large') res.end('x'.repeat(30_000))
  })
  await assert.rejects(open(t, { timeoutMs: 50 }).get(`${server.url}/hang`, '*/*'), /no answer within 50 ms/)
  await assert.rejects(open(t).get(`${server.url}/large`, '*/*'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
})

test('follows redirects to where keys may come from, a few times', async t => {
  const server = await serve(t, (req, res) => {
    if (req.url === '/a') res.writeHead(302, { location: '/b' }).end()
    else if (req.url === '/loop') res.writeHead(302, { location: '/loop' }).end()
    else if (req.url === '/file') res.writeHead(302, { location: 'file:///etc/passwd' }).end()
    else res.end('here')
  })
  const fetch = open(t)
  assert.deepEqual(await fetch.get(`${server.url}/a`, '*/*'), { status: 200, contentType: '', text: 'here' })
  await assert.rejects(fetch.get(`${server.url}/loop`, '*/*'), /too many redirects/)
  await assert.rejects(fetch.get(`${server.url}/file`, '*/*'), /not followed/)
  const tls = await serveTls(t, (_req, res) => void res.writeHead(302, { location: `${server.url}/b` }).end())
  const strict = open(t, { insecure: false, ca: [certText('ca.pem')] })
  await assert.rejects(strict.get(`${tls.url}/`, '*/*'), /redirect to http:/)
})

test('asks without a Connection field, and fails at once each time where the name does not fit', async t => {
  const server = await serve(t, (_req, res) => res.end('{}'))
  await open(t).get(`${server.url}/`, '*/*')
  assert.equal(server.requests[0]!.headers.connection, undefined)
  const tls = await serveTls(t, (_req, res) => res.end('{}'))
  const strict = open(t, { insecure: false, ca: [certText('ca.pem')], timeoutMs: 20_000 })
  const other = tls.url.replace('localhost', '127.0.0.1')
  for (let i = 0; i < 12; i++) await assert.rejects(strict.get(`${other}/`, '*/*'), /does not match certificate/)
})

test('wants a certificate that somebody vouches for, or the pinned key', async t => {
  const server = await serveTls(t, (_req, res) => res.end('ok'))
  const spki = (name: string): string =>
    createHash('sha256')
      .update(new X509Certificate(certText(name)).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
  const ca = [certText('ca.pem')]
  await assert.rejects(open(t, { insecure: false }).get(server.url, '*/*'))
  assert.equal((await open(t, { insecure: false, ca }).get(server.url, '*/*')).text, 'ok')
  assert.equal((await open(t, { insecure: true }).get(server.url, '*/*')).text, 'ok')
  const pinned = (name: string, insecure: boolean): Promise<unknown> =>
    open(t, { insecure, ca, pins: new Set([spki(name)]) }).get(server.url, '*/*')
  await pinned('a.pem', false)
  await pinned('a.pem', true)
  await assert.rejects(pinned('b.pem', false), /no pinned key/)
  await assert.rejects(pinned('b.pem', true), /no pinned key/)
  await assert.rejects(
    open(t, { insecure: false, ca, ciphers: 'AES128-SHA', pins: new Set([spki('a.pem')]) }).get(
      server.url.replace('localhost', '127.0.0.1'),
      '*/*'
    )
  )
})

test('asks through the proxy that the environment names', async t => {
  const proxy = await serve(t, (_req, res) => res.end('by proxy'))
  const answer = await open(t, { env: { http_proxy: proxy.url } }).get('http://keys.test/set', '*/*')
  assert.equal(answer.text, 'by proxy')
  const direct = await serve(t, (_req, res) => res.end('direct'))
  const answers = await open(t, { env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' } }).get(
    direct.url,
    '*/*'
  )
  assert.equal(answers.text, 'direct')
})

test('speaks of cipher suites by number and of pins in both base64 spellings', () => {
  const { ciphers, broken, unknown } = selectCiphers([49199, 5, 4865, 99999])
  assert.equal(ciphers, 'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256')
  assert.deepEqual([broken, unknown], [[5], [99999]])
  assert.match(selectCiphers([]).ciphers, /^ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA/)
  const bytes = Buffer.alloc(32, 0xfb)
  assert.equal(parsePin(bytes.toString('base64')), bytes.toString('base64url'))
  assert.equal(parsePin(bytes.toString('base64url')), bytes.toString('base64url'))
  assert.equal(parsePin('c2hvcnQ='), undefined)
  assert.equal(parsePin('not base64!'), undefined)
})

test('keys of a file answer from memory', async () => {
  const source = new FixedKeys(KeySet.parse(jose, JSON.stringify(keys.publicSet)))
  assert.equal((await source.load()).size, 3)
  const key = await source.find('rsa', verifyBy('RS256'))
  assert.equal(source.find('rsa', verifyBy('RS256')), key)
  assert.equal(source.find('nope', verifyBy('RS256')), undefined)
})
