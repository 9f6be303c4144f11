/** Numbers of YAML, as KrakenD 2.13.8 was seen to read them in `static.data`. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDocument } from 'yaml'
import { readNumbers } from '../../../src/config/source/yaml-numbers.js'

function read(text: string): unknown {
  const document = parseDocument(text)
  readNumbers(document)
  return document.toJS()
}

test('values are the numbers that yaml.v3 makes of them', () => {
  const cases: Readonly<Record<string, unknown>> = {
    '1': 1,
    '017': 15,
    '-017': -15,
    '08': 8,
    '0o17': 15,
    '0b11': 3,
    '-0b11': -3,
    '0x10': 16,
    '0x_1': 1,
    '+0x10': 16,
    '1_000': 1000,
    '1_0.5': 10.5,
    '1_000.25e2': 100_025,
    '00.5': 0.5,
    '1e3': 1000,
    '1e400': '1e400',
    _1: '_1',
    '1_000s': '1_000s',
    '0123-01-01': '0123-01-01',
    '1:30': '1:30',
    '127.0.0.1': '127.0.0.1',
    '"1_000"': '1_000',
    '!!str 017': '017',
    yes: 'yes'
  }
  for (const [text, value] of Object.entries(cases)) assert.deepEqual(read(`a: [${text}]`), { a: [value] }, text)
})

test('keys are the texts that are written', () => {
  assert.deepEqual(read('1.10: a\n017: b\n1_0: c\n0x10: d\ntrue: e\n'), {
    '1.10': 'a',
    '017': 'b',
    '1_0': 'c',
    '0x10': 'd',
    true: 'e'
  })
})
