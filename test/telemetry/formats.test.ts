import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goDuration } from '../../src/telemetry/go-duration.js'
import { compileGoLayout } from '../../src/telemetry/go-layout.js'
import { goQuote } from '../../src/telemetry/log-text.js'
import { requestId, validRequestId } from '../../src/telemetry/request-id.js'

test('prints durations as Go does', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [999, '999ns'],
    [1000, '1µs'],
    [1_500_000, '1.5ms'],
    [1e9, '1s'],
    [60_000_000_001, '1m0.000000001s'],
    [90e9, '1m30s'],
    [3600e9, '1h0m0s']
  ]
  for (const [ns, text] of cases) assert.equal(goDuration(ns), text)
})

test('quotes what Go would not print', () => {
  assert.equal(goQuote('plain'), '"plain"')
  assert.equal(goQuote('\x07\b\f\v\t\x7f\u{e0001}'), '"\\a\\b\\f\\v\\t\\x7f\\U000e0001"')
})

test('Go layouts print local time', () => {
  const at = new Date(2026, 2, 7, 15, 4, 9, 80).getTime()
  const cases: [string, string][] = [
    ['2006-01-02T15:04:05.000', '2026-03-07T15:04:09.080'],
    ['Monday Mon January Jan _2 2 1 06', 'Saturday Sat March Mar  7 7 3 26'],
    ['03:04:05 PM pm', '03:04:09 PM pm'],
    ['3:4:5', '3:4:9'],
    ['002', '066'],
    ['05.999', '09.08'],
    ['05.00 05,000000', '09.08 09,080000'],
    ['text', 'text']
  ]
  for (const [layout, text] of cases) assert.equal(compileGoLayout(layout)(at), text)
  assert.equal(compileGoLayout('05.999')(at - 80), '09')
  assert.equal(compileGoLayout('3PM')(new Date(2026, 0, 1, 0, 0).getTime()), '12AM')
  assert.match(compileGoLayout('-0700 -07:00 -07')(at), /^[+-]\d{4} [+-]\d\d:\d\d [+-]\d\d$/)
  assert.match(compileGoLayout('Z0700 Z07:00 Z07')(at), /^(Z Z Z|[+-]\d{4} [+-]\d\d:\d\d [+-]\d\d)$/)
  assert.match(compileGoLayout('MST')(at), /^\S+$/)
})

test('request ids are 32 hexadecimal digits and differ', () => {
  const ids = new Set(Array.from({ length: 1000 }, requestId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
})

test('takes over only ids that are safe in logs and fields', () => {
  for (const id of ['a', requestId(), 'A-z_0.9:+/=@', 'x'.repeat(128)]) assert.equal(validRequestId(id), true, id)
  for (const id of ['', 'a b', 'a\n', 'é', '"', 'x'.repeat(129), '😀']) assert.equal(validRequestId(id), false, id)
})
