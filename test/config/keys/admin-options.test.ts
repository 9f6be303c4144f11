import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback } from '../../../src/config/keys/admin-options.js'
import { errorsOf, load } from '../support.js'

const TOKEN = 'a-token-of-enough-length'
const AT = '/extra_config/sluice~1admin'
const admin = (options: unknown, more = {}) => load({ extra_config: { 'sluice/admin': options } }, more)

test('there is no admin port unless the configuration asks for one', () => {
  assert.equal(load({}).admin, undefined)
  assert.deepEqual(admin({}).admin, { address: '127.0.0.1', port: 9901, token: '' })
  assert.deepEqual(admin({ address: '0.0.0.0', port: 0, token: TOKEN }).admin, { address: '0.0.0.0', port: 0, token: TOKEN })
  assert.deepEqual(admin({ '@comment': 'x', address: '::1', port: 1 }).problems, [])
})

test('an address that others can reach needs a token, tolerant or not', () => {
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '192.168.1.5', '2001:db8::1', '::ffff:10.0.0.1'])
    for (const tolerant of [false, true]) {
      const found = errorsOf(() => admin({ address }, { tolerant }))
      assert.deepEqual(found, [`${AT}/token: 'sluice/admin' listens on ${address}, which others can reach, and has no token`])
    }
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1', ''])
    assert.deepEqual(admin({ address }).problems, [])
})

test('a token that is none stops the start, tolerant or not: it was meant to protect', () => {
  for (const token of ['', '  ', 5, true, ['x']])
    for (const tolerant of [false, true])
      assert.match(errorsOf(() => admin({ token }, { tolerant }))[0]!, /token: the token of the admin port is empty or no string/)
})

test('a token that no request can carry stops the start', () => {
  // the last character of a file that an environment variable was filled from is often a line break
  for (const token of [`${TOKEN}\n`, `a ${TOKEN}`, `${TOKEN}\u0000`, `${TOKEN}é`])
    for (const tolerant of [false, true])
      assert.match(errorsOf(() => admin({ token }, { tolerant }))[0]!, /token: .* that no `Authorization` field carries/)
})

test('a short token is a warning, and stops the start where others can reach the port', () => {
  for (const tolerant of [false, true])
    assert.match(errorsOf(() => admin({ token: 'short', address: '::' }, { tolerant }))[0]!, /token: .*fewer than 16 characters/)
  const { problems, admin: read } = admin({ token: 'short' })
  assert.deepEqual(
    [problems.length, problems[0]!.level, problems[0]!.pointer, read?.token],
    [1, 'warning', `${AT}/token`, 'short']
  )
})

test('other faults name their place; a tolerant load keeps to defaults that are closed', () => {
  const wrong = { address: 'example.com', port: 70_000, tokn: TOKEN }
  assert.deepEqual(
    errorsOf(() => admin(wrong)),
    [`${AT}/tokn: unknown key 'tokn'`, `${AT}/address: invalid address example.com`, `${AT}/port: invalid port 70000`]
  )
  assert.deepEqual(admin(wrong, { tolerant: true }).admin, { address: '127.0.0.1', port: 9901, token: '' })
  for (const [options, text] of [
    [{ port: '9901' }, /port: .*expected type 'int'/],
    [{ address: 5 }, /address: .*expected type 'string'/],
    [[], /expected an object/],
    ['x', /expected an object/]
  ] as const)
    assert.match(errorsOf(() => admin(options))[0]!, text)
})

test('it belongs to the root', () => {
  const endpoint = { endpoint: '/x', backend: [{ url_pattern: '/' }], extra_config: { 'sluice/admin': {} } }
  assert.match(load({ endpoints: [endpoint] }).problems[0]!.message, /'sluice\/admin' does nothing at the level of the endpoint/)
})

test('loopback addresses are told from others', () => {
  for (const address of ['127.0.0.1', '127.255.0.3', '::1', 'localhost']) assert.equal(isLoopback(address), true, address)
  for (const address of ['128.0.0.1', '::2', '', 'localhost.', '0.0.0.0', 'evil'])
    assert.equal(isLoopback(address), false, address)
})
