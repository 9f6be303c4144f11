import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePin, selectCiphers } from '../../../../plugins/_shared/keys/tls-rules.js'

test('speaks of cipher suites by number and of pins in both base64 spellings', () => {
  const { ciphers, broken, unknown } = selectCiphers([49199, 5, 4865, 99999])
  assert.equal(ciphers, 'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256')
  assert.deepEqual([broken, unknown], [[5], [99999]])
  assert.match(selectCiphers([]).ciphers, /^ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA/)
  const bytes = Buffer.alloc(32, 0xfb)
  assert.equal(parsePin(bytes.toString('base64')), bytes.toString('base64url'))
  assert.equal(parsePin(bytes.toString('base64url')), bytes.toString('base64url'))
  assert.equal(parsePin('c2hvcnQ='), undefined)
  assert.equal(parsePin('not base64!'), undefined)
})
