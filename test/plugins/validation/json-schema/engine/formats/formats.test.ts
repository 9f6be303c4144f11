/** Formats follow their RFCs, and are assertions up to draft 7. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020, fits } from '../../validate.js'

const FORMATS: readonly (readonly [format: string, good: readonly string[], bad: readonly string[]])[] = [
  ['date', ['2024-02-29', '2000-02-29'], ['2023-02-29', '1900-02-29', '2024-13-01', '2024-1-01', '2024-01-01\n', '২024-01-01']],
  [
    'time',
    ['23:59:60Z', '01:29:60+01:30', '08:30:06.283185z', '12:00:00-00:00'],
    ['23:59:60+01:00', '24:00:00Z', '12:00:00', '1:00:00Z', '12:00:00+24:00']
  ],
  [
    'date-time',
    ['2024-01-01T00:00:00Z', '1998-12-31t23:59:60z'],
    ['2024-01-01 00:00:00Z', '2024-01-01T22:59:60Z', '2024-01-01', '2024-366T01:01:01Z']
  ],
  ['duration', ['P4DT12H30M5S', 'P2W', 'PT36H', 'P1Y2M3D'], ['P', 'PT', 'P1', 'P2W1D', 'P1DT', 'P1Y3D', 'PT1D', '-P1D', 'P1.5D']],
  [
    'email',
    ['a@b', 'a+b@x.test', '"a b"@x.test', '"a\\"b"@x.test', 'a@[127.0.0.1]', 'a@[IPv6:::1]'],
    ['a', '@b', 'a@', '.a@b', 'a..b@c', 'a b@c', 'a@b c', 'a@[1.2.3]', 'é@b']
  ],
  ['idn-email', ['é@ü.test', '실례@실례.테스트'], ['@é', 'é']],
  [
    'hostname',
    ['a', 'a-b.c', 'xn--4gbwdl.xn--wgbh1c', '1.2.3.4'],
    ['', '-a', 'a-', 'a_b', 'a.', 'a..b', 'xn--X', `${'a'.repeat(64)}`]
  ],
  ['idn-hostname', ['실례.테스트', 'a.b', 'ü'], ['〮실례', '-ü', 'ü.', 'a・b']],
  ['ipv4', ['127.0.0.1', '0.0.0.0'], ['127.0.0', '256.1.1.1', '01.1.1.1', '1.1.1.1\n', '0x7f.1.1.1']],
  [
    'ipv6',
    ['::1', '::', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1::8'],
    ['1::2::3', '12345::', '1:2:3:4:5:6:7', ':1:2:3:4:5:6:7', 'fe80::1%eth0', '[::1]', '::1.2.3', '1.2.3.4::']
  ],
  [
    'uri',
    ['http://x.test/a?b#c', 'urn:a:b', 'mailto:a@b', 'http://[::1]:80/', 'x:'],
    ['/a', 'a', 'http://x y', 'http://é', 'http://x/%A', 'http://x:a/', 'http://[::1', '1a:b', 'http://a@b@c/']
  ],
  ['uri-reference', ['', '/a', 'a', '#f', '//h/p', './a:b'], ['\\\\a', 'a b', '#a\\b', '1:b', '/%zz']],
  ['iri', ['http://é.test/ü?x=π#ø', 'http://[V1.fe]'], ['/é', 'http://é x', 'http://x/\n', 'http://[::ffff:1.2.3.04]']],
  ['iri-reference', ['é', '/é', '#ü'], ['\\é', 'é é']],
  ['uri-template', ['a{b}', '{+a,b*}', '{?a:3}', ''], ['a{', 'a}', '{}', '{a,}', '{a:0}', '{=}', 'a b', '{a b}']],
  [
    'uuid',
    ['2EB8AA08-aa98-11ea-b4aa-73b441d16380'],
    ['urn:uuid:2eb8aa08-aa98-11ea-b4aa-73b441d16380', '2eb8aa08aa9811eab4aa73b441d16380', '2eb8aa08-aa98-11ea-b4aa-73b441d1638']
  ],
  ['json-pointer', ['', '/a~0b~1/0', '/'], ['a', '/~', '/~2', '#/a']],
  ['relative-json-pointer', ['0', '1/a', '10#'], ['', '-1', '01', '1a', '/a']],
  ['regex', ['a+', '(?<=a)b', '[^]', '\\p{L}'], ['[a', '(?i)a', '\\Z', '(?P<a>b)']],
  [
    'period',
    ['2024-01-01T00:00:00Z/2024-02-01T00:00:00Z', 'P1M/2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z/PT5M'],
    ['2024-01-01T00:00:00Z', 'P1M/P1M', 'P1M', '2024-01-01/2024-01-02', '2024-01-01T00:00:00Z/', '/P1M', 'R5/P1M/P1M']
  ],
  [
    'semver',
    ['0.0.4', '1.0.0-alpha-a.b-c+build.1-aef.001', '1.0.0-0A.is.legal', '1.1.2+meta-valid', '10.20.30'],
    ['1', '1.2', '1.2.3.4', '01.1.1', '1.2.3-01', '1.2.3-', '1.2.3+', '1.2.3+a+b', '1.2.3-a..b', 'v1.2.3', '1.2.3-é', '-1.0.3']
  ]
]

test('a text has a format, or not, as its RFC says', async () => {
  for (const [format, good, bad] of FORMATS) {
    for (const text of good) assert.equal(await fits({ $schema: DRAFT_7, format }, text), true, `${format}: ${text}`)
    for (const text of bad)
      assert.equal(await fits({ $schema: DRAFT_7, format }, text), false, `${format}: ${JSON.stringify(text)}`)
    for (const value of [1, null, {}, []])
      assert.equal(await fits({ $schema: DRAFT_7, format }, value), true, `${format} is about texts`)
  }
})

test('formats are assertions up to draft 7, and notes from 2019-09 on', async () => {
  for (const draft of [DRAFT_4, DRAFT_6, DRAFT_7]) assert.equal(await fits({ $schema: draft, format: 'date' }, 'x'), false, draft)
  for (const draft of [DRAFT_2019, DRAFT_2020]) assert.equal(await fits({ $schema: draft, format: 'date' }, 'x'), true, draft)
})

test('a format that JSON Schema does not have is ignored', async () => {
  for (const format of ['int32', 'int64', 'byte', 'float', 'password', 'binary', 'toString', '__proto__', 'x']) {
    for (const value of ['', '!', 1.5, 99999999999]) assert.equal(await fits({ $schema: DRAFT_7, format }, value), true, format)
  }
})

test('labels of international names are checked from draft 7 on', async () => {
  assert.equal(await fits({ $schema: DRAFT_4, format: 'hostname' }, 'xn--X'), true)
  assert.equal(await fits({ $schema: DRAFT_7, format: 'hostname' }, 'xn--X'), false)
})
