import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from '../../../../src/plugin/wasm/go-host/go-roots.js'

const CA = path.join(import.meta.dirname, '../../../server/certs/ca.pem')

test('the roots of Node, and those of a file', () => {
  const own = rootCertificates('').toString()
  assert.ok(own.split('BEGIN CERTIFICATE').length > 50)
  for (const [, pem] of own.matchAll(/(-----BEGIN[\s\S]+?END CERTIFICATE-----)/g)) new X509Certificate(pem!)
  const more = rootCertificates(CA).toString()
  assert.ok(more.includes(readFileSync(CA, 'latin1')))
})

test('a file that cannot be read is left out', () => {
  assert.deepEqual(rootCertificates('/nowhere.pem'), rootCertificates(''))
})
