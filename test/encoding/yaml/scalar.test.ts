import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { yamlKey, yamlNumber, yamlString } from '../../../src/encoding/yaml/scalar.js'

const plain = ['a', 'a b', '-x', '--', '---x', '1.2.3', '1e', 'a:b', 'a{', "it's", 'é€😀', 'nullx', 'a\u00a0b', 'x?', 'tRUE']
const quoted: [text: string, written: string][] = [
  ['', '""'],
  ['null', '"null"'],
  ['Yes', '"Yes"'],
  ['OFF', '"OFF"'],
  ['.inf', '".inf"'],
  ['.NaN', '".NaN"'],
  ['=', '"="'],
  ['1', '"1"'],
  ['1e3', '"1e3"'],
  ['0x1F', '"0x1F"'],
  ['0o17', '"0o17"'],
  ['1_000', '"1_000"'],
  ['1:20', '"1:20"'],
  ['+.5', '"+.5"'],
  ['2024-01-02', '"2024-01-02"'],
  ['2024-01-02T03:04:05Z', '"2024-01-02T03:04:05Z"'],
  ['-', '"-"'],
  ['- a', '"- a"'],
  ['? a', '"? a"'],
  ['a: b', '"a: b"'],
  ['a:', '"a:"'],
  ['a #b', '"a #b"'],
  ['a\\b', '"a\\\\b"'],
  ['"', '"\\""'],
  [' a', '" a"'],
  ['a ', '"a "'],
  ['\ta', '"\\ta"'],
  ['a\rb', '"a\\rb"'],
  ['\u0001', '"\\x01"'],
  ['\u0000', '"\\x00"'],
  ['\u007f', '"\\x7f"'],
  ['\u0085', '"\\u0085"'],
  ['\u2028', '"\\u2028"'],
  ['\ufeff', '"\\ufeff"'],
  ['\u{e0001}', '"\\U000e0001"'],
  ['\ud800', '"\ufffd"'],
  ['\n', '"\\n"'],
  [' a\nb', '" a\\nb"'],
  ['\n  a', '"\\n  a"']
]
const blocks: [text: string, written: string][] = [
  ['a\nb', '|-\n  a\n  b'],
  ['a\nb\n', '|\n  a\n  b'],
  ['a\n\n', '|+\n  a\n  '],
  ['\na', '|-\n  \n  a'],
  ['a\n  b', '|-\n  a\n    b']
]

describe('yamlString', () => {
  for (const text of plain) it(`writes ${text} as it is`, () => assert.equal(yamlString(text, '  '), text))
  for (const [text, written] of quoted)
    it(`writes ${JSON.stringify(text)} in quotes`, () => assert.equal(yamlString(text, '  '), written))
  for (const [text, written] of blocks)
    it(`writes ${JSON.stringify(text)} as a block`, () => assert.equal(yamlString(text, '  '), written))

  it('writes what readers of both versions read back', () => {
    for (const version of ['1.1', '1.2'] as const) {
      for (const text of [...plain, ...quoted.map(([text]) => text), ...blocks.map(([text]) => text)]) {
        const wanted = text === '\ud800' ? '\ufffd' : text
        assert.deepEqual(parse(`k: ${yamlString(text, '  ')}\nl: 1\n`, { version }), { k: wanted, l: 1 }, JSON.stringify(text))
        assert.deepEqual(parse(`${yamlKey(text)}: 1\n`, { version }), { [wanted]: 1 }, JSON.stringify(text))
      }
    }
  })
})

describe('yamlNumber', () => {
  for (const text of ['1e3', '-1E-5', '0e0']) it(`writes ${text} as it is`, () => assert.equal(yamlNumber(text), text))
  for (const text of ['1', '-0', '1.0', '1.5e3'])
    it(`writes ${text} in quotes`, () => assert.equal(yamlNumber(text), `"${text}"`))
})
