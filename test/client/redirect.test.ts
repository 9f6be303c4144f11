import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OriginPool } from '../../src/client/pool.js'
import {
  createRedirectPolicy,
  type Redirect,
  type RedirectedCall,
  redirectedFields,
  redirectOf
} from '../../src/client/redirect.js'

const policy = createRedirectPolicy(true, origin => ({ origin }) as OriginPool)
const CALL: RedirectedCall = { origin: 'http://a.test', path: '/p?q=1', method: 'GET', repeatable: true, ownReferer: true }

function next(status: number, location: string, more: Partial<RedirectedCall> = {}): Redirect | undefined {
  return redirectOf(policy, status, [Buffer.from('Location'), Buffer.from(location, 'latin1')], { ...CALL, ...more })
}

function fieldsAfter(location: string, headers: string[], more: Partial<RedirectedCall> = {}, status = 302): string[] {
  const call = { ...CALL, ...more }
  return redirectedFields(headers, call, next(status, location, more)!)
}

test('where a redirect leads', () => {
  const at = (location: string): string | undefined => {
    const found = next(302, location)
    return found && found.pool.origin + found.path
  }
  assert.equal(at('/x'), 'http://a.test/x')
  assert.equal(at('?x=2'), 'http://a.test/p?x=2')
  assert.equal(at('//b.test:81/x'), 'http://b.test:81/x')
  assert.equal(at('https://b.test/x?y#f'), 'https://b.test/x?y')
  assert.equal(at('/caf\xc3\xa9/\xe9'), 'http://a.test/caf%C3%A9/%E9', 'bytes stay the same bytes')
  for (const nowhere of ['', 'http://', 'http://u:p@a.test/', 'http://u@a.test/']) assert.equal(at(nowhere), undefined, nowhere)
})

test('which method and body go along', () => {
  const of = (status: number, method: string, repeatable = true): string | undefined => {
    const found = next(status, '/x', { method, repeatable })
    return found && `${found.method}${found.keepsBody ? ' with its body' : ''}`
  }
  for (const status of [301, 302, 303]) {
    assert.deepEqual(
      ['GET', 'HEAD', 'POST', 'DELETE'].map(method => of(status, method, false)),
      ['GET', 'HEAD', 'GET', 'GET']
    )
  }
  for (const status of [307, 308]) {
    assert.equal(of(status, 'POST'), 'POST with its body')
    assert.equal(of(status, 'POST', false), undefined)
  }
  for (const status of [300, 304, 305, 306, 399]) assert.equal(of(status, 'GET'), undefined)
})

test('Referer within one origin, as Go writes it', () => {
  assert.deepEqual(fieldsAfter('/x', ['X-A', '1']), ['X-A', '1', 'Referer', 'http://a.test/p?q=1'])
  const second = fieldsAfter('/y', ['X-A', '1', 'Referer', 'http://a.test/p?q=1'], { path: '/x' })
  assert.deepEqual(second, ['X-A', '1', 'Referer', 'http://a.test/x'])
  const own = ['Referer', 'http://page.test/']
  assert.deepEqual(fieldsAfter('/x', own, { ownReferer: false }), own, "the client's own stays")
  for (const location of ['https://a.test/x', 'http://a.test:8080/x', 'http://b.test/x'])
    assert.deepEqual(fieldsAfter(location, []), [])
  assert.deepEqual(
    fieldsAfter('http://a.test/x', own, { origin: 'https://a.test', ownReferer: false }),
    [],
    'never from https to http'
  )
  assert.deepEqual(fieldsAfter('http://b.test/x', own, { ownReferer: false }), [])
})

const KEYS = [
  'Authorization',
  'Cookie',
  'X-Api-Key',
  'x-auth-token',
  'Proxy-Authorization',
  'Private-Token',
  'apikey',
  'X-Tenant'
]
const PLAIN = ['Accept', 'User-Agent', 'X-Forwarded-For', 'traceparent', 'Accept-Language']

test('keys, under whatever name, stay with their origin', () => {
  const headers = [...KEYS, ...PLAIN].flatMap(name => [name, 'v'])
  const names = (location: string, origin = 'http://a.test'): string[] =>
    fieldsAfter(location, headers, { origin }).filter((name, i) => i % 2 === 0 && name !== 'Referer')
  for (const location of ['/x', 'http://a.test/x', 'http://A.test:80/x']) assert.deepEqual(names(location), [...KEYS, ...PLAIN])
  assert.deepEqual(names('https://a.test/x'), [...KEYS, ...PLAIN], 'from http to https of the same host')
  for (const location of [
    'http://b.test/x',
    'http://api.a.test/x',
    'http://test/x',
    'http://a.test:8080/x',
    'https://a.test:8443/x'
  ])
    assert.deepEqual(names(location), PLAIN, location)
  assert.deepEqual(names('http://a.test/x', 'https://a.test'), PLAIN)
})

test('what describes the body goes with the body', () => {
  const headers = ['Content-Type', 'text/plain', 'Content-Length', '3', 'Accept', '*/*']
  const post = { method: 'POST', ownReferer: false }
  assert.deepEqual(fieldsAfter('/x', headers, post, 303), ['Accept', '*/*'])
  assert.deepEqual(fieldsAfter('/x', headers, post, 307), headers)
  assert.deepEqual(fieldsAfter('/x', headers, { ownReferer: false }, 302), ['Accept', '*/*'], 'a GET with a body')
})
