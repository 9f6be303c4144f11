import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as jose from 'jose'
import type { ConfigInput } from '../../../../src/config/input.js'
import { createGateway } from '../../../../src/gateway.js'
import { silentLogger } from '../../../../src/telemetry/logger.js'
import { openGateway } from '../../../support/open-gateway.js'
import { fetch, until } from '../../../support/waiting.js'
import { makeKeys, sendJson, serve, type TestKeys } from '../support.js'

let keys: TestKeys
let folder: string
let keyFile: string
before(async () => {
  keys = await makeKeys()
  folder = mkdtempSync(path.join(tmpdir(), 'keys-'))
  keyFile = path.join(folder, 'private.json')
  writeFileSync(keyFile, JSON.stringify(keys.privateSet))
})
after(() => rmSync(folder, { recursive: true }))

const PAYLOAD =
  '{"access_token":{"sub":"u","exp":4102444800,"n":12345678901234567890,"aud":"<a>"},"refresh_token":{"sub":"u"},"plain":"p","list":[1]}'

function configOf(upstream: string, signer: object, more: { backends?: object[]; endpoint?: object } = {}): object {
  const endpoint = {
    endpoint: '/t',
    backend: more.backends ?? [{ host: [upstream], url_pattern: '/t' }],
    ...more.endpoint,
    extra_config: {
      'auth/signer': { alg: 'HS256', kid: 'hs', jwk_local_path: keyFile, keys_to_sign: ['access_token'], ...signer }
    }
  }
  return { endpoints: [endpoint] }
}

type Owner = Parameters<typeof openGateway>[0]

/** Returns what the client gets, from an upstream with tokens to sign. */
async function signed(
  t: Owner,
  signer: object,
  more = {}
): Promise<{ status: number; headers: Headers; data: Record<string, string> }> {
  const upstream = await serve(t, (_req, res) => void res.setHeader('content-type', 'application/json').end(PAYLOAD))
  const { origin } = await openGateway(t, configOf(upstream.url, signer, more))
  const response = await fetch(`${origin}/t`)
  return { status: response.status, headers: response.headers, data: (await response.json()) as Record<string, string> }
}

test('replaces objects by tokens and leaves the rest and the usual headers', async t => {
  const { status, headers, data } = await signed(t, { keys_to_sign: ['access_token', 'plain', 'list', 'nope'] })
  assert.deepEqual([status, headers.get('x-krakend-completed'), data.plain, data.list], [200, 'true', 'p', [1]])
  const { payload, protectedHeader } = await jose.compactVerify(data.access_token!, keys.secret)
  assert.deepEqual(protectedHeader, { alg: 'HS256', kid: 'hs', typ: 'JWT' })
  assert.equal(
    new TextDecoder().decode(payload),
    '{"aud":"\\u003ca\\u003e","exp":4102444800,"n":12345678901234567890,"sub":"u"}',
    'sorted keys, numbers as the backend wrote them'
  )
  assert.deepEqual(data.refresh_token, { sub: 'u' })
})

test('the status of a failure with details is that of the answer, as a login wants it', async t => {
  const upstream = await serve(t, (req, res) => sendJson(res, { why: req.url }, req.url === '/ok' ? 200 : 401))
  const details = { 'backend/http': { return_error_details: 'login' } }
  const backend = (url_pattern: string): object => ({ host: [upstream.url], url_pattern, extra_config: details })
  for (const [first, second, status] of [
    ['/no', undefined, 401],
    ['/ok', undefined, 200],
    ['/no', '/ok', 401],
    ['/ok', '/no', 200]
  ] as const) {
    const backends = [first, second].filter(url => url !== undefined).map(backend)
    const more = { backends, endpoint: { extra_config: undefined } }
    const config = configOf(upstream.url, {}, more) as { endpoints: { extra_config: object }[] }
    Object.assign(config.endpoints[0]!.extra_config, { proxy: { sequential: second !== undefined } })
    const { origin } = await openGateway(t, config)
    assert.equal((await fetch(`${origin}/t`)).status, status, `${first} ${second}`)
  }
})

test('signs with asymmetric keys, in the JSON serialisation, with another type', async t => {
  const { data } = await signed(t, { alg: 'ES256', kid: 'ec', full: true, typ: 'at+jwt', keys_to_sign: ['refresh_token'] })
  const token = JSON.parse(data.refresh_token!) as jose.FlattenedJWS
  assert.deepEqual(Object.keys(token), ['payload', 'protected', 'signature'])
  const key = await jose.importJWK(keys.publicSet.keys[1] as jose.JWK, 'ES256')
  const { payload, protectedHeader } = await jose.flattenedVerify(token, key)
  assert.equal(new TextDecoder().decode(payload), '{"sub":"u"}')
  assert.equal(protectedHeader?.typ, 'at+jwt')
})

