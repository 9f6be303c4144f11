import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientIpOptions, compileClientIp, compileTrust, unmapAddress } from '../../src/router/client-ip.js'

const PRIVATE = ['127.0.0.0/8', '10.0.0.0/8', '192.168.0.0/16', '::1/128', 'fe80::/10']
const BASE: ClientIpOptions = {
  forwardedByClientIp: true,
  remoteIpHeaders: ['X-Forwarded-For', 'X-Real-IP'],
  trustedProxies: PRIVATE,
  appEngine: false
}

test('believes forwarding headers of trusted peers only', () => {
  const client = compileClientIp(BASE)
  assert.equal(client('127.0.0.1', []), '127.0.0.1')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '9.9.9.9']), '9.9.9.9')
  assert.equal(client('8.8.8.8', ['X-Forwarded-For', '9.9.9.9']), '8.8.8.8')
  assert.equal(client('::ffff:10.1.2.3', ['x-real-ip', '2001:db8::1']), '2001:db8::1')
  assert.equal(client('::ffff:8.8.8.8', []), '8.8.8.8')
})

test('walks from right to left to the first address that is not trusted', () => {
  const client = compileClientIp(BASE)
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '1.1.1.1, 4.4.4.4 ,5.5.5.5']), '5.5.5.5')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '4.4.4.4, 10.0.0.1, ::ffff:10.0.0.2']), '4.4.4.4')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '10.0.0.9, 10.0.0.1']), '10.0.0.9')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '4.4.4.4', 'X-Other', '1', 'X-FORWARDED-FOR', '10.0.0.1']), '4.4.4.4')
})

test('passes over a header that holds something else than addresses', () => {
  const client = compileClientIp(BASE)
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '4.4.4.4, nonsense', 'X-Real-IP', '6.6.6.6']), '6.6.6.6')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', 'nonsense, 4.4.4.4']), '4.4.4.4')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', ',']), '127.0.0.1')
  assert.equal(client('127.0.0.1', ['X-Forwarded-For', '4.4.4.4:80']), '127.0.0.1')
})

test('keeps to the configured headers and to forwarded_by_client_ip', () => {
  const own = compileClientIp({ ...BASE, remoteIpHeaders: ['X-Custom-Ip', 'X-Forwarded-For'], trustedProxies: ['127.0.0.1/32'] })
  assert.equal(own('127.0.0.1', ['X-Custom-Ip', '1.2.3.4']), '1.2.3.4')
  assert.equal(own('127.0.0.1', ['X-Forwarded-For', '4.4.4.4, 5.5.5.5']), '5.5.5.5')
  assert.equal(own('127.0.0.1', ['X-Real-Ip', '6.6.6.6']), '127.0.0.1')
  assert.equal(own('127.0.0.1', ['X-Custom-Ip', 'not-an-ip']), '127.0.0.1')
  const off = compileClientIp({ ...BASE, forwardedByClientIp: false })
  assert.equal(off('127.0.0.1', ['X-Forwarded-For', '4.4.4.4']), '127.0.0.1')
})

test('trusts everybody when told to', () => {
  const client = compileClientIp({ ...BASE, trustedProxies: ['0.0.0.0/0', '::/0'] })
  assert.equal(client('8.8.8.8', ['X-Forwarded-For', '9.9.9.9, 8.8.8.8']), '9.9.9.9')
  assert.equal(client('2001:db8::1', ['X-Forwarded-For', '9.9.9.9']), '9.9.9.9')
})

test('reads the address that App Engine tells', () => {
  const client = compileClientIp({ ...BASE, appEngine: true })
  assert.equal(client('8.8.8.8', ['X-Appengine-Remote-Addr', '3.3.3.3']), '3.3.3.3')
  assert.equal(client('8.8.8.8', ['X-Appengine-Remote-Addr', 'x']), '8.8.8.8')
  assert.equal(client('8.8.8.8', []), '8.8.8.8')
})

test('refuses ranges that are none', () => {
  for (const range of ['x', '10.0.0.0/33', '10.0.0.0/x', '::/129', '10.0.0.0/-1', '']) {
    assert.throws(() => compileTrust([range]), { code: 'SLUICE_ERR_CONFIG_INVALID' }, range)
  }
  assert.ok(compileTrust(['10.0.0.1'])('::ffff:10.0.0.1'))
})

test('asks about more peers than it remembers', () => {
  const trusts = compileTrust(['10.0.0.0/8'])
  for (let i = 0; i < 2000; i++) assert.ok(trusts(`10.0.${i >> 8}.${i & 255}`))
  assert.ok(!trusts('not an address'))
})

test('unmaps IPv4 addresses and cuts zones', () => {
  assert.equal(unmapAddress('::ffff:1.2.3.4'), '1.2.3.4')
  assert.equal(unmapAddress('fe80::1%eth0'), 'fe80::1')
  assert.equal(unmapAddress('::1'), '::1')
})
