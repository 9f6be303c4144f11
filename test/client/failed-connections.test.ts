import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { GatewayError } from '../../src/errors.js'
import { certificate } from '../support/certificates.js'
import { openUpstream } from '../support/upstream.js'
import { once, until } from '../support/waiting.js'
import { call, holdUpstream, openPool } from './probe.js'

const TLS = { cert: readFileSync(certificate('a.pem')), key: readFileSync(certificate('a.key')) }
const CLIENT_TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  curvePreferences: [],
  cipherSuites: [],
  caCerts: [certificate('ca.pem')],
  disableSystemCaPool: false,
  clientCerts: [],
  allowInsecureConnections: false
} as const

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: a certificate for another name fails each call on the same client, the ones that wait too`, async t => {
    const upstream = await openUpstream(t, (_req, res) => res.end('seen'), { ...TLS, minVersion: version, maxVersion: version })
    const { port } = new URL(upstream.origin)
    const pool = openPool(t, `https://127.0.0.1:${port}`, { maxConnections: 1 }, { tls: CLIENT_TLS })
    for (let i = 0; i < 3; i++) {
      const calls = [call(pool, '/a'), call(pool, '/b', { method: 'POST', body: Buffer.from('x') }), call(pool, '/c')]
      assert.deepEqual(await Promise.all(calls.map(one => one.said())), Array(3).fill('SLUICE_ERR_UPSTREAM_TLS'))
    }
    assert.equal(upstream.seen.length, 0)
    assert.deepEqual([pool.pending, pool.connections], [0, 0])
    // the same upstream under the name of its certificate
    const named = openPool(t, `https://localhost:${port}`, { maxConnections: 1 }, { tls: CLIENT_TLS })
    for (let i = 0; i < 3; i++) assert.equal(await call(named, '/a').said(), 'seen')
    assert.equal(await call(pool, '/a').said(), 'SLUICE_ERR_UPSTREAM_TLS')
  })
}

test('an upstream that speaks no TLS fails each call', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin.replace('http:', 'https:'), { maxConnections: 1 })
  upstream.onRequest = held => void held.socket.destroy()
  for (let i = 0; i < 4; i++) {
    const one = call(pool, '/a')
    await until(() => upstream.accepted === i + 1)
    for (const socket of upstream.sockets) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    assert.match(await one.said(), /^SLUICE_ERR_UPSTREAM_(TLS|PROTOCOL|RESET)$/)
  }
  assert.deepEqual([pool.pending, pool.connections], [0, 0])
})

test('after a call that was cancelled under way no connection is opened in its place', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  for (let i = 0; i < 3; i++) {
    const gone = call(pool, '/gone')
    await until(() => upstream.held.length === i + 1)
    upstream.held[i]!.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    gone.cancel(new GatewayError('SLUICE_ERR_CLIENT_ABORTED'))
    await until(() => upstream.sockets.size === 0 && pool.connections === 0)
  }
  // a connection that was opened without a call would have come before this one
  const last = connect(Number(new URL(origin).port), '127.0.0.1')
  t.after(() => last.destroy())
  await once(last, 'connect')
  await until(() => upstream.sockets.size > 0)
  assert.equal(upstream.accepted, 4)
  assert.deepEqual([pool.pending, pool.connections], [0, 0])
})

test('the call that waited for a cancelled one gets a connection of its own', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  for (let i = 0; i < 5; i++) {
    const gone = call(pool, '/gone')
    await until(() => upstream.paths.filter(path => path === '/gone').length === i + 1)
    const next = call(pool, '/next')
    upstream.onRequest = held => void (held.path === '/next' && held.answer('next'))
    gone.cancel(new GatewayError('SLUICE_ERR_CLIENT_ABORTED'))
    assert.equal(await next.said(), 'next')
  }
  assert.equal(pool.pending, 0)
})
