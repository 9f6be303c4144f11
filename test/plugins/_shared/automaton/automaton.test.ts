/** An automaton says what RE2 says. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RE2JS } from 're2js'
import { BEYOND_ASCII, compileAutomaton } from '../../../../plugins/_shared/automaton/automaton.js'
import { createRandom, pick, type Random, SEED } from '../../../encoding/json/random.js'

const ATOMS = [
  'a',
  'b',
  'B',
  '1',
  '-',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\D',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '[\\d-]',
  '\\.',
  '_',
  ' ',
  '\\n',
  '^',
  '$'
]
const COUNTS = ['*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '*?', '+?', '{0}']
const LETTERS = ['a', 'b', 'B', 'c', '1', '2', '-', '.', ' ', '\n', '_', 'A']

function pattern(random: Random, depth: number): string {
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => {
    const kind = random()
    if (depth > 0 && kind < 0.2) return `(${pattern(random, depth - 1)})${random() < 0.5 ? pick(random, COUNTS) : ''}`
    if (depth > 0 && kind < 0.3) return `(?:(?i)${pattern(random, depth - 1)}|${pattern(random, depth - 1)})`
    if (depth > 0 && kind < 0.35) return `(?:${pattern(random, depth - 1)}|${pattern(random, depth - 1)})`
    const atom = pick(random, ATOMS)
    return kind < 0.6 && atom !== '^' && atom !== '$' ? atom + pick(random, COUNTS) : atom
  })
  return parts.join('')
}

const text = (random: Random): string => Array.from({ length: Math.floor(random() * 7) }, () => pick(random, LETTERS)).join('')

test(`random patterns and texts (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  let taken = 0
  let matched = 0
  for (let round = 0; round < 3000; round++) {
    const source = `${random() < 0.2 ? '(?i)' : ''}${random() < 0.4 ? '^' : ''}${pattern(random, 2)}${random() < 0.4 ? '$' : ''}`
    let engine: RE2JS
    try {
      engine = RE2JS.compile(source)
    } catch {
      continue
    }
    const automaton = compileAutomaton(source)
    if (automaton === undefined) continue
    taken++
    for (let i = 0; i < 10; i++) {
      const sample = text(random)
      const want = engine.test(sample) ? 1 : 0
      const bytes = Buffer.from(`"${sample}"`)
      assert.equal(automaton.test(sample), want, `/${source}/ on ${JSON.stringify(sample)}`)
      assert.equal(automaton.testBytes(bytes, 1, bytes.length - 1), want, `/${source}/ on the bytes of ${JSON.stringify(sample)}`)
      matched += want
    }
  }
  assert.ok(taken > 1500 && matched > taken, `${taken} patterns, ${matched} matches`)
})

test('patterns as configurations have them become tables', () => {
  for (const source of [
    '^[A-Z]{2}-\\d+$',
    '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$',
    '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$',
    '^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$',
    '(?i)(facebookexternalhit)/.*',
    '(?:googlebot)|(?:(?i)bingbot)|(?:^curl/)',
    ''
  ])
    assert.ok(compileAutomaton(source) !== undefined, source)
  assert.equal(compileAutomaton('(?i)bot')!.test('GoogleBOT'), 1)
})

test('what is beyond ASCII, rare or large is left to RE2', () => {
  assert.equal(compileAutomaton('^a')!.test('bé'), BEYOND_ASCII)
  assert.equal(compileAutomaton('^a')!.testBytes(Buffer.from('bé'), 0, 3), BEYOND_ASCII)
  for (const source of [
    'é',
    '\\bword',
    '(?P<x>a)',
    '(?s).',
    '\\pL',
    '[[:alpha:]]',
    '\\x41',
    '\\Qa\\E',
    '(a{1000}){3}',
    '\\C',
    '\\z'
  ])
    assert.equal(compileAutomaton(source), undefined, source)
  // exponential when every set of positions is a state
  assert.equal(compileAutomaton(`(a|b)*a${'(a|b)'.repeat(30)}`), undefined)
})
