import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDirectives, parseSeconds } from '../../../../plugins/qos/http-cache/directives.js'
import { Freshness } from '../../../../plugins/qos/http-cache/freshness.js'
import { parseHttpDate } from '../../../../plugins/qos/http-cache/http-date.js'

const NOW = Date.UTC(2026, 0, 15, 12)
const date = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString()
const control = (value: string, ...more: string[]): string[] => ['Cache-Control', value, ...more]
/** Fresh for a plain request `after` seconds. */
const fresh = (fields: string[], after = 0, request: Record<string, string> = {}): boolean =>
  new Freshness(fields, NOW).satisfies(request, NOW + after * 1000)

test('directives are read as tokens and quoted strings', () => {
  const read = (text: string): [string, string][] => [...parseDirectives(text)]
  assert.deepEqual(read('max-age=60, Must-Revalidate'), [
    ['max-age', '60'],
    ['must-revalidate', '']
  ])
  assert.deepEqual(read('a="max-age=3600, \\"x\\"", max-age=1'), [
    ['a', 'max-age=3600, "x"'],
    ['max-age', '1']
  ])
  assert.deepEqual(read('max-age=1, max-age=2'), [['max-age', '1']])
  assert.deepEqual(read(',, ,="x",private="a, b"'), [['private', 'a, b']])
  assert.deepEqual(read('a="max-age=3600'), [['a', 'max-age=3600']], 'a quote that never ends')
  assert.deepEqual(read(''), [])
  assert.equal(parseSeconds('99999999999'), 2 ** 31)
  for (const none of [undefined, '', '-1', '1.5', '0x1', "'60'", '60a']) assert.equal(parseSeconds(none), undefined)
})

test('long fields are read in linear time', () => {
  for (const text of ['a'.repeat(200_000), '"'.repeat(200_000), ','.repeat(200_000), '\\"'.repeat(100_000), 'a '.repeat(100_000)])
    assert.ok(parseDirectives(`${text}=${text}`).size >= 0)
})

test('dates have three forms, and nothing else is one', () => {
  const wanted = Date.UTC(1994, 10, 6, 8, 49, 37)
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'sun, 06 nov 1994 08:49:37 gmt'
  ]) {
    assert.equal(parseHttpDate(text, NOW), wanted, text)
  }
  assert.equal(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', NOW), Date.UTC(2076, 10, 6, 8, 49, 37))
  assert.equal(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', NOW), Date.UTC(1977, 10, 6, 8, 49, 37))
  for (const text of [
    undefined,
    '',
    '0',
    '-1',
    'never',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 06  Nov 1994 08:49:37 GMT',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    '1994-11-06T08:49:37Z'
  ]) {
    assert.equal(parseHttpDate(text, NOW), undefined, text)
  }
})

test('s-maxage comes before max-age, max-age before Expires, and nothing is guessed', () => {
  assert.deepEqual([fresh(control('max-age=60'), 59), fresh(control('max-age=60'), 60)], [true, false])
  assert.equal(fresh(control('s-maxage=1, max-age=60'), 2), false)
  assert.equal(fresh(control('max-age=1, s-maxage=60'), 2), true)
  assert.equal(fresh(control('max-age=60', 'Expires', date(-60)), 2), true)
  assert.equal(fresh(control('max-age=0', 'Expires', date(60))), false)
  assert.equal(fresh(['Expires', date(60), 'Date', date(0)], 59), true)
  assert.equal(fresh(['Expires', date(60), 'Date', date(30)], 31), false, 'it lasts from Date to Expires')
  assert.equal(fresh(['Expires', date(60)], 59), true, 'without a date it came when it was stored')
  assert.equal(fresh(['Last-Modified', date(-9e6)]), false)
})

test('what is no number and no date means stale', () => {
  for (const value of ['max-age=-1', "max-age='60'", 'max-age=1h', 'max-age', 's-maxage=x, max-age=60'])
    assert.equal(fresh(control(value, 'Expires', date(60))), false, value)
  for (const value of ['0', '-1', 'never', `${date(60)}, ${date(60)}`]) assert.equal(fresh(['Expires', value]), false, value)
  for (const age of ['x', '-5', '5.0', '']) assert.equal(fresh(control('max-age=60', 'Age', age), 59), true, `Age: ${age}`)
  assert.equal(fresh(control('max-age=60', 'Age', '61, 0')), false, 'the first Age counts')
})

test('a request may ask for more, or for less', () => {
  const fields = control('max-age=60')
  const asked = (value: string, after: number): boolean => fresh(fields, after, { 'cache-control': value })
  assert.deepEqual(
    [asked('no-cache', 0), asked('max-age=10', 11), asked('max-age=10', 9), asked('max-age=x', 1)],
    [false, false, true, false]
  )
  assert.deepEqual([asked('min-fresh=50', 11), asked('min-fresh=50', 9)], [false, true])
  assert.deepEqual([asked('max-stale', 600), asked('max-stale=5', 64), asked('max-stale=5', 66)], [true, true, false])
  assert.equal(fresh(fields, 0, { pragma: 'no-cache' }), false)
  for (const strict of ['must-revalidate', 'proxy-revalidate', 's-maxage=60'])
    assert.equal(fresh(control(`max-age=60, ${strict}`), 61, { 'cache-control': 'max-stale' }), false, strict)
  for (const asks of ['no-cache', 'no-cache="set-cookie"']) assert.equal(fresh(control(`max-age=60, ${asks}`)), false, asks)
})

test('any status is stored when it says how long it lasts, but those that must not be', () => {
  const may = (status: number, value: string, validated = false): boolean =>
    new Freshness(control(value), NOW).mayStore(status, validated)
  for (const status of [200, 203, 204, 299, 301, 302, 307, 400, 404, 410, 499, 500, 503, 599])
    assert.ok(may(status, 'max-age=60'), `${status}`)
  for (const status of [100, 103, 206, 304, 428, 429, 431, 511]) assert.ok(!may(status, 'max-age=60'), `${status}`)
  assert.deepEqual([may(200, '', true), may(302, '', true), may(503, '', true), may(200, '')], [true, false, false, false])
  assert.deepEqual([may(200, 'max-age=60, no-store'), may(200, 'max-age=60, No-Store="x"')], [false, false])
  assert.deepEqual([may(200, 'max-age=60, no-store, must-understand'), may(599, 'max-age=60, must-understand')], [true, false])
})

test('stale-if-error lasts beyond the freshness, unless the answer is strict', () => {
  const usable = (value: string, after: number): boolean => new Freshness(control(value), NOW).usableOnError(NOW + after * 1000)
  assert.deepEqual([usable('max-age=10, stale-if-error=20', 29), usable('max-age=10, stale-if-error=20', 31)], [true, false])
  for (const strict of ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=10'])
    assert.equal(usable(`max-age=10, stale-if-error=20, ${strict}`, 15), false, strict)
})

test('a clock that is set back makes no answer fresh for longer', () => {
  const fields = control('max-age=60')
  assert.equal(fresh(fields, -3600), false, 'its age is not known')
  assert.equal(fresh(fields, -20), true, 'clocks of gateways differ by seconds')
  assert.equal(new Freshness(fields, NOW).age(NOW - 20_000), 0)
  assert.equal(new Freshness(control('max-age=60, stale-if-error=600'), NOW).usableOnError(NOW - 3_600_000), false)
})
