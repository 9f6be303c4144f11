import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SignJWT } from 'jose'
import { type RedisLink, RedisUnavailable } from '../../../../plugins/_shared/redis/link.js'
import { OtherGateways } from '../../../../plugins/auth/revoker/other-gateways.js'
import { freePort } from '../../../support/free-port.js'
import { type KeptLines, openGateway } from '../../../support/open-gateway.js'
import { NO_REDIS, startRedis } from '../../../support/redis.js'
import { openUpstream } from '../../../support/upstream.js'
import { fetch, until } from '../../../support/waiting.js'

const FILTER = { N: 10_000, P: 0.000001, hash_name: 'optimal', TTL: 1500, token_keys: ['jti'] }

interface Revoker {
  readonly add: (...elems: string[]) => Promise<number>
  readonly has: (elem: string) => Promise<boolean>
  readonly log: KeptLines
}

async function gatewayAt(t: TestContext, address: string): Promise<Revoker> {
  const port = await freePort()
  const { log } = await openGateway(t, {
    extra_config: {
      redis: { connection_pools: [{ name: 'pool', address, timeout: '30s' }] },
      'auth/revoker': {
        N: 10_000,
        P: 0.000001,
        hash_name: 'optimal',
        TTL: 1500,
        token_keys: ['jti'],
        connection_name: 'pool',
        http: { port }
      }
    },
    endpoints: []
  })
  const send = (call: string, elems: string[]): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${call}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ elems })
    })
  return {
    add: async (...elems) => (await send('/add', elems)).status,
    has: async elem => ((await (await send('/check', [elem])).json()) as { checks: [boolean] }).checks[0],
    log
  }
}

test('what one gateway revokes the others know, also one that starts later', { skip: NO_REDIS }, async t => {
  const { address } = await startRedis(t)
  const [one, two] = [await gatewayAt(t, address), await gatewayAt(t, address)]
  const many = Array.from({ length: 2500 }, (_, at) => `jti-${at}`)
  assert.equal(await one.add(...many), 200)
  for (const elem of ['jti-0', 'jti-1234', 'jti-2499']) await until(() => two.has(elem), `${elem} is known`)
  const three = await gatewayAt(t, address)
  for (const elem of ['jti-0', 'jti-1234', 'jti-2499']) assert.equal(await three.has(elem), true)
  assert.equal(await three.has('jti-other'), false)
})

test('without Redis an addition counts in its gateway, and the caller learns that others do not know', {
  skip: NO_REDIS
}, async t => {
  const server = await startRedis(t)
  await server.kill()
  const one = await gatewayAt(t, server.address)
  await one.log.line(/ERROR.*What other gateways have revoked is not known yet/)
  assert.equal(await one.add('jti-a'), 503)
  assert.equal(await one.has('jti-a'), true)
})

/** A connection that fails as long as `fails` says so, and then has one element. */
function othersBehind(t: TestContext, fails: (asked: number) => boolean) {
  const taken: string[] = []
  const lines: string[] = []
  let asked = 0
  const link = {
    client: { subscribe: () => () => undefined },
    decide: async () => {
      if (fails(++asked)) throw new RedisUnavailable('redis pool: no answer within 50 ms')
      return ['1', Buffer.from('jti-a').toString('base64')]
    }
  } as unknown as RedisLink
  const say = (line: string): void => void lines.push(line)
  const logger = { debug: say, info: say, warning: say, error: say, critical: say, fatal: say }
  const take = async (elements: readonly Uint8Array[]): Promise<void> =>
    void taken.push(...elements.map(one => Buffer.from(one).toString()))
  const others = new OtherGateways({ link, name: '', keptMs: 1000, take, logger, onKnown: () => undefined })
  t.after(() => others.close())
  return { others, taken, lines }
}

test('a start looks again until it knows what is revoked', async t => {
  const { others, taken, lines } = othersBehind(t, asked => asked < 3)
  await others.begin(60_000)
  assert.deepEqual([taken, lines], [['jti-a'], []])
})

test('a start that has waited in vain goes on looking', async t => {
  let away = true
  const { others, taken, lines } = othersBehind(t, () => away)
  await assert.rejects(others.begin(1), RedisUnavailable)
  assert.deepEqual(taken, [])
  away = false
  await until(() => taken.length > 0, 'what is revoked is known')
  await until(() => /is known now/.test(lines.join()), 'the log says so')
})

test('a gateway that has never known what is revoked refuses every token, unless on_failure_allow says otherwise', {
  skip: NO_REDIS
}, async t => {
  const server = await startRedis(t)
  await server.kill()
  const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef')
  const folder = await mkdtemp(join(tmpdir(), 'sluice-others-'))
  t.after(() => rm(folder, { recursive: true }))
  const keys = join(folder, 'keys.json')
  const key = { kty: 'oct', kid: 'k', alg: 'HS256', k: Buffer.from(secret).toString('base64url') }
  await writeFile(keys, JSON.stringify({ keys: [key] }))
  const signed = new SignJWT({ jti: 'a' }).setProtectedHeader({ alg: 'HS256', kid: 'k' }).setExpirationTime('1h')
  const headers = { authorization: `Bearer ${await signed.sign(secret)}` }
  const { origin: host } = await openUpstream(t, (_req, res) => res.end('{}'))
  const statusWith = async (more: object): Promise<() => Promise<number>> => {
    const { origin } = await openGateway(t, {
      extra_config: {
        redis: { connection_pools: [{ name: 'pool', address: server.address, timeout: '1s' }] },
        'auth/revoker': { ...FILTER, connection_name: 'pool', ...more }
      },
      endpoints: [
        {
          endpoint: '/x',
          extra_config: { 'auth/validator': { alg: 'HS256', jwk_local_path: keys } },
          backend: [{ host: [host], url_pattern: '/' }]
        }
      ]
    })
    return async () => (await fetch(`${origin}/x`, { headers })).status
  }
  const [refusing, allowing] = await Promise.all([statusWith({}), statusWith({ on_failure_allow: true })])
  assert.deepEqual([await refusing(), await allowing()], [401, 200])
  await server.restart()
  await until(async () => (await refusing()) === 200, 'what is revoked is known')
})
