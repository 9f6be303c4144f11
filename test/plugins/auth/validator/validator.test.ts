import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as jose from 'jose'
import { TokenVerifier } from '../../../../plugins/auth/validator/verify.js'
import type { ConfigInput } from '../../../../src/config/input.js'
import { createGateway } from '../../../../src/gateway.js'
import { silentLogger } from '../../../../src/telemetry/logger.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import { stopClock } from '../../../support/time.js'
import { fetch } from '../../../support/waiting.js'
import { build } from '../../scripted-upstream.js'
import { makeKeys, seconds, sendJson, serve, serveEcho, sign, type TestKeys } from '../support.js'

let keys: TestKeys
let folder: string
let keyFile: string
before(async () => {
  keys = await makeKeys()
  folder = mkdtempSync(path.join(tmpdir(), 'keys-'))
  keyFile = path.join(folder, 'keys.json')
  writeFileSync(keyFile, JSON.stringify(keys.publicSet))
})
after(() => rmSync(folder, { recursive: true }))

const LOGGING = { 'telemetry/logging': { level: 'DEBUG', stdout: true } }

interface Setup {
  readonly validator: object
  readonly endpoint?: object
  readonly urlPattern?: string
  readonly upstream: string
  readonly service?: object
  /** Components of the endpoint beside the validator. */
  readonly beside?: object
}

function configOf({ validator, endpoint, urlPattern, upstream, service, beside }: Setup): object {
  const one = {
    endpoint: '/x/{id}',
    ...endpoint,
    backend: [{ host: [upstream], url_pattern: urlPattern ?? '/in/{id}' }],
    extra_config: { 'auth/validator': { jwk_local_path: keyFile, alg: 'RS256', ...validator }, ...beside }
  }
  return { timeout: '30s', extra_config: { ...LOGGING, ...service }, endpoints: [one] }
}

type Owner = Parameters<typeof openGateway>[0]

async function open(t: Owner, setup: Omit<Setup, 'upstream'>, options = {}): Promise<OpenGateway> {
  const upstream = await serveEcho(t)
  return openGateway(t, configOf({ ...setup, upstream: upstream.url }), options)
}

interface Echo {
  readonly path: string
  readonly headers: Record<string, string>
}

