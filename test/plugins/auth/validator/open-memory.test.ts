/** Known tokens in a gateway: endpoints with other rules, revocation, metrics, and a new configuration. */

import assert from 'node:assert/strict'
import { createHmac, createPublicKey, type JsonWebKeyInput } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import * as jose from 'jose'
import type { ConfigInput } from '../../../../src/config/input.js'
import { freePort } from '../../../support/free-port.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import { fetch } from '../../../support/waiting.js'
import { makeKeys, serveEcho, sign, type TestKeys } from '../support.js'

let keys: TestKeys
let folder: string
let keyFile: string
before(async () => {
  keys = await makeKeys()
  folder = mkdtempSync(path.join(tmpdir(), 'known-'))
  keyFile = path.join(folder, 'keys.json')
  writeFileSync(keyFile, JSON.stringify(keys.publicSet))
})
after(() => rmSync(folder, { recursive: true }))

type Validators = Readonly<Record<string, object>>

async function open(t: TestContext, validators: Validators, service: object = {}): Promise<OpenGateway> {
  const upstream = await serveEcho(t)
  const endpoints = Object.entries(validators).map(([endpoint, validator]) => ({
    endpoint,
    output_encoding: 'no-op',
    backend: [{ host: [upstream.url], url_pattern: '/in' }],
    extra_config: { 'auth/validator': { jwk_local_path: keyFile, alg: 'RS256', ...validator } }
  }))
  return openGateway(t, { endpoints, extra_config: service })
}

async function status({ origin }: OpenGateway, endpoint: string, token: string): Promise<number> {
  const response = await fetch(origin + endpoint, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response.status
}

test('a token that one endpoint knows meets the rules of each other one', async t => {
  const gateway = await open(t, {
    '/any': {},
    '/audience': { audience: ['b'] },
    '/issuer': { issuer: 'i' },
    '/roles': { roles: ['admin'] },
    '/scopes': { scopes: ['write'], scopes_key: 'scope' },
    '/other-alg': { alg: 'RS512' },
    '/other-kind': { alg: 'ES256' },
    '/other-name': { key_identify_strategy: 'kid_x5t' },
    '/anew': { token_cache_bytes: 0 }
  })
  const token = await sign({ aud: 'a', iss: 'x', roles: ['user'], scope: 'read' }, keys.rsa)
  const expected: [string, number][] = [
    ['/any', 200],
    ['/audience', 401],
    ['/issuer', 401],
    ['/roles', 403],
    ['/scopes', 403],
    ['/other-alg', 401],
    ['/other-kind', 401],
    ['/other-name', 200],
    ['/anew', 200]
  ]
  for (let i = 0; i < 3; i++)
    for (const [endpoint, answer] of expected) assert.equal(await status(gateway, endpoint, token), answer, `${endpoint} ${i}`)
})

test('key sets have no known tokens in common, even where their keys have one name', async t => {
  const { publicKey, privateKey } = await jose.generateKeyPair('RS256', { extractable: true })
  const file = path.join(folder, 'twin.json')
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'rsa' }] }))
  const gateway = await open(t, { '/one': {}, '/two': { jwk_local_path: file } })
  const first = await sign({ sub: 'u' }, keys.rsa)
  const second = await sign({ sub: 'u' }, privateKey)
  for (let i = 0; i < 3; i++) {
    assert.deepEqual([await status(gateway, '/one', first), await status(gateway, '/two', first)], [200, 401], `${i}`)
    assert.deepEqual([await status(gateway, '/one', second), await status(gateway, '/two', second)], [401, 200], `${i}`)
  }
})

test('a public key that is known is never taken for a shared secret', async t => {
  const gateway = await open(t, { '/rs': {}, '/hs': { alg: 'HS256' } })
  assert.equal(await status(gateway, '/rs', await sign({ sub: 'u' }, keys.rsa)), 200)
  const [jwk] = keys.publicSet.keys.filter(one => one.kid === 'rsa')
  const pem = createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const secret of [pem, String(jwk!.n), JSON.stringify(jwk), Buffer.from(String(jwk!.n), 'base64url'), '']) {
    for (const alg of ['HS256', 'none']) {
      const signed = `${part({ alg, kid: 'rsa' })}.${part({ sub: 'root' })}`
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
      for (const endpoint of ['/rs', '/hs']) assert.equal(await status(gateway, endpoint, token), 401, `${endpoint} ${alg}`)
    }
  }
})

test('a known token is refused by an endpoint where it is not valid yet, and its refusal there does not outlive it elsewhere', async t => {
  const gateway = await open(t, { '/lenient': { leeway: '1h' }, '/strict': {} })
  const token = await sign({ sub: 'u', nbf: Math.floor(Date.now() / 1000) + 600 }, keys.rsa)
  for (let i = 0; i < 3; i++)
    assert.deepEqual([await status(gateway, '/lenient', token), await status(gateway, '/strict', token)], [200, 401])
})

