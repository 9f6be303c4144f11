import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { ConfigError } from '../../../../src/errors.js'
import { createGateway } from '../../../../src/gateway.js'
import { freePort } from '../../../support/free-port.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import { fetch, once } from '../../../support/waiting.js'
import { makeKeys, serveEcho, sign, type TestKeys } from '../support.js'

let keys: TestKeys
let folder: string
let keyFile: string
before(async () => {
  keys = await makeKeys()
  folder = mkdtempSync(path.join(tmpdir(), 'revoker-'))
  keyFile = path.join(folder, 'keys.json')
  writeFileSync(keyFile, JSON.stringify(keys.publicSet))
})
after(() => rmSync(folder, { recursive: true }))

const REVOKER = { N: 1000, P: 1e-7, hash_name: 'optimal', TTL: 1500, token_keys: ['jti', 'sub'] }
const LOGGING = { 'telemetry/logging': { level: 'DEBUG', stdout: true } }

/** A configuration with a protected endpoint, an open one, and this revoker. */
function configOf(upstream: string, revoker: unknown, validator: object = {}): object {
  const backend = [{ host: [upstream], url_pattern: '/in' }]
  const guarded = { 'auth/validator': { jwk_local_path: keyFile, alg: 'RS256', ...validator } }
  return {
    timeout: '30s',
    extra_config: { ...LOGGING, 'auth/revoker': revoker },
    endpoints: [
      { endpoint: '/guarded', backend, extra_config: guarded },
      { endpoint: '/open', backend }
    ]
  }
}

interface Running extends OpenGateway {
  /** Revokes over HTTP. */
  revoke(...elems: string[]): Promise<void>
  /** The status for a token with these claims. */
  status(claims: Record<string, unknown>): Promise<number>
}

type Owner = Parameters<typeof openGateway>[0]

async function start(t: Owner, revoker: object = {}, validator: object = {}): Promise<Running> {
  const upstream = await serveEcho(t)
  const port = await freePort()
  const open = await openGateway(t, configOf(upstream.url, { ...REVOKER, http: { port }, ...revoker }, validator))
  return {
    ...open,
    async revoke(...elems) {
      const body = JSON.stringify({ elems })
      const response = await fetch(`http://127.0.0.1:${port}/add`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body
      })
      assert.equal(response.status, 200)
    },
    status: async claims => (await call(open, '/guarded', await sign(claims, keys.rsa))).status
  }
}

