import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as jose from 'jose'
import { KeySet, type KeyUse } from '../../../../plugins/_shared/keys/key-set.js'
import { FixedKeys, RemoteKeys, withoutSecrets } from '../../../../plugins/_shared/keys/key-source.js'
import { makeKeys, sendJson, serve, type TestKeys } from '../../auth/support.js'
import { openFetch } from './open-fetch.js'

let keys: TestKeys
before(async () => {
  keys = await makeKeys()
})

const verifyBy = (alg: string, strategy: KeyUse['strategy'] = 'kid'): KeyUse => ({ alg, strategy, use: 'verify' })

/** A key server whose answer the test sets, and a clock that it turns. */
async function remote(owner: { after(work: () => unknown): void }, times = { maxAgeMs: 100_000, missCooldownMs: 1000 }) {
  const state = { set: keys.publicSet as object, status: 200, now: 1000, failures: [] as string[] }
  const server = await serve(owner as never, (_req, res) => sendJson(res, state.set, state.status))
  const source = new RemoteKeys({
    jose,
    url: `${server.url}/keys`,
    fetch: openFetch(owner),
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
    fetch: openFetch(t),
    maxAgeMs: 1000,
    missCooldownMs: 1000,
    onFailure: error => failures.push(error.message),
    now: () => 0
  })
  await assert.rejects(source.load())
  assert.equal(failures[0], `the keys of ${server.url}/keys cannot be had: not JSON`)
  assert.equal(withoutSecrets('https://u:p@h.test/k?x=1'), 'https://h.test/k')
})

test('keys of a file answer from memory', async () => {
  const source = new FixedKeys(KeySet.parse(jose, JSON.stringify(keys.publicSet)))
  assert.equal((await source.load()).size, 3)
  const key = await source.find('rsa', verifyBy('RS256'))
  assert.equal(source.find('rsa', verifyBy('RS256')), key)
  assert.equal(source.find('nope', verifyBy('RS256')), undefined)
})
