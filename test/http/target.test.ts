import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHttp1Fields } from '../../src/http/h2-fields.js'
import { cleanPath, decodePath, encodePath, hasDotSegment } from '../../src/http/path.js'
import { queryValues } from '../../src/http/query-values.js'
import { decodeSegment, encodeQueryValue, encodeSegment, isAuthority, parseTarget } from '../../src/http/target.js'

const target = (path: string, query: string | undefined, authority?: string): object => ({
  path,
  query: query ?? '',
  hasQuery: query !== undefined,
  authority
})

test('takes a target apart and keeps its bytes', () => {
  assert.deepEqual({ ...parseTarget('/a/b') }, target('/a/b', undefined))
  assert.deepEqual({ ...parseTarget('/a?') }, target('/a', ''))
  assert.deepEqual({ ...parseTarget('/a%20b?x=%zz&y=?/../;') }, target('/a%20b', 'x=%zz&y=?/../;'))
  assert.deepEqual({ ...parseTarget('//host/path') }, target('//host/path', undefined))
  assert.deepEqual({ ...parseTarget('*') }, target('*', undefined))
})

test('reads the absolute-form as path and authority', () => {
  assert.deepEqual({ ...parseTarget('http://gw.test/a?b=1') }, target('/a', 'b=1', 'gw.test'))
  assert.deepEqual({ ...parseTarget('HTTPS://[::1]:8443') }, target('/', undefined, '[::1]:8443'))
  assert.deepEqual({ ...parseTarget('http://gw.test?x') }, target('/', 'x', 'gw.test'))
})

test('encodes bytes beyond ASCII as they came', () => {
  assert.equal(parseTarget('/\xc3\xa9?q=\xff').path, '/%C3%A9')
  assert.equal(parseTarget('/\xc3\xa9?q=\xff').query, 'q=%FF')
  assert.equal(parseTarget('/日').path, '/%E6%97%A5')
})

test('refuses what is no target', () => {
  const bad = [
    '',
    'x',
    'a/b',
    '/a b',
    '/a#b',
    '/a\tb',
    '/a\0',
    '/a\x7f',
    '/a%',
    '/a%2',
    '/a%zz',
    'ftp://x/',
    'http://',
    'http://u@h/',
    'http://h\\x/'
  ]
  for (const raw of bad) {
    assert.throws(() => parseTarget(raw), { code: 'SLUICE_ERR_CLIENT_BAD_REQUEST' }, JSON.stringify(raw))
  }
})

test('knows authorities', () => {
  for (const good of ['a', 'a.b:80', '[::1]', '[::1]:80', '10.0.0.1:1']) assert.ok(isAuthority(good), good)
  for (const bad of ['', 'a b', 'a/b', 'u@h', 'a:b', 'a:123456', '[x]', 'a\tb']) assert.ok(!isAuthority(bad), bad)
})

test('encodes a value for a path segment and leaves alone what may stand there', () => {
  const plain = "aZ9-._~!$&'()*+,;=:@"
  assert.equal(encodeSegment(plain), plain)
  assert.equal(encodeSegment('é 日/?#%\\"<>[]{}|^`'), '%C3%A9%20%E6%97%A5%2F%3F%23%25%5C%22%3C%3E%5B%5D%7B%7D%7C%5E%60')
  assert.equal(encodeSegment('a😀\r\n'), 'a%F0%9F%98%80%0D%0A')
  assert.equal(encodeSegment('{{.Id}}'), '%7B%7B.Id%7D%7D')
})

test('encodes a value for a query so that it stays one value', () => {
  assert.equal(encodeQueryValue('a&admin=1'), 'a%26admin%3D1')
  assert.equal(encodeQueryValue('a b+c;d#e%'), 'a%20b%2Bc%3Bd%23e%25')
  assert.equal(encodeQueryValue('a/b?c:d@e,f'), 'a/b?c:d@e,f')
})

test('decodes once, and gives every byte back', () => {
  assert.equal(decodeSegment('a%20b'), 'a b')
  assert.equal(decodeSegment('%252e'), '%2e')
  assert.equal(decodeSegment('a%zz'), 'a%zz')
  for (let byte = 0; byte < 256; byte++) {
    const hex = `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    assert.equal(decodeSegment(encodeSegment(decodeSegment(hex))), decodeSegment(hex))
  }
  for (const odd of ['%FF%E9x', '%C3%28', '%E2%82', '%ED%A0%80', '%F0%80%80%80', '%F4%90%80%80', '%E0%80%80', '%C3%A9%FF']) {
    assert.equal(encodeSegment(decodeSegment(odd)).replace('(', '%28'), odd)
  }
  assert.equal(decodeSegment('日%FF'), '日\udcff')
})

test('finds dot segments', () => {
  for (const path of ['/.', '/..', '/a/./b', '/a/../b', '/a/..', '/.x/..', '/..;', '/..;x=1/b', '/.;/b', '/a/..;'])
    assert.ok(hasDotSegment(path), path)
  for (const path of ['/', '/.a', '/..a', '/a./b', '/...', '/a/.b/..c', '/;', '/...;', '/a;/b', '/..a;'])
    assert.ok(!hasDotSegment(path), path)
})

test('cleans paths', () => {
  const cases = [
    ['/', '/'],
    ['//', '/'],
    ['', '/'],
    ['/a//b', '/a/b'],
    ['/a/./b/', '/a/b/'],
    ['/a/../b', '/b'],
    ['/../../a', '/a'],
    ['/a/b/..', '/a'],
    ['/a/.', '/a/']
  ]
  for (const [path, clean] of cases) assert.equal(cleanPath(path!), clean)
})

test('decodes and encodes whole paths', () => {
  assert.equal(decodePath('/a%2Fb'), '/a/b')
  assert.equal(encodePath('/a b/é'), '/a%20b/%C3%A9')
  assert.equal(encodePath('/\\evil'), '/%5Cevil')
})

test('reads queries as Go does', () => {
  const values = queryValues('x=1&x=2&y&z=a+b%20c&bad=%zz&no;pe=1&&u=%C3%A9&b=%FF')
  assert.deepEqual(
    [...values],
    [
      ['x', ['1', '2']],
      ['y', ['']],
      ['z', ['a b c']],
      ['u', ['é']],
      ['b', ['\ufffd']]
    ]
  )
  assert.equal(queryValues('').size, 0)
})

test('gives HTTP/2 fields the shape of HTTP/1', () => {
  const raw = [':method', 'GET', ':authority', 'gw.test', 'cookie', 'a=1', 'x', '1', 'cookie', 'b=2']
  toHttp1Fields(raw, false)
  assert.deepEqual(raw, ['host', 'gw.test', 'cookie', 'a=1; b=2', 'x', '1'])
  const own = [':authority', 'gw.test', 'host', 'own.test', 'content-length', '3']
  toHttp1Fields(own, true)
  assert.deepEqual(own, ['host', 'own.test', 'content-length', '3'])
  const unknown = ['x', '1']
  toHttp1Fields(unknown, true)
  assert.deepEqual(unknown, ['x', '1', 'transfer-encoding', 'chunked'])
})