async function call(
  { origin }: OpenGateway,
  target: string,
  token: string
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(origin + target, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

test('refuses a revoked token with 401, without a body and without the fields of the gateway', async t => {
  const running = await start(t)
  const token = await sign({ jti: 'a' }, keys.rsa)
  assert.equal((await call(running, '/guarded', token)).status, 200)
  await running.revoke('jti-a')
  const refused = await call(running, '/guarded', token)
  assert.deepEqual([refused.status, refused.text], [401, ''])
  assert.equal(refused.headers.get('x-krakend'), null)
  assert.equal(refused.headers.get('content-type'), null)
  assert.equal(await running.status({ jti: 'b' }), 200)
  assert.equal((await call(running, '/open', token)).status, 200)
})

test('only texts of the claims in token_keys revoke', async t => {
  const { revoke, status } = await start(t, {
    token_keys: ['jti', 'sub', 'num', 'yes', 'list', 'obj', 'obj.k', 'toString', '__proto__']
  })
  await revoke('num-42', 'yes-true', 'list-a', 'obj-v', 'obj.k-v', 'email-a@b', 'sub-ünï', 'jti-\u{fffd}', 'toString-x')
  const claims = { num: 42, yes: true, list: ['a'], obj: { k: 'v' }, email: 'a@b' }
  assert.equal(await status(claims), 200, 'numbers, booleans, lists, objects and other claims do not')
  assert.equal(await status({ sub: 'ünï' }), 401)
  assert.equal(await status({ num: '42' }), 401)
  assert.equal(await status({ 'obj.k': 'v' }), 401, 'a name with a dot is a name')
  assert.equal(await status({ toString: 'x' }), 401)
})

test('a revoked token gets 401 also where its roles would not suffice', async t => {
  const { revoke, status } = await start(t, {}, { roles: ['admin'] })
  assert.equal(await status({ jti: 'a' }), 403)
  await revoke('jti-a')
  assert.equal(await status({ jti: 'a' }), 401)
})

test('says why in the log of the operator alone', async t => {
  const { revoke, status, log } = await start(t, {}, { operation_debug: true })
  await revoke('sub-me')
  assert.equal(await status({ sub: 'me' }), 401)
  await log.line(/\[ENDPOINT: \/guarded\]\[JWTValidator\] Token sent by client rejected/)
})

test('names of options count without regard to case, as in KrakenD', async t => {
  const { revoke, status } = await start(t, { N: undefined, n: 100, P: undefined, p: 0.001, TTL: undefined, Ttl: 1500 })
  await revoke('jti-a')
  assert.equal(await status({ jti: 'a' }), 401)
})

/** Options that cannot be honoured, and what is said. */
const faulty: Record<string, [options: unknown, fault: RegExp]> = {
  'no object': [true, /expected an object|must be object/],
  'no N': [{ ...REVOKER, N: undefined }, /N/],
  'N 0': [{ ...REVOKER, N: 0 }, /N/],
  'N below 0': [{ ...REVOKER, N: -1 }, /N/],
  'N in quotes': [{ ...REVOKER, N: '1000' }, /N/],
  'N with a fraction': [{ ...REVOKER, N: 1.5 }, /N/],
  'an absurd N': [{ ...REVOKER, N: 1e12 }, /N 1000000000000 and P 1e-7 need three filters of \d+ MiB, at most 1024 MiB each/],
  'an absurd P': [{ ...REVOKER, N: 1e8, P: 1e-300 }, /need three filters/],
  'P 0': [{ ...REVOKER, P: 0 }, /P/],
  'P 1': [{ ...REVOKER, P: 1 }, /P/],
  'no P': [{ ...REVOKER, P: undefined }, /P/],
  'an unknown hash': [{ ...REVOKER, hash_name: 'md5' }, /hash_name/],
  'no hash': [{ ...REVOKER, hash_name: undefined }, /hash_name/],
  'no TTL': [{ ...REVOKER, TTL: undefined }, /TTL/],
  'a TTL as a duration': [{ ...REVOKER, TTL: '10s' }, /TTL/],
  'a TTL with a fraction': [{ ...REVOKER, TTL: 0.5 }, /TTL/],
  'a TTL beyond what KrakenD can keep': [{ ...REVOKER, TTL: 1e12 }, /TTL/],
  'token_keys as a text': [{ ...REVOKER, token_keys: 'jti' }, /token_keys/],
  'a number among token_keys': [{ ...REVOKER, token_keys: ['jti', 1] }, /token_keys/],
  'headers as a text': [{ ...REVOKER, headers: 'x' }, /headers/],
  'a port in quotes': [{ ...REVOKER, port: '1234' }, /port/],
  'a port beyond 65535': [{ ...REVOKER, port: 70_000 }, /port/],
  'an address that is a name': [{ ...REVOKER, port: 1234, listen_ip: 'localhost' }, /listen_ip/],
  'HTTP without a port': [{ ...REVOKER, http: {} }, /http/],
  'HTTP on all addresses without a token': [
    { ...REVOKER, http: { port: 1234, listen_ip: '0.0.0.0' } },
    /can be reached from the network/
  ],
  'a short token': [{ ...REVOKER, http: { port: 1234, token: 'secret' } }, /token/]
}

for (const [name, [options, fault]] of Object.entries(faulty)) {
  test(`${name} stops the start, and in tolerant mode lets no token pass`, async t => {
    const upstream = await serveEcho(t)
    const config = configOf(upstream.url, options)
    await assert.rejects(
      createGateway({ version: 3, ...config } as never, { env: {} }),
      (error: Error) => error instanceof ConfigError && fault.test(error.message)
    )
    const open = await openGateway(t, config, { tolerant: true })
    const token = await sign({ jti: 'a' }, keys.rsa)
    const refused = await call(open, '/guarded', token)
    assert.deepEqual([refused.status, refused.text], [401, ''])
    assert.equal((await call(open, '/open', token)).status, 200)
    assert.match(open.log.text, /ERROR .*endpoints with auth\/validator refuse every token/)
  })
}

test('a port that is taken stops the start', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const upstream = await serveEcho(t)
  for (const ports of [{ port }, { http: { port } }]) {
    const gateway = await createGateway({ version: 3, ...configOf(upstream.url, { ...REVOKER, ...ports }) } as never, {
      env: {},
      port: 0
    })
    t.after(() => gateway.close({ graceMs: 1 }))
    await assert.rejects(gateway.listen(), /auth~1revoker.*port.*cannot be opened.*EADDRINUSE/)
  }
})

test('what does nothing is a warning', async t => {
  const upstream = await serveEcho(t)
  const warned = async (options: object): Promise<string> =>
    (await openGateway(t, configOf(upstream.url, { ...REVOKER, ...options }))).log.text
  assert.match(await warned({ headers: ['X-Client'] }), /WARNING .*'headers' revoke nothing/)
  assert.match(await warned({ token_keys: [] }), /WARNING .*no token is ever revoked/)
  assert.match(await warned({}), /WARNING .*nothing can revoke a token/)
  assert.match(await warned({ revoke_server_ping_url: 'http://r', revoke_server_max_workers: 5 }), /WARNING .*KrakenD Enterprise/)
})

test('the RPC on an address of the network is a warning', async t => {
  const upstream = await serveEcho(t)
  const { log } = await openGateway(t, configOf(upstream.url, { ...REVOKER, port: await freePort(), listen_ip: '0.0.0.0' }))
  await log.line(/WARNING \[SERVICE: Bloomfilter\] every program that reaches 0\.0\.0\.0:\d+ can revoke tokens/)
})

test('a gateway that closes lets its ports go', async t => {
  const upstream = await serveEcho(t)
  const ports = { port: await freePort(), http: { port: await freePort() } }
  for (let round = 0; round < 2; round++) {
    const gateway = await createGateway(
      { version: 3, listen_ip: '127.0.0.1', ...configOf(upstream.url, { ...REVOKER, ...ports }) } as never,
      {
        env: {},
        port: 0
      }
    )
    await gateway.listen()
    await gateway.close({ graceMs: 1 })
  }
})
