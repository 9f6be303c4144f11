import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addHandshake, isOffered, tunnelProtocols } from '../../src/http/upgrade-fields.js'

test('offers what can be tunnelled, never another HTTP or TLS', () => {
  for (const [fields, expected] of [
    [['Upgrade', 'websocket'], 'websocket'],
    [['upgrade', 'WebSocket , foo/2'], 'WebSocket, foo/2'],
    [['Upgrade', 'h2c, websocket'], 'websocket'],
    [['Upgrade', 'a', 'X', 'y', 'UPGRADE', 'b'], 'a, b'],
    [['Upgrade', 'h2c'], undefined],
    [['Upgrade', 'H2'], undefined],
    [['Upgrade', 'HTTP/2.0, TLS/1.2, http'], undefined],
    [['Upgrade', ''], undefined],
    [['Upgrade', 'web socket, a/b/c, "q"'], undefined],
    [['Host', 'a'], undefined]
  ] as const) {
    assert.equal(tunnelProtocols(fields), expected, String(fields))
  }
})

test('takes only a protocol that was offered', () => {
  assert.ok(isOffered('websocket', 'WebSocket'))
  assert.ok(isOffered('a, foo/2', ' FOO/2 '))
  for (const chosen of ['', 'foo', 'a, foo/2', 'h2c']) assert.ok(!isOffered('a, foo/2', chosen), chosen)
})

test('adds the fields of a handshake that a list has left out, and no others', () => {
  const from = [
    'Cookie',
    'a=b',
    'Origin',
    'https://a',
    'Sec-WebSocket-Key',
    'k',
    'sec-websocket-protocol',
    'p',
    'SEC-WEBSOCKET-PROTOCOL',
    'q'
  ]
  assert.deepEqual(addHandshake(['X', 'y', 'origin', 'https://a'], from), ['X', 'y', 'origin', 'https://a', ...from.slice(4)])
})
