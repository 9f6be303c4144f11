import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsOf, load } from '../support.js'

test('listener defaults', () => {
  assert.deepEqual(load({}).server, {
    readTimeoutMs: 0,
    writeTimeoutMs: 0,
    idleTimeoutMs: 0,
    readHeaderTimeoutMs: 0,
    maxHeaderBytes: 1_048_576,
    maxShutdownWaitMs: 0,
    useH2c: false,
    unreadAnswerTimeoutMs: 15_000,
    http2MaxHeaderFields: 500,
    http2HeaderFieldsPerSecond: 20_000,
    http2HeaderBytesPerSecond: 4_194_304,
    tls: undefined
  })
})

test('transport defaults and values', () => {
  const { transport } = load({})
  assert.equal(transport.maxIdleConnectionsPerHost, 250)
  assert.equal(transport.dnsCacheTtlMs, 30_000)
  assert.equal(transport.tls, undefined)
  assert.equal(load({ dns_cache_ttl: '500ms' }).transport.dnsCacheTtlMs, 30_000)
  assert.equal(load({ dialer_timeout: '3s' }).transport.dialerTimeoutMs, 3000)
  assert.equal(load({ allow_insecure_connections: true }).transport.tls!.allowInsecureConnections, true)
})

test('client TLS', () => {
  const client_tls = {
    ca_certs: ['ca.pem'],
    client_certs: [{ certificate: 'c.pem', private_key: 'k.pem' }],
    min_version: 'TLS11',
    cipher_suites: [4865, '4866'],
    curve_preferences: 29
  }
  assert.deepEqual(load({ client_tls, allow_insecure_connections: true }).transport.tls, {
    allowInsecureConnections: true,
    caCerts: ['ca.pem'],
    clientCerts: [{ certificate: 'c.pem', privateKey: 'k.pem' }],
    disableSystemCaPool: false,
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.3',
    curvePreferences: [29],
    cipherSuites: [4865, 4866]
  })
  assert.match(findingsOf(() => load({ client_tls: { cipher_suites: ['x'] } }))[0]!.message, /expected a list of numbers/)
})

test('server TLS: keys, versions, and what is missing', () => {
  const tls = load({
    tls: { public_key: 'a', private_key: 'b', keys: [{ public_key: 'c', private_key: 'd' }], enable_mtls: true }
  }).server.tls!
  assert.equal(tls.keys.length, 2)
  assert.equal(tls.minVersion, 'TLSv1.3')
  assert.equal(tls.enableMtls, true)
  assert.equal(load({ tls: { disabled: true } }).server.tls, undefined)
  const texts = (options: object) => findingsOf(() => load({ tls: options })).map(p => p.message)
  assert.deepEqual(texts({}), ['public key not defined'])
  assert.deepEqual(texts({ public_key: 'a' }), ['private key not defined'])
  assert.deepEqual(texts({ private_key: 'a' }), ['public key not defined'])
  const both = { public_key: 'a', private_key: 'b' }
  assert.deepEqual(texts({ ...both, max_version: 'TLS12' }), ['min_version is above max_version (TLSv1.3, TLSv1.2)'])
  assert.deepEqual(texts({ ...both, min_version: 'TLS9' }), ["'tls.min_version': unknown word 'TLS9', TLS13 is used"])
  assert.equal(load({ tls: { ...both, min_version: 'TLS9' } }, { tolerant: true }).server.tls!.minVersion, 'TLSv1.3')
})

test('the listener address is an address', () => {
  assert.equal(load({ listen_ip: '::1' }).listenIp, '::1')
  assert.equal(findingsOf(() => load({ listen_ip: 'localhost' }))[0]!.message, 'invalid ip address localhost')
})

test('body limits go from the root to endpoints', () => {
  const endpoints = [
    { endpoint: '/a', backend: [{}] },
    { endpoint: '/b', max_body_bytes: 7, backend: [{}] }
  ]
  assert.deepEqual(
    load({ max_body_bytes: 5, endpoints }).endpoints.map(e => e.maxBodyBytes),
    [5, 7]
  )
  assert.equal(load({}).maxBodyBytes, 10_485_760)
})
