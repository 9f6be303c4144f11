import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CertificateExpiry } from '../../src/server/certificate-expiry.js'
import { silentLogger } from '../../src/telemetry/logger.js'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-30T12:00:00Z')

function watching(): { expiry: CertificateExpiry; lines: string[]; pass: (days: number) => void } {
  const lines: string[] = []
  let now = NOW
  const logger = {
    ...silentLogger,
    warning: (text: unknown) => void lines.push(`WARNING ${text}`),
    error: (text: unknown) => void lines.push(`ERROR ${text}`)
  }
  const expiry = new CertificateExpiry(
    () => logger,
    () => now
  )
  return {
    expiry,
    lines,
    pass: days => {
      now += days * DAY_MS
    }
  }
}

test('a certificate is told of from 14 days before its end on, and when it has expired', t => {
  const { expiry, lines, pass } = watching()
  t.after(() => expiry.stop())
  const certificate = { file: 'tls.pem', names: ['a.test', '*.b.test'], notAfter: NOW + 15 * DAY_MS }
  expiry.use([certificate])
  assert.deepEqual(lines, [])
  pass(2)
  expiry.tell()
  assert.deepEqual(lines.splice(0), [
    'WARNING [SERVICE: TLS] The certificate tls.pem (a.test, *.b.test) expires in 13 days: 2026-12-15T12:00:00.000Z'
  ])
  pass(14)
  expiry.tell()
  assert.deepEqual(lines, [
    'ERROR [SERVICE: TLS] The certificate tls.pem (a.test, *.b.test) has expired: 2026-12-15T12:00:00.000Z'
  ])
})

test('the same certificates are told of once, others at once', t => {
  const { expiry, lines } = watching()
  t.after(() => expiry.stop())
  const ending = { file: 'a.pem', names: [], notAfter: NOW + DAY_MS }
  expiry.use([ending])
  expiry.use([{ ...ending }])
  assert.equal(lines.length, 1)
  expiry.use([ending, { file: 'b.pem', names: ['b.test'], notAfter: NOW + 2 * DAY_MS }])
  assert.equal(lines.length, 3)
  expiry.use([])
  expiry.tell()
  assert.equal(lines.length, 3)
})
