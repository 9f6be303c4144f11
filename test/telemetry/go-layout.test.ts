import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileGoLayout } from '../../src/telemetry/go-layout.js'

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