async function call(
  open: OpenGateway,
  headers: Record<string, string> = {}
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${open.origin}/x/7`, { headers })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

test('lets a valid token pass and answers 401 without a body to all others', async t => {
  const gateway = await open(t, { validator: {} })
  const good = await sign({ sub: 'u' }, keys.rsa)
  assert.equal((await call(gateway, bearer(good))).status, 200)
  assert.equal((await call(gateway, { cookie: `access_token=${good}` })).status, 200)
  const [head, body, signature] = good.split('.') as [string, string, string]
  const unsigned = `${jose.base64url.encode('{"alg":"none","kid":"rsa"}')}.${body}.`
  const confused = await new jose.CompactSign(jose.base64url.decode(body))
    .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
    .sign(
      new TextEncoder().encode(
        await jose.exportSPKI((await jose.importJWK(keys.publicSet.keys[0] as jose.JWK, 'RS256')) as jose.CryptoKey)
      )
    )
  const bad: Record<string, string> = {
    'alg none': unsigned,
    'key confusion': confused,
    'another algorithm with a known key': await sign({}, keys.secret, { alg: 'HS256', kid: 'hs' }),
    'ES256 where RS256 is configured': await sign({}, keys.ec, { alg: 'ES256', kid: 'ec' }),
    expired: await sign({ exp: seconds() - 100 }, keys.rsa),
    'from the future': await sign({ iat: seconds() + 100 }, keys.rsa),
    'another payload': `${head}.${jose.base64url.encode('{"sub":"root"}')}.${signature}`,
    'unknown key': await sign({}, keys.rsa, { alg: 'RS256', kid: 'nope' }),
    'no key': await sign({}, keys.rsa, { alg: 'RS256' }),
    'a critical extension': await new jose.CompactSign(jose.base64url.decode(body))
      .setProtectedHeader({ alg: 'RS256', kid: 'rsa', b64: true, crit: ['b64'] })
      .sign(keys.rsa),
    'a payload that is a list': await new jose.CompactSign(new TextEncoder().encode('[]'))
      .setProtectedHeader({ alg: 'RS256', kid: 'rsa' })
      .sign(keys.rsa),
    'a payload that is no JSON': await new jose.CompactSign(new TextEncoder().encode('{'))
      .setProtectedHeader({ alg: 'RS256', kid: 'rsa' })
      .sign(keys.rsa),
    garbage: 'a.b.c',
    'five parts': 'a.b.c.d.e'
  }
  for (const [why, token] of Object.entries(bad)) {
    const { status, text, headers } = await call(gateway, bearer(token))
    assert.deepEqual([status, text, headers.get('x-krakend')], [401, '', null], why)
  }
  assert.equal((await call(gateway)).status, 401)
  assert.equal((await call(gateway, { authorization: 'Basic dTpw', cookie: `access_token=${good}` })).status, 401)
})

test('says why in the log only when operation_debug asks for it, and never prints a token', async t => {
  const gateway = await open(t, { validator: { operation_debug: true } })
  const expired = await sign({ exp: 5 }, keys.rsa)
  await call(gateway, bearer(expired))
  await gateway.log.line(/ERROR:? \[ENDPOINT: \/x\/:id\]\[JWTValidator\] Unable to validate the token: token is expired/)
  await call(gateway)
  await gateway.log.line(/Unable to validate the token: Token not found/)
  assert.match(gateway.log.text, /\[JWTValidator\] Validator enabled for this endpoint\. Operation debug is enabled/)
  assert.ok(!gateway.log.text.includes(expired))
  const quiet = await open(t, { validator: {} })
  await call(quiet, bearer(expired))
  assert.ok(!quiet.log.text.includes('Unable to validate'))
})

test('names the refusal in the JSON access log', async t => {
  const upstream = await serveEcho(t)
  const service = { 'telemetry/logging': { level: 'DEBUG', stdout: true, access_log_format: 'json' } }
  const gateway = await openGateway(t, configOf({ validator: { roles: ['admin'] }, service, upstream: upstream.url }))
  await call(gateway)
  await gateway.log.line(/SLUICE_ERR_CLIENT_UNAUTHORIZED/)
  await call(gateway, bearer(await sign({}, keys.rsa)))
  await gateway.log.line(/SLUICE_ERR_CLIENT_FORBIDDEN/)
})

test('answers 403 when roles or scopes do not suffice', async t => {
  const roles = await open(t, { validator: { roles: ['admin', 'root'], roles_key: 'realm.roles', roles_key_is_nested: true } })
  assert.equal((await call(roles, bearer(await sign({ realm: { roles: ['x', 'root'] } }, keys.rsa)))).status, 200)
  assert.equal((await call(roles, bearer(await sign({ realm: { roles: ['x'] }, roles: ['admin'] }, keys.rsa)))).status, 403)
  const scopes = await open(t, { validator: { scopes: ['read', 'write'], scopes_key: 'scp', scopes_matcher: 'all' } })
  assert.equal((await call(scopes, bearer(await sign({ scp: 'write read' }, keys.rsa)))).status, 200)
  assert.equal((await call(scopes, bearer(await sign({ scp: ['read'] }, keys.rsa)))).status, 403)
})

test('scopes without the claim they are in stop the start; tolerant: KrakenD checks none, roles still count', async t => {
  const validator = { scopes: ['read'], roles: ['admin'] }
  await assert.rejects(open(t, { validator }), /auth~1validator\/scopes: scopes without scopes_key/)
  await assert.rejects(open(t, { validator: { ...validator, scopes_key: '' } }), /scopes without scopes_key/)
  const gateway = await open(t, { validator }, { tolerant: true })
  assert.equal((await call(gateway, bearer(await sign({ roles: ['admin'] }, keys.rsa)))).status, 200)
  assert.equal((await call(gateway, bearer(await sign({ scope: 'read' }, keys.rsa)))).status, 403)
  assert.match(gateway.log.text, /ERROR:? .*scopes without scopes_key/)
})

test('takes header and cookie by the configured names, and keys by thumbprint', async t => {
  const set = path.join(folder, 'x5t.json')
  writeFileSync(set, JSON.stringify({ keys: [{ ...keys.publicSet.keys[0], x5t: 'thumb' }] }))
  const gateway = await open(t, {
    validator: { jwk_local_path: set, key_identify_strategy: 'x5t', auth_header_name: 'X-Token', cookie_key: 'tok', leeway: '1h' }
  })
  const token = await sign({ exp: seconds() - 30 }, keys.rsa, { alg: 'RS256', x5t: 'thumb' } as never)
  assert.equal((await call(gateway, { 'x-token': token })).status, 200)
  assert.equal((await call(gateway, { cookie: `tok=${token}` })).status, 200)
  assert.equal((await call(gateway, bearer(token))).status, 401)
})

test('hands claims to backends as headers, and nothing that the client put there', async t => {
  const claims = [
    ['sub', 'x-sub'],
    ['name', 'x-name'],
    ['nope', 'x-nope'],
    ['obj.k', 'x-k'],
    ['list', 'x-list']
  ]
  const gateway = await open(t, {
    validator: { propagate_claims: claims },
    endpoint: { input_headers: ['x-sub', 'x-name', 'x-nope', 'x-k', 'x-list'] }
  })
  const token = await sign({ sub: 'u', name: 'Jörg', obj: { k: 1.5 }, list: ['a', 'b'] }, keys.rsa)
  const spoof = { 'x-sub': 'root', 'X-NOPE': 'root', connection: 'keep-alive, x-sub' }
  const { text } = await call(gateway, { ...bearer(token), ...spoof })
  const { headers } = JSON.parse(text) as Echo
  assert.deepEqual([headers['x-sub'], headers['x-nope'], headers['x-k'], headers['x-list']], ['u', '', '1.500000', 'a,b'])
  assert.equal(Buffer.from(headers['x-name']!, 'latin1').toString(), 'Jörg')
  assert.equal((await call(gateway, bearer(await sign({ sub: 'a\r\nx-admin: 1' }, keys.rsa)))).status, 401)
})

test('a claim whose field reaches no backend is a warning, unless something reads it on the way', async t => {
  const validator = {
    propagate_claims: [
      ['sub', 'x-sub'],
      ['list', 'X-Let']
    ]
  }
  const warnings = async (endpoint: object, beside: object = {}): Promise<readonly string[]> => {
    const { gateway, log } = await open(t, { validator, endpoint, beside })
    await gateway.close() // log lines leave in a later turn
    return log.lines.filter(line => line.includes('reaches no backend'))
  }
  const [warning, ...more] = await warnings({ input_headers: ['x-let'] })
  assert.match(warning!, /WARNING.*x-sub reaches no backend: name it in the endpoint's input_headers/)
  assert.deepEqual(more, [])
  assert.deepEqual(await warnings({ input_headers: ['*'] }), [])
  const limit = { 'qos/ratelimit/router': { client_max_rate: 5, strategy: 'header', key: 'x-sub' } }
  assert.deepEqual(await warnings({}, limit), [])
})

test('a claim cannot set what frames a message', async t => {
  const propagate_claims = [
    ['sub', 'x-sub'],
    ['len', 'Content-Length']
  ]
  for (const name of ['Content-Length', 'transfer-encoding', 'Connection', 'HOST', 'Upgrade']) {
    const validator = { propagate_claims: [['len', name]] }
    await assert.rejects(open(t, { validator }), /propagate_claims\/0\/1: \S+ belongs to the connection/)
  }
  const gateway = await open(t, { validator: { propagate_claims }, endpoint: { input_headers: ['*'] } }, { tolerant: true })
  const { status, text } = await call(gateway, bearer(await sign({ sub: 'u', len: '5' }, keys.rsa)))
  const { headers } = JSON.parse(text) as Echo
  assert.deepEqual([status, headers['x-sub'], headers['content-length']], [200, 'u', undefined])
})

test('can hand over a list as several fields', async t => {
  const gateway = await open(t, {
    validator: { propagate_claims: [['list', 'x-list']], propagate_claims_preserve_array: true },
    endpoint: { input_headers: ['x-list'] }
  })
  const { text } = await call(gateway, { ...bearer(await sign({ list: ['a', 2] }, keys.rsa)), 'x-list': 'spoof' })
  assert.equal((JSON.parse(text) as Echo).headers['x-list'], 'a, 2')
  const empty = await call(gateway, { ...bearer(await sign({ list: [] }, keys.rsa)), 'x-list': 'spoof' })
  assert.equal((JSON.parse(empty.text) as Echo).headers['x-list'], undefined)
})

test('puts claims into the path of the backend, encoded', async t => {
  const gateway = await open(t, { validator: {}, urlPattern: '/in/{id}/{JWT.who}/{JWT.obj.k}' })
  const ask = async (claims: Record<string, unknown>): Promise<{ status: number; text: string }> =>
    call(gateway, bearer(await sign(claims, keys.rsa)))
  const pathOf = async (claims: Record<string, unknown>): Promise<string> => (JSON.parse((await ask(claims)).text) as Echo).path
  assert.equal(await pathOf({ who: 'a/b c', obj: { k: 3 } }), '/in/7/a%2Fb%20c/3')
  assert.equal(await pathOf({ who: ['a', 'b'], obj: { k: true } }), '/in/7/a,b/true')
  // a call without a value, or with one that is no segment, would reach another resource
  for (const who of [undefined, '', null, [], [''], '.', '..', '..;x']) {
    const { status } = await ask({ who, obj: { k: 3 } })
    assert.ok(status === 500 || status === 400, `${JSON.stringify(who)}: ${status}`)
  }
})

test('a claim with dots in its name goes before a nested one in the path', async t => {
  const gateway = await open(t, { validator: {}, urlPattern: '/in/{JWT.a.b}' })
  const ask = async (claims: Record<string, unknown>): Promise<string> =>
    (JSON.parse((await call(gateway, bearer(await sign(claims, keys.rsa)))).text) as Echo).path
  assert.equal(await ask({ 'a.b': 'flat', a: { b: 'nested' } }), '/in/flat')
  assert.equal(await ask({ a: { b: 'nested' } }), '/in/nested')
})

test('parameters of the path keep their spelling beside claims', async t => {
  const gateway = await open(t, { validator: {}, urlPattern: '/in/{id}/{JWT.sub}' })
  const response = await fetch(`${gateway.origin}/x/a%3Bb;c`, { headers: bearer(await sign({ sub: 'u' }, keys.rsa)) })
  assert.equal(((await response.json()) as Echo).path, '/in/a%3Bb;c/u')
})

test('refuses a token of megabytes without looking into it; others go on', async t => {
  const gateway = await open(t, { validator: {} })
  const endless = 'a'.repeat(5_000_000)
  const refused = await gateway.gateway.request({ path: '/x/7', headers: { authorization: endless } }).then(
    ({ status }) => status,
    (cause: NodeJS.ErrnoException) => cause.code
  )
  assert.ok(refused === 431 || refused === 'ECONNRESET', String(refused))
  assert.equal((await call(gateway, bearer(await sign({}, keys.rsa)))).status, 200)
  const verifier = new TokenVerifier({
    keys: { find: () => assert.fail('no key is looked for'), load: () => assert.fail(), onChange: () => () => {} },
    wanted: { alg: 'RS256', strategy: 'kid', use: 'verify' },
    rules: { issuer: '', audience: [], leewaySeconds: 1 },
    keyWaitMs: 1000,
    nowSeconds: seconds,
    memory: undefined
  })
  assert.throws(() => verifier.verify(`${jose.base64url.encode('{"alg":"RS256"}')}.${endless}.b`), /too long/)
})

test('shares one fetched key set among the endpoints of a gateway', async t => {
  const keyServer = await serve(t, (_req, res) => sendJson(res, keys.publicSet))
  const upstream = await serveEcho(t)
  const validator = { alg: 'RS256', jwk_url: `${keyServer.url}/k`, disable_jwk_security: true, cache: true }
  const endpoints = ['/x/{id}', '/y'].map(endpoint => ({
    endpoint,
    backend: [{ host: [upstream.url], url_pattern: '/in' }],
    extra_config: { 'auth/validator': validator }
  }))
  const gateway = await openGateway(t, { extra_config: { 'auth/validator': { shared_cache_duration: 60 } }, endpoints })
  const token = bearer(await sign({}, keys.rsa))
  assert.equal((await call(gateway, token)).status, 200)
  assert.equal((await fetch(`${gateway.origin}/y`, { headers: token })).status, 200)
  assert.equal(keyServer.requests.length, 1)
})

test('a key server that hangs costs the requests that need it a 401, and others nothing', async t => {
  const keyServer = await serve(t, () => {})
  const upstream = await serveEcho(t)
  const endpoint = (name: string, timeout: string, extra: object): object => ({
    endpoint: name,
    timeout,
    backend: [{ host: [upstream.url], url_pattern: '/in' }],
    extra_config: extra
  })
  const validator = { alg: 'RS256', jwk_url: keyServer.url, disable_jwk_security: true }
  const gateway = await openGateway(t, {
    endpoints: [endpoint('/x/7', '400ms', { 'auth/validator': validator }), endpoint('/open', '30s', {})]
  })
  const waiting = call(gateway, bearer(await sign({}, keys.rsa)))
  assert.equal((await fetch(`${gateway.origin}/open`)).status, 200)
  const { status, text } = await waiting
  assert.deepEqual([status, text], [401, ''])
})

test('a key server that is away costs a 401, and the log says so once per attempt', async t => {
  stopClock(t)
  const upstream = await serveEcho(t)
  const validator = { jwk_local_path: '', jwk_url: 'http://127.0.0.1:1/keys', disable_jwk_security: true }
  const gateway = await openGateway(t, configOf({ validator, upstream: upstream.url }))
  const token = bearer(await sign({}, keys.rsa))
  assert.equal((await call(gateway, token)).status, 401)
  assert.equal((await call(gateway, token)).status, 401)
  assert.equal(gateway.log.lines.filter(line => /the keys of http:\/\/127\.0\.0\.1:1\/keys cannot be had/.test(line)).length, 1)
})

const WRONG: [string, object, RegExp][] = [
  [
    'pins without TLS',
    {
      jwk_local_path: '',
      jwk_url: 'http://k.test/',
      disable_jwk_security: true,
      jwk_fingerprints: [Buffer.alloc(32).toString('base64')]
    },
    /jwk_fingerprints.*use https/
  ],
  ['no algorithm', { alg: undefined }, /auth~1validator\/alg.*unknown algorithm/],
  ['alg none', { alg: 'none' }, /auth~1validator\/alg/],
  ['no keys', { jwk_local_path: '' }, /give jwk_url or jwk_local_path/],
  ['plain http', { jwk_local_path: '', jwk_url: 'http://k.test/' }, /jwk_url.*insecure connection/],
  ['no URL', { jwk_local_path: '', jwk_url: 'k.test' }, /jwk_url.*not an http or https URL/],
  [
    'a file that is not there',
    { jwk_local_path: '/nowhere/keys.json' },
    /jwk_local_path.*open \/nowhere\/keys\.json: no such file or directory/
  ],
  [
    'a file that holds no keys',
    { jwk_local_path: new URL('../support.ts', import.meta.url).pathname },
    /jwk_local_path.*not JSON/
  ],
  ['cache of a file', { cache: true }, /cache.*could not be used with jwk_local_path/],
  ['an encrypted file', { secret_url: 'base64key://x' }, /secret_url.*not supported/],
  ['an encryption key', { cypher_key: 'eA==' }, /cypher_key.*not supported/],
  ['a pin that is none', { jwk_local_path: '', jwk_url: 'https://k.test/', jwk_fingerprints: ['x'] }, /jwk_fingerprints\/0/],
  [
    'an authority that is not there',
    { jwk_local_path: '', jwk_url: 'https://k.test/', jwk_local_ca: '/nowhere.pem' },
    /jwk_local_ca.*no such file or directory/
  ],
  [
    'an authority that is none',
    { jwk_local_path: '', jwk_url: 'https://k.test/', jwk_local_ca: new URL('../support.ts', import.meta.url).pathname },
    /jwk_local_ca.*no certificate/
  ],
  [
    'an unknown suite',
    { jwk_local_path: '', jwk_url: 'https://k.test/', cipher_suites: [1] },
    /cipher_suites.*no cipher suite has the number 1/
  ],
  ['broken suites only', { jwk_local_path: '', jwk_url: 'https://k.test/', cipher_suites: [5, 10] }, /cipher_suites.*RC4/],
  ['a bad leeway', { leeway: 'soon' }, /leeway.*duration/],
  ['an unknown strategy', { key_identify_strategy: 'guess' }, /key_identify_strategy/],
  ['an unknown matcher', { scopes: ['a'], scopes_matcher: 'some' }, /scopes_matcher/],
  ['roles that are no list', { roles: 'admin' }, /roles/],
  ['a claim without a header', { propagate_claims: [['sub']] }, /propagate_claims/],
  ['a header that is none', { propagate_claims: [['sub', 'x sub']] }, /propagate_claims\/0\/1.*header/]
]

for (const [why, validator, message] of WRONG) {
  test(`stops the start, with the place: ${why}`, async t => {
    const config = { version: 3, ...configOf({ validator, upstream: 'http://nowhere.test' }) }
    await assert.rejects(createGateway(config as unknown as ConfigInput, { env: {}, logger: silentLogger }), (error: Error) => {
      assert.match(error.message, message)
      return true
    })
    const gateway = await openGateway(t, config, { tolerant: true })
    assert.equal((await call(gateway, bearer(await sign({}, keys.rsa)))).status, 401, 'tolerant: nothing passes')
    await gateway.log.line(/ERROR:? \[ENDPOINT: \/x\/:id\]\[auth\/validator\] refuses every request/)
  })
}

test('tolerant: options that are no object refuse everything too', async t => {
  const config = configOf({ validator: {}, upstream: 'http://nowhere.test' }) as { endpoints: { extra_config: object }[] }
  config.endpoints[0]!.extra_config = { 'auth/validator': 'yes' }
  const gateway = await openGateway(t, config, { tolerant: true })
  assert.equal((await call(gateway)).status, 401)
})

test('what stands in the root protects no endpoint, and is told', async t => {
  const { gateway } = await build(t, {
    extra_config: { 'auth/validator': { alg: 'RS256', jwk_url: 'https://keys.test/', shared_cache_duration: 60 } },
    endpoints: []
  })
  assert.deepEqual(
    gateway.config.problems.map(({ level, pointer }) => `${level} ${pointer}`),
    ['warning /extra_config/auth~1validator/alg', 'warning /extra_config/auth~1validator/jwk_url']
  )
})
