import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proxyFor } from '../../src/client/env-proxy.js'

const PROXY = 'http://proxy.test:3128/'
const env = (noProxy = '') => ({ HTTP_PROXY: PROXY, HTTPS_PROXY: 'https://secure.test:3129', NO_PROXY: noProxy })

describe('proxyFor', () => {
  it('chooses by the scheme of the origin', () => {
    assert.equal(proxyFor('http://api.test', env()), PROXY)
    assert.equal(proxyFor('https://api.test', env()), 'https://secure.test:3129/')
    assert.equal(proxyFor('https://api.test', { HTTP_PROXY: PROXY }), undefined)
    assert.equal(proxyFor('http://api.test', {}), undefined)
  })

  it('reads lower case where upper case is empty', () => {
    assert.equal(proxyFor('http://api.test', { HTTP_PROXY: '', http_proxy: 'http://lower.test' }), 'http://lower.test/')
    assert.equal(proxyFor('https://api.test', { https_proxy: PROXY, no_proxy: 'api.test' }), undefined)
  })

  it('takes a proxy without a scheme for http and keeps credentials and socks', () => {
    assert.equal(proxyFor('http://api.test', { HTTP_PROXY: 'user:pw@proxy.test:3128' }), 'http://user:pw@proxy.test:3128/')
    assert.equal(proxyFor('http://api.test', { HTTP_PROXY: 'socks5://proxy.test:1080' }), 'socks5://proxy.test:1080')
    assert.throws(() => proxyFor('http://api.test', { HTTP_PROXY: 'http://' }), TypeError)
  })

  it('does not read HTTP_PROXY under CGI', () => {
    assert.equal(proxyFor('http://api.test', { ...env(), REQUEST_METHOD: 'GET' }), undefined)
    assert.equal(proxyFor('https://api.test', { ...env(), REQUEST_METHOD: 'GET' }), 'https://secure.test:3129/')
  })

  it('never proxies this machine', () => {
    for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.9.9.9:1', '[::1]', '[::1]:80', 'localhost.']) {
      assert.equal(proxyFor(`http://${host}`, env()), undefined, host)
    }
    assert.equal(proxyFor('http://localhost.test', env()), PROXY)
  })

  const exempt: [noProxy: string, host: string, direct: boolean][] = [
    ['*', 'any.test', true],
    ['foo.test', 'foo.test', true],
    ['foo.test', 'a.b.foo.test', true],
    ['foo.test', 'barfoo.test', false],
    ['FOO.test', 'foo.TEST', true],
    ['.foo.test', 'foo.test', false],
    ['.foo.test', 'a.foo.test', true],
    ['*.foo.test', 'foo.test', false],
    ['*.foo.test', 'a.foo.test', true],
    ['x.test, foo.test ,', 'foo.test', true],
    ['foo.test:8080', 'foo.test:8080', true],
    ['foo.test:8080', 'foo.test', false],
    ['foo.test:80', 'foo.test', true],
    [':80', 'foo.test', false],
    ['10.0.0.0/8', '10.2.3.4', true],
    ['10.0.0.0/8', '11.2.3.4', false],
    ['10.0.0.0/8', 'ten.test', false],
    ['10.0.0.0/33', '10.2.3.4', false],
    ['10.0.0.0/x', '10.2.3.4', false],
    ['fd00::/8', '[fd12::1]', true],
    ['fd00::/8', '[fe80::1]', false],
    ['192.168.1.1', '192.168.1.1', true],
    ['192.168.1.1:81', '192.168.1.1', false],
    ['192.168.1.1', '192.168.1.10', false],
    ['192.168.1.1', '[fd00::1]', false],
    ['[fd00::1]:80', '[fd00::1]', true],
    ['[fd00::1]', '[fd00::1]', true],
    ['fd00:0::1', '[fd00::1]', true],
    ['[]:80', 'foo.test', false]
  ]
  for (const [noProxy, host, direct] of exempt) {
    it(`${direct ? 'reaches' : 'does not reach'} ${host} directly with NO_PROXY=${noProxy}`, () => {
      assert.equal(proxyFor(`http://${host}`, env(noProxy)), direct ? undefined : PROXY)
    })
  }

  it('compares the port of https origins', () => {
    assert.equal(proxyFor('https://foo.test', env('foo.test:443')), undefined)
  })
})
