/** Real servers in all the forms that `redis` names: behind sentinels, as a cluster, encrypted. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import type { Gateway } from '../../../src/running-gateway.js'
import { freePort } from '../../support/free-port.js'
import { NO_REDIS, startRedis } from '../../support/redis.js'
import { until } from '../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../scripted-upstream.js'

/** A gateway with a limit of ten that is counted by the connection `pool`. */
async function gatewayWith(t: TestContext, redis: object): Promise<Gateway> {
  const host = await startUpstream(t)
  const limit = { 'qos/ratelimit/router/redis': { connection_name: 'pool', max_rate: 10, capacity: 10, every: '1h' } }
  return (await build(t, { extra_config: { redis }, endpoints: [endpoint('/a', host, { extra: limit })] })).gateway
}

async function passing(gateway: Gateway): Promise<number> {
  const all = await Promise.all(Array.from({ length: 20 }, () => gateway.request('/a')))
  return all.filter(({ status }) => status === 200).length
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('a server behind sentinels', { skip: NO_REDIS }, async t => {
  const server = await startRedis(t)
  const folder = await temporaryFolder(t)
  const file = join(folder, 'sentinel.conf')
  await writeFile(file, `sentinel monitor main 127.0.0.1 ${server.port} 1\n`)
  const sentinel = await startRedis(t, [], { file, mode: '--sentinel' })
  const pool = { name: 'pool', timeout: '30s', sentinel: { master: 'main', addresses: [sentinel.address] } }
  assert.equal(await passing(await gatewayWith(t, { connection_pools: [pool] })), 10)
})

test('a cluster: clients on all its servers', { skip: NO_REDIS }, async t => {
  const servers = await Promise.all(
    [0, 1, 2].map(async () => startRedis(t, ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())]))
  )
  const clients = servers.map(({ port }) => new Redis(port, '127.0.0.1'))
  t.after(() => clients.forEach(client => void client.disconnect()))
  const share = Math.ceil(16_384 / 3)
  for (const [at, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', at * share, Math.min(16_383, (at + 1) * share - 1))
    if (at > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', servers[0]!.port, await clusterPort(clients[0]!))
  }
  for (const client of clients)
    await until(async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), 'the cluster is up')
  const host = await startUpstream(t)
  const limit = { connection_name: 'pool', client_max_rate: 2, client_capacity: 2, every: '1h', strategy: 'header', key: 'X-Key' }
  const { gateway } = await build(t, {
    extra_config: { redis: { clusters: [{ name: 'pool', timeout: '30s', addresses: servers.map(({ address }) => address) }] } },
    endpoints: [endpoint('/a', host, { extra: { 'qos/ratelimit/router/redis': limit } })]
  })
  const ask = async (key: string): Promise<number> => (await gateway.request({ path: '/a', headers: { 'X-Key': key } })).status
  const keys = Array.from({ length: 40 }, (_, at) => `client-${at}`)
  for (const wanted of [200, 200, 429]) assert.deepEqual(new Set(await Promise.all(keys.map(ask))), new Set([wanted]))
  for (const client of clients) assert.notEqual(await client.dbsize(), 0)
})

async function clusterPort(client: Redis): Promise<number> {
  const line = String(await client.call('CLUSTER', 'NODES'))
  return Number(/@(\d+)/.exec(line)![1])
}

test('an encrypted connection is verified', { skip: NO_REDIS }, async t => {
  const folder = await temporaryFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...subject],
    {
      stdio: 'ignore'
    }
  )
  const tlsPort = await freePort()
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no']
  await startRedis(t, ['--tls-port', String(tlsPort), ...files])
  const pool = (tls: object) => ({ connection_pools: [{ name: 'pool', address: `127.0.0.1:${tlsPort}`, timeout: '30s', tls }] })
  assert.equal(await passing(await gatewayWith(t, pool({ ca_certs: [cert] }))), 10)
  assert.equal(await passing(await gatewayWith(t, pool({}))), 0)
})

for (const [what, login, reason] of [
  ['a wrong password', { password: 'wrong' }, /WRONGPASS/],
  ['no password', {}, /NOAUTH/]
] as const) {
  test(`${what}: the log says what the server says of it`, { skip: NO_REDIS }, async t => {
    const { address } = await startRedis(t, ['--requirepass', 'right'])
    const host = await startUpstream(t)
    const extra = { 'qos/ratelimit/router/redis': { connection_name: 'pool', max_rate: 10 } }
    const { gateway, log } = await build(t, {
      extra_config: { redis: { connection_pools: [{ name: 'pool', address, timeout: '30s', ...login }] } },
      endpoints: [endpoint('/a', host, { extra })]
    })
    const seen = log.line(/ERROR.*does not answer/)
    for (let asked = 0; asked < 3; asked++) assert.equal((await gateway.request('/a')).status, 503)
    assert.match(await seen, reason)
    assert.doesNotMatch(log.text, /wrong|right/)
  })
}

for (const [what, redis, message] of [
  ['a pool without address', { connection_pools: [{ name: 'a' }] }, /connection_pools\/0\/address.*write host:port/s],
  ['an address that is none', { connection_pools: [{ name: 'a', address: 'redis://x' }] }, /'redis:\/\/x' is no address/],
  ['two of one name', { connection_pools: [pool('a'), pool('a')] }, /connection_pools\/1\/name.*a connection 'a' already/s],
  ['an unknown option', { connection_pools: [{ ...pool('a'), adress: 'x' }] }, /adress/],
  [
    'a file that is not there',
    { connection_pools: [{ ...pool('a'), tls: { ca_certs: ['/none'] } }] },
    /ca_certs\/0.*cannot be read/s
  ],
  [
    'a version that does not exist',
    { connection_pools: [{ ...pool('a'), tls: { min_version: 'SSL3' } }] },
    /unknown version 'SSL3'/
  ],
  ['a time of zero', { connection_pools: [{ ...pool('a'), timeout: '0s' }] }, /timeout.*above zero/s]
] as const) {
  test(`${what} stops the start`, async t => {
    await assert.rejects(build(t, { extra_config: { redis }, endpoints: [endpoint('/a', NOWHERE)] }), message)
  })
}

function pool(name: string): object {
  return { name, address: '127.0.0.1:1' }
}
