/** What is revoked when a new configuration takes the place of an old one in the same process. */

import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { type IsRevoked, revokedIn } from '../../../../plugins/_shared/revoked-tokens.js'
import revoker from '../../../../plugins/auth/revoker/index.js'
import { defineComponent } from '../../../../src/plugin/index.js'
import { createPluginHost, type PluginHost } from '../../../../src/plugin/run/host.js'
import { KeptState } from '../../../../src/plugin/run/kept-state.js'
import { silentLogger } from '../../../../src/telemetry/logger.js'
import { freePort } from '../../../support/free-port.js'
import { loadConfigObject } from '../../../support/load-config.js'
import { fetch, once } from '../../../support/waiting.js'
import { bytesOf, recorded } from './recorded.js'

const OPTIONS = { N: 1000, P: 0.0001, hash_name: 'optimal', TTL: 1500, token_keys: ['jti'] }

interface Generation extends PluginHost {
  readonly isRevoked: IsRevoked
}

/** Compiles a configuration that takes over what `kept` has; opens nothing. */
async function compile(kept: KeptState, options: object): Promise<Generation> {
  let isRevoked: IsRevoked | undefined
  const probe = defineComponent({
    namespace: 'test/probe',
    scopes: ['service'],
    slots: {},
    schema: {},
    compile(_options, context) {
      isRevoked = revokedIn(context)
      return undefined
    }
  })
  const extra = { 'auth/revoker': { ...OPTIONS, ...options }, 'test/probe': {} }
  const components = [revoker, probe]
  const config = loadConfigObject(
    { version: 3, endpoints: [], extra_config: extra },
    { env: {}, namespaces: components as never }
  )
  const host = await createPluginHost({
    config,
    modules: [],
    components: new Map(components.map(one => [one.namespace, one])) as never,
    logger: silentLogger,
    signal: new AbortController().signal,
    tolerant: false,
    kept
  })
  return Object.assign(host, { isRevoked: isRevoked! })
}

const send = async (port: number, path: string, elems: string[], headers = {}): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify({ elems })
  })
  return { status: response.status, body: await response.json() }
}

test('a new configuration goes on with what is revoked, and with open connections', async t => {
  const kept = new KeptState()
  const ports = { port: await freePort(), http: { port: await freePort() } }
  const old = await compile(kept, ports)
  await old.open()
  await send(ports.http.port, '/add', ['jti-a'])
  const socket = connect({ port: ports.port, host: '127.0.0.1' })
  t.after(() => socket.destroy())
  await once(socket, 'connect')

  const young = await compile(kept, { ...ports, TTL: 60, token_keys: ['jti', 'sub'] })
  t.after(() => young.close())
  assert.equal(young.isRevoked({ jti: 'a' }), true)
  assert.equal(young.isRevoked({ sub: 'a' }), false)
  await young.open()
  await old.close()

  await send(ports.http.port, '/add', ['sub-c'])
  assert.equal(young.isRevoked({ sub: 'c' }), true)
  assert.equal(young.isRevoked({ jti: 'a' }), true)
  // `sub-b` comes over the connection that the old configuration had
  const responded = once(socket, 'data')
  socket.write(bytesOf(recorded.sessions[0]!.steps[0]!.sent))
  await responded
  assert.equal(young.isRevoked({ sub: 'b' }), true)
  assert.equal(young.isRevoked({ jti: 'a' }), true)
})

test('filters of another size forget nothing before its time', async t => {
  const kept = new KeptState()
  const http = { port: await freePort() }
  const old = await compile(kept, { http })
  await old.open()
  await send(http.port, '/add', ['jti-a'])
  const young = await compile(kept, { http, N: 5000, hash_name: 'default' })
  t.after(() => young.close())
  await young.open()
  await old.close()
  await send(http.port, '/add', ['jti-b'])
  assert.deepEqual((await send(http.port, '/check', ['jti-a', 'jti-b', 'jti-c'])).body, { checks: [true, true, false] })
  assert.deepEqual(
    ['a', 'b', 'c'].map(jti => young.isRevoked({ jti })),
    [true, true, false]
  )
})

test('a configuration that cannot start leaves the old one as it was', async t => {
  const kept = new KeptState()
  const http = { port: await freePort() }
  const old = await compile(kept, { http })
  t.after(() => old.close())
  await old.open()
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const failing = await compile(kept, { http, port, token_keys: [] })
  await assert.rejects(failing.open(), /cannot be opened/)
  await failing.close()
  await send(http.port, '/add', ['jti-a'])
  assert.equal(old.isRevoked({ jti: 'a' }), true)
})

test('a new token of the HTTP port counts from its start on', async t => {
  const kept = new KeptState()
  const port = await freePort()
  const old = await compile(kept, { http: { port, token: 'the first of two tokens' } })
  await old.open()
  const young = await compile(kept, { http: { port, token: 'the second of two tokens' } })
  t.after(() => young.close())
  await young.open()
  await old.close()
  const status = async (token: string): Promise<number> =>
    (await send(port, '/check', ['jti-a'], { authorization: `Bearer ${token}` })).status
  assert.equal(await status('the first of two tokens'), 401)
  assert.equal(await status('the second of two tokens'), 200)
})

test('the last generation closes the ports and forgets', async t => {
  const kept = new KeptState()
  const http = { port: await freePort() }
  const old = await compile(kept, { http })
  await old.open()
  await send(http.port, '/add', ['jti-a'])
  await old.close()
  await assert.rejects(send(http.port, '/check', ['jti-a']))
  const young = await compile(kept, { http })
  t.after(() => young.close())
  await young.open()
  assert.equal(young.isRevoked({ jti: 'a' }), false)
})
