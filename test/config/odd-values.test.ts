import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorsOf, findingsOf, load, loadBackend, loadEndpoint } from './support.js'

const errors = (config: object) => errorsOf(() => load(config)).join('\n')
const warnings = (endpoint: object, backend: object = {}) =>
  load({ endpoints: [{ endpoint: '/x', ...endpoint, backend: [{ url_pattern: '/', ...backend }] }] }).problems.map(p => p.message)

test('a bare number below a millisecond is no duration that was meant', () => {
  for (const key of [
    'timeout',
    'cache_ttl',
    'read_timeout',
    'write_timeout',
    'idle_timeout',
    'dialer_timeout',
    'dns_cache_ttl'
  ]) {
    assert.match(errors({ [key]: 2000 }), new RegExp(`/${key}: '${key}': a number counts nanoseconds, 2000 is 0.002 ms`))
  }
  assert.equal(findingsOf(() => loadEndpoint({ timeout: 3 }))[0]!.suggestion, 'give a unit: "3ms" or "3s"')
  assert.match(errorsOf(() => loadEndpoint({ timeout: -5 }))[0]!, /counts nanoseconds/)
  assert.equal(loadEndpoint({ timeout: 2000 }, { tolerant: true }).timeoutMs, 0.002)
  assert.equal(loadEndpoint({ timeout: 1_500_000_000 }).timeoutMs, 1500)
  assert.equal(loadEndpoint({ timeout: 0 }).timeoutMs, 2000)
  assert.match(errors({ timeout: '2000' }), /missing unit in duration/)
})

test('a misspelled encoding is a fault, an unknown one a warning', () => {
  for (const output_encoding of ['jsn', 'xlm', 'no_op', 'NoOp', 'json-colection']) {
    assert.match(errorsOf(() => loadEndpoint({ output_encoding }))[0]!, /unknown output_encoding/, output_encoding)
  }
  assert.match(errors({ output_encoding: 'jsn' }), /unknown output_encoding 'jsn'/)
  for (const encoding of ['jsno', 'stirng', 'xlm'])
    assert.match(errorsOf(() => loadBackend({ encoding }))[0]!, /unknown encoding/)
  assert.equal(loadBackend({ encoding: 'jsno' }, {}, { tolerant: true }).encoding, 'jsno')
  assert.match(warnings({ output_encoding: 'protobuf' })[0]!, /unknown output_encoding 'protobuf'/)
  assert.match(warnings({}, { encoding: 'negotiate' })[0]!, /unknown encoding 'negotiate'/)
  assert.deepEqual(warnings({ output_encoding: 'yaml' }, { encoding: 'SafeJSON' }), [])
  assert.deepEqual(load({ output_encoding: 'csv' }, { encodings: new Set(['csv']) }).problems, [])
})

test('a placeholder that was not filled in is no host', () => {
  const variable = (name: string) => `$\{${name}}`
  for (const host of [
    variable('URL'),
    `http://${variable('HOST')}:80`,
    'http://{{ .host }}',
    '$HOST',
    '<host>',
    'http://%HOST%'
  ]) {
    for (const disable_host_sanitize of [false, true]) {
      assert.match(errorsOf(() => loadBackend({ host: [host], disable_host_sanitize })).join(), /placeholder/, host)
    }
  }
  assert.match(
    errors({ host: [`http://${variable('X')}`] }),
    /^\/host: host http:\/\/\$\{X\}: the placeholder \$\{X\} was not filled in/
  )
  assert.deepEqual(loadBackend({ host: ['{X}'] }, {}, { tolerant: true }).hosts, ['http://X'])
})

test('words of closed lists', () => {
  assert.match(errorsOf(() => loadBackend({ sd: 'dsn' }))[0]!, /unknown word 'dsn'/)
  assert.match(errorsOf(() => loadBackend({ sd_scheme: 'ftp' }))[0]!, /unknown word 'ftp'/)
  assert.match(errorsOf(() => loadBackend({ method: 'GTE' }))[0]!, /unknown word 'GTE'/)
  assert.equal(loadBackend({ method: 'purge' }).method, 'PURGE')
  assert.match(errors({ client_tls: { max_version: 'TLS1.3' } }), /unknown word 'TLS1.3'/)
})