test('a known token that is revoked is refused from then on', async t => {
  const port = await freePort()
  const revoker = { N: 1000, P: 1e-7, hash_name: 'optimal', TTL: 1500, token_keys: ['jti'], http: { port } }
  const gateway = await open(t, { '/x': {} }, { 'auth/revoker': revoker })
  const token = await sign({ jti: 'a' }, keys.rsa)
  const unrevoked = await sign({ jti: 'b' }, keys.rsa)
  for (let i = 0; i < 2; i++) assert.equal(await status(gateway, '/x', token), 200)
  const body = JSON.stringify({ elems: ['jti-a'] })
  const headers = { 'content-type': 'application/json' }
  assert.equal((await fetch(`http://127.0.0.1:${port}/add`, { method: 'POST', headers, body })).status, 200)
  for (let i = 0; i < 2; i++) assert.equal(await status(gateway, '/x', token), 401)
  assert.equal(await status(gateway, '/x', unrevoked), 200)
})

test('metrics tell hits, misses, evictions and bytes, by key set and algorithm', async t => {
  const port = await freePort()
  const exporter = { name: 'p', port, host: '127.0.0.1' }
  const gateway = await open(
    t,
    { '/x': {}, '/same': { audience: [] }, '/small': { token_cache_bytes: 2500 } },
    { 'telemetry/opentelemetry': { exporters: { prometheus: [exporter] } } }
  )
  const token = await sign({ sub: 'u' }, keys.rsa)
  for (const endpoint of ['/x', '/x', '/same', '/x']) assert.equal(await status(gateway, endpoint, token), 200)
  await status(gateway, '/x', 'no.token.here')
  for (let i = 0; i < 20; i++) assert.equal(await status(gateway, '/small', await sign({ sub: `u${i}` }, keys.rsa)), 200)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const value = (name: string): number => {
    const lines = text.split('\n').filter(line => line.startsWith(`sluice_token_cache_${name}{`))
    assert.equal(lines.length, 1, `${name}: ${lines.join()}`)
    assert.ok(lines[0]!.includes(`keys="${keyFile}",alg="RS256"`), lines[0])
    return Number(lines[0]!.split(' ').at(-1))
  }
  assert.equal(value('hits_total'), 3)
  assert.equal(value('misses_total'), 22)
  assert.equal(value('evictions_total') + value('tokens'), 21)
  assert.ok(value('tokens') > 1 && value('tokens') < 10)
  assert.ok(value('bytes') > 0 && value('bytes') < 5000)
  assert.match(text, /# TYPE sluice_token_cache_hits_total counter/)
  assert.match(text, /# TYPE sluice_token_cache_bytes gauge/)
})

test('after a reload no token is known: keys and rules of the new configuration count', async t => {
  const file = path.join(folder, 'rotated.json')
  writeFileSync(file, JSON.stringify(keys.publicSet))
  const upstream = await serveEcho(t)
  const configOf = (validator: object): ConfigInput => ({
    version: 3,
    listen_ip: '127.0.0.1',
    endpoints: [
      {
        endpoint: '/x',
        backend: [{ host: [upstream.url], url_pattern: '/in' }],
        extra_config: { 'auth/validator': { jwk_local_path: file, alg: 'RS256', ...validator } }
      }
    ]
  })
  const open = await openGateway(t, configOf({}))
  const token = await sign({ sub: 'u', aud: 'a' }, keys.rsa)
  const statuses = async (): Promise<number[]> => [await status(open, '/x', token), await status(open, '/x', token)]
  const reload = (validator: object): Promise<unknown> => open.gateway.reload(configOf(validator))
  assert.deepEqual(await statuses(), [200, 200])
  await reload({ audience: ['b'] })
  assert.deepEqual(await statuses(), [401, 401])
  await reload({ roles: ['admin'] })
  assert.deepEqual(await statuses(), [403, 403])
  await reload({})
  assert.deepEqual(await statuses(), [200, 200])
  const { publicKey } = await jose.generateKeyPair('RS256', { extractable: true })
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'rsa' }] }))
  await reload({})
  assert.deepEqual(await statuses(), [401, 401], 'the file has another key of that name')
})

test('an algorithm that takes long is verified by the thread pool, known or not', async t => {
  const { privateKey, publicKey } = await jose.generateKeyPair('ES512', { extractable: true })
  const file = path.join(folder, 'es512.json')
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k' }] }))
  const gateway = await open(t, { '/x': { jwk_local_path: file, alg: 'ES512', roles: ['admin'] } })
  for (let i = 0; i < 6; i++) {
    for (const [roles, answer] of [
      [['admin'], 200],
      [['user'], 403]
    ] as const) {
      const token = await sign({ roles, jti: `${i}` }, privateKey, { alg: 'ES512', kid: 'k' })
      assert.equal(await status(gateway, '/x', token), answer)
      assert.equal(await status(gateway, '/x', token), answer)
      assert.equal(await status(gateway, '/x', token.slice(0, -8) + 'A'.repeat(8)), 401)
    }
  }
})

test('a size that is no number from 0 stops the start', async t => {
  for (const token_cache_bytes of [-1, '16MB', 1.5])
    await assert.rejects(open(t, { '/x': { token_cache_bytes } }), /token_cache_bytes/, String(token_cache_bytes))
})
