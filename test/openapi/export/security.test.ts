import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, exported } from '../support.js'

const validator = (more: object = {}) => ({ 'auth/validator': { alg: 'RS256', jwk_url: 'https://issuer.test/keys', ...more } })

test('endpoints with a validator ask for a token, and say what they refuse with', async () => {
  const { document } = await exported({
    extra_config: { 'documentation/openapi': { jwt_key: 'Our token' } },
    endpoints: [
      endpoint('/open'),
      endpoint('/token', { extra_config: validator() }),
      endpoint('/scopes', { extra_config: validator({ scopes: ['read'], scopes_key: 'scope', cookie_key: 'SESSION' }) }),
      endpoint('/field', { extra_config: validator({ auth_header_name: 'X-Token' }) })
    ]
  })
  const of = (path: string) => document.paths[path]!.get!
  assert.equal(of('/open').security, undefined)
  assert.deepEqual(of('/token').security, [{ 'Our-token': [] }])
  assert.deepEqual(Object.keys(of('/token').responses), ['200', '401', '500'])
  assert.deepEqual(of('/scopes').security, [{ 'Our-token': ['read'] }, { 'Our-token-cookie-SESSION': ['read'] }])
  assert.deepEqual(Object.keys(of('/scopes').responses), ['200', '401', '403', '500'])
  assert.deepEqual(document.components!.securitySchemes, {
    'Our-token': { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    'Our-token-cookie-SESSION': { type: 'apiKey', in: 'cookie', name: 'SESSION' },
    'Our-token-X-Token': { type: 'apiKey', in: 'header', name: 'X-Token' }
  })
})

test('certificates of clients, and schemes that the configuration declares, hold together with tokens', async () => {
  const own = { type: 'apiKey', in: 'header', name: 'X-Key' }
  const { document } = await exported({
    tls: { public_key: 'a', private_key: 'b', enable_mtls: true },
    extra_config: { 'documentation/openapi': { custom_security_schemes: { Key: own } } },
    endpoints: [
      endpoint('/a', {
        extra_config: { ...validator(), 'documentation/openapi': { custom_security_schemes: { Key: {}, Other: {} } } }
      }),
      endpoint('/b')
    ]
  })
  assert.deepEqual(document.paths['/a']!.get!.security, [{ 'KrakenD-JWT': [], Key: [], ClientCertificate: [] }])
  assert.deepEqual(document.paths['/b']!.get!.security, [{ ClientCertificate: [] }])
  assert.deepEqual(document.components!.securitySchemes!.ClientCertificate, { type: 'mutualTLS' })
})
