import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerKey, isKeyField } from '../../../../plugins/qos/http-cache/key.js'
import { select } from '../../../../plugins/qos/http-cache/selection.js'
import type { StoredAnswer } from '../../../../plugins/qos/http-cache/store.js'

const NOW = Date.UTC(2026, 0, 15, 12)
const date = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString()
const stored = (fields: string[] = [], status = 200, body = '0123456789'): StoredAnswer => ({
  kind: 'answer',
  status,
  fields,
  body: Buffer.from(body),
  storedAt: NOW,
  url: 'http://o/a'
})

/** Status, and what of the body; '' = the whole answer as it is. */
function selected(request: Record<string, string>, answer = stored(), method = 'GET'): string {
  const part = select(request, method, answer, NOW)
  return part === undefined ? '' : `${part.status} ${part.body?.toString() ?? '-'}`
}

test('a client that has the answer gets a 304', () => {
  const tagged = stored(['ETag', '"a"'])
  for (const tags of ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a" , "c"', '*'])
    assert.equal(selected({ 'if-none-match': tags }, tagged), '304 -', tags)
  for (const tags of ['"b"', 'a', '"A"', '']) assert.equal(selected({ 'if-none-match': tags }, tagged), '', tags)
  assert.equal(selected({ 'if-none-match': '"a"' }, stored(['ETag', 'W/"a"'])), '304 -')
  assert.equal(selected({ 'if-none-match': '"a"' }), '', 'no tag of its own')
  const dated = stored(['Last-Modified', date(-100)])
  assert.deepEqual(
    [-99, -100, -101].map(at => selected({ 'if-modified-since': date(at) }, dated)),
    ['304 -', '304 -', '']
  )
  assert.equal(selected({ 'if-modified-since': 'now' }, dated), '')
  assert.equal(selected({ 'if-modified-since': date(1) }, stored(['Date', date(0)])), '304 -')
  const both = stored(['ETag', '"a"', 'Last-Modified', date(-100)])
  assert.equal(selected({ 'if-none-match': '"b"', 'if-modified-since': date(0) }, both), '', 'the tag comes first')
  assert.equal(selected({ 'if-none-match': '"a"' }, stored(['ETag', '"a"'], 404)), '', 'only 200 is what a client has')
})

test('a 304 has the fields of the answer, but those of its content', () => {
  const fields = [
    'ETag',
    '"a"',
    'Content-Length',
    '10',
    'Content-Type',
    'text/plain',
    'Content-Location',
    '/x',
    'Vary',
    'a',
    'X-A',
    '1'
  ]
  assert.deepEqual(select({ 'if-none-match': '"a"' }, 'GET', stored(fields), NOW)?.fields, [
    'ETag',
    '"a"',
    'Content-Location',
    '/x',
    'Vary',
    'a',
    'X-A',
    '1'
  ])
})

test('one range is cut out, everything else is the whole answer', () => {
  const range = (text: string, answer?: StoredAnswer, more = {}): string => selected({ range: text, ...more }, answer)
  assert.deepEqual(
    ['bytes=0-1', 'bytes=2-', 'bytes=-3', 'bytes=-99', 'bytes=8-99', 'BYTES=0-0'].map(text => range(text)),
    ['206 01', '206 23456789', '206 789', '206 0123456789', '206 89', '206 0']
  )
  for (const text of ['bytes=0-1,3-4', 'lines=0-1', 'bytes=', 'bytes=-', 'bytes=5-1', 'bytes=a-b'])
    assert.equal(range(text), '', text)
  for (const text of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) assert.equal(range(text), '416 ', text)
  assert.equal(selected({ range: 'bytes=0-1' }, stored(), 'HEAD'), '')
  assert.equal(range('bytes=0-1', stored(['Accept-Ranges', 'none'])), '')
  assert.equal(range('bytes=0-1', stored([], 404)), '')
  assert.deepEqual(select({ range: 'bytes=2-3' }, 'GET', stored(['Content-Length', '10', 'ETag', '"a"']), NOW)?.fields, [
    'ETag',
    '"a"',
    'Content-Range',
    'bytes 2-3/10'
  ])
})

test('If-Range asks for a part of the very same answer', () => {
  const answer = stored(['ETag', '"a"', 'Last-Modified', date(-9)])
  const cut = (value: string): boolean => selected({ range: 'bytes=0-1', 'if-range': value }, answer) !== ''
  assert.deepEqual(
    [cut('"a"'), cut(date(-9)), cut('"b"'), cut('W/"a"'), cut(date(-8)), cut('x')],
    [true, true, false, false, false, false]
  )
})

test('who asks and what was asked for is part of every key', () => {
  for (const name of [
    'authorization',
    'proxy-authorization',
    'cookie',
    'x-api-key',
    'apikey',
    'x-auth-token',
    'x-csrf-token',
    'x-user-id',
    'x-tenant',
    'x-session',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-prefix',
    'x-forwarded-port',
    'x-forwarded-server',
    'forwarded',
    'host',
    'x-host',
    'x-http-host',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'x-url-scheme',
    'x-real-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'origin'
  ]) {
    assert.ok(isKeyField(name), name)
    assert.ok(isKeyField(name), `${name}, remembered`)
  }
  for (const name of ['user-agent', 'accept', 'x-forwarded-for', 'x-forwarded-via', 'traceparent', 'req-num'])
    assert.ok(!isKeyField(name), name)
})

test('keys tell apart what differs, and nothing else', () => {
  const key = (headers: Record<string, string>, selecting: string[] = [], url = 'http://o/a'): string =>
    answerKey({ method: 'GET', url, headers }, selecting, 'g')
  assert.equal(key({ 'user-agent': 'a' }), key({ 'user-agent': 'b' }))
  assert.equal(key({ cookie: 'a', host: 'h' }), key({ host: 'h', cookie: 'a' }), 'the order of fields is free')
  assert.notEqual(key({ cookie: 'a' }), key({ cookie: 'b' }))
  assert.notEqual(key({ cookie: 'a' }), key({}))
  assert.notEqual(key({ 'x-host': 'a\nx-tenant:b' }), key({ 'x-host': 'a', 'x-tenant': 'b' }))
  assert.notEqual(key({ a: '1' }, ['a']), key({ a: '2' }, ['a']))
  assert.equal(key({ 'x-forwarded-for': '1' }), key({ 'x-forwarded-for': '2' }))
  assert.notEqual(key({ 'x-forwarded-for': '1' }, ['*']), key({ 'x-forwarded-for': '2' }, ['*']), 'private answers stay apart')
  assert.notEqual(key({}, [], 'http://o/a?x=1&y=2'), key({}, [], 'http://o/a?y=2&x=1'))
  assert.ok(!key({ cookie: 'secret' }).includes('secret'))
})