test('signs before the answer is rendered, whatever its encoding', async t => {
  const upstream = await serve(t, (_req, res) => void res.setHeader('content-type', 'application/json').end(PAYLOAD))
  const { origin } = await openGateway(t, configOf(upstream.url, {}, { endpoint: { output_encoding: 'xml' } }))
  const text = await (await fetch(`${origin}/t`)).text()
  const token = /<access_token>([^<]+)<\/access_token>/.exec(text)![1]!
  assert.equal((await jose.jwtVerify(token, keys.secret)).payload.sub, 'u')
})

test('signs JSON that passes through too', async t => {
  const { data } = await signed(t, {}, { endpoint: { output_encoding: 'no-op' } })
  assert.equal((await jose.jwtVerify(data.access_token!, keys.secret)).payload.sub, 'u')
})

test('reads its key from a URL, at start', async t => {
  const keyServer = await serve(t, (_req, res) => sendJson(res, keys.privateSet))
  const { data } = await signed(t, {
    jwk_local_path: '',
    jwk_url: keyServer.url,
    disable_jwk_security: true,
    alg: 'RS256',
    kid: 'rsa'
  })
  const key = await jose.importJWK(keys.publicSet.keys[0] as jose.JWK, 'RS256')
  assert.equal((await jose.jwtVerify(data.access_token!, key)).payload.sub, 'u')
  assert.equal(keyServer.requests.length, 1)
})

test('answers 400 when a backend fails, also when others did not', async t => {
  const upstream = await serve(t, (req, res) => {
    if (req.url === '/bad') return sendJson(res, {}, 500)
    res.setHeader('content-type', 'application/json').end(PAYLOAD)
  })
  const backend = (pattern: string): object => ({ host: [upstream.url], url_pattern: pattern })
  for (const backends of [[backend('/bad')], [backend('/t'), backend('/bad')]]) {
    const { origin } = await openGateway(t, configOf(upstream.url, {}, { backends }))
    const response = await fetch(`${origin}/t`)
    assert.deepEqual([response.status, await response.text()], [400, ''])
  }
})

test('passes an answer that is no object', async t => {
  const upstream = await serve(t, (_req, res) => sendJson(res, [1, 2]))
  const { origin } = await openGateway(t, configOf(upstream.url, {}, { endpoint: { output_encoding: 'no-op' } }))
  assert.equal(await (await fetch(`${origin}/t`)).text(), '[1,2]')
})

const WRONG: [string, object, RegExp][] = [
  ['no algorithm', { alg: undefined }, /auth~1signer\/alg/],
  ['no key name', { kid: undefined }, /auth~1signer\/kid.*which key/],
  ['a key that is not in the set', { kid: 'nope' }, /kid.*no private key "nope" for HS256/],
  ['a key of another kind', { alg: 'RS256' }, /kid.*no private key "hs" for RS256/],
  ['keys to sign that are no list', { keys_to_sign: 'a' }, /keys_to_sign/]
]

for (const [why, signer, message] of WRONG) {
  test(`stops the start, with the place; tolerant: nothing leaves unsigned: ${why}`, async t => {
    const upstream = await serve(t, (_req, res) => void res.setHeader('content-type', 'application/json').end(PAYLOAD))
    const config = { version: 3, ...configOf(upstream.url, signer) }
    await assert.rejects(createGateway(config as unknown as ConfigInput, { env: {}, logger: silentLogger }), message)
    const { origin } = await openGateway(t, config, { tolerant: true })
    const response = await fetch(`${origin}/t`)
    assert.ok(response.status >= 400)
    assert.equal(await response.text(), '')
  })
}

test('a key server that is away does not stop the start: nothing leaves unsigned, and signing begins when it is there', async t => {
  const upstream = await serve(t, (_req, res) => void res.setHeader('content-type', 'application/json').end(PAYLOAD))
  let isAway = true
  const server = await serve(t, (_req, res) => {
    if (isAway) res.writeHead(503).end()
    else res.end(JSON.stringify(keys.privateSet))
  })
  const remote = { jwk_local_path: '', jwk_url: server.url, disable_jwk_security: true }
  const { origin } = await openGateway(t, { version: 3, ...configOf(upstream.url, remote) })
  const refused = await fetch(`${origin}/t`)
  assert.equal(refused.status, 400)
  assert.equal(await refused.text(), '')
  isAway = false
  await until(async () => (await fetch(`${origin}/t`)).status === 200, 'the signer has its key')
  assert.match(await (await fetch(`${origin}/t`)).text(), /"eyJ/)
})

test('does not take a public key for a private one', async () => {
  const file = path.join(folder, 'public.json')
  writeFileSync(file, JSON.stringify(keys.publicSet))
  const config = { version: 3, ...configOf('http://nowhere.test', { alg: 'RS256', kid: 'rsa', jwk_local_path: file }) }
  await assert.rejects(createGateway(config as unknown as ConfigInput, { env: {}, logger: silentLogger }), /no private key "rsa"/)
})
