import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimateSize, loadLinear, rememberCompiled } from '../../../plugins/_shared/linear-regexp.js'

test('reads the dialects of RE2 and of JavaScript', async () => {
  const compile = await loadLinear()
  assert.equal(compile('^\\p{L}+\\z').test('día'), true)
  assert.equal(compile('^\\u00e9\\/$').test('é/'), true)
  assert.equal(compile('^\\p{Letter}+[\\p{General_Category=Decimal_Number}]\\P{L}$').test('día1-'), true)
  assert.equal(compile('^\\p{Script=Greek}$').test('π'), true)
  assert.equal(compile('^\\\\p\\{L\\}$').test('\\p{L}'), true)
  assert.equal(String(compile('a+')), '/a+/')
})

test('refuses what only a backtracking engine can do, and says so', async () => {
  const compile = await loadLinear()
  for (const pattern of ['(?=a)', '(a)\\1', '[', 'a{1001}', '(a{1000}){1000}']) {
    assert.throws(() => compile(pattern), /is not supported: error parsing regexp/)
  }
})

test('a pattern that explodes elsewhere ends at once', async () => {
  const compile = await loadLinear()
  assert.equal(compile('^(a+)+$').test(`${'a'.repeat(100_000)}!`), false)
})

test('tells about how large a pattern becomes before it is compiled', async () => {
  const compile = await loadLinear()
  const patterns = [
    'a',
    'abc',
    'a{900}',
    '(ab{3}){200}',
    '(?:[ab]?){900}x{1,900}$',
    '((a{5}b){10}){10}',
    '[)(]{30}',
    '\\{9}a{7}',
    '(a|b{2,}){50}'
  ]
  for (const pattern of patterns) {
    const estimate = estimateSize(pattern)
    const { size } = compile(pattern)
    assert.ok(estimate >= size / 4 && estimate <= 4 * size, `${pattern}: ${estimate}, ${size}`)
  }
  for (const broken of ['(((', ')))', '{5}', 'a{', '[', '\\']) assert.ok(estimateSize(broken) >= 1, broken)
})

test('remembers patterns, forgets them when they are many, and takes none that is huge', async () => {
  let compiled = 0
  const base = await loadLinear()
  const compile = rememberCompiled(pattern => {
    compiled++
    return base(pattern)
  })
  assert.equal(compile('x'), compile('x'))
  assert.equal(compiled, 1)
  for (let i = 0; i < 256; i++) compile(`y${i}`)
  compile('x')
  assert.equal(compiled, 258)
  assert.throws(() => compile('x'.repeat(2049)), /too long/)
})
