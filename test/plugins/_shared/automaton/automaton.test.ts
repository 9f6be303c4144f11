/** An automaton says what RE2 says. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RE2JS } from 're2js'
import { compileAutomaton, compileTogether, TOO_LONG } from '../../../../plugins/_shared/automaton/automaton.js'
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
  '$',
  '\\b',
  '\\B',
  '\\W',
  '\\S',
  '[^\\w-]',
  '[\\W_]',
  'k',
  '[k-s]',
  '(?i)',
  '(?s-i)',
  '(?s:.)',
  '(?P<n>a|\\b)'
]
const COUNTS = ['*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '*?', '+?', '{0}']
const LETTERS = ['a', 'b', 'B', 'c', '1', '2', '-', '.', ' ', '\n', '_', 'A', 'k', 'S', 'é', '\u212a', 'ſ', '😀', '\u{2028}', '€']

function pattern(random: Random, depth: number): string {
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => {
    const kind = random()
    if (depth > 0 && kind < 0.2) return `(${pattern(random, depth - 1)})${random() < 0.5 ? pick(random, COUNTS) : ''}`
    if (depth > 0 && kind < 0.3) return `(?:(?i)${pattern(random, depth - 1)}|${pattern(random, depth - 1)})`
    if (depth > 0 && kind < 0.35) return `(?:${pattern(random, depth - 1)}|${pattern(random, depth - 1)})`
    const atom = pick(random, ATOMS)
    return kind < 0.6 && !/^(?:[$^]|\\[bB]|\(\?[is-]*\))$/.test(atom) ? atom + pick(random, COUNTS) : atom
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

test('what is rare or large is left to RE2', () => {
  for (const source of ['é', '(?m)^a', '(?U)a+', '\\pL', '[[:alpha:]]', '\\x41', '\\Qa\\E', '(a{1000}){3}', '\\C', '\\z', '\\b*'])
    assert.equal(compileAutomaton(source), undefined, source)
})

test('a table that would be large is made as far as texts ask for it', () => {
  // exponential when every set of positions is a row
  const source = `(a|b)*a${'(a|b)'.repeat(30)}$`
  const automaton = compileAutomaton(source)!
  const engine = RE2JS.compile(source)
  const random = createRandom(SEED)
  for (let round = 0; round < 200; round++) {
    const sample = Array.from({ length: 200 }, () => pick(random, ['a', 'b'])).join('')
    assert.equal(automaton.test(sample), engine.test(sample) ? 1 : 0, sample)
  }
})

test('a text that takes too many looks is given up', () => {
  const automaton = compileAutomaton('(?:[ab].{0,300}c){3}$')!
  const random = createRandom(SEED)
  const long = Array.from({ length: 100_000 }, () => pick(random, ['a', 'b', 'c', 'd'])).join('')
  assert.equal(automaton.test(`${long}d`), TOO_LONG)
  assert.equal(automaton.test('abcacbacc'), 1)
  assert.equal(automaton.test('abcacbac'), 1)
  assert.equal(automaton.test('abcab'), 0)
})

test(`one automaton for many patterns says what they say one by one (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  for (let round = 0; round < 60; round++) {
    const sources: string[] = []
    while (sources.length < 1 + Math.floor(random() * 40)) {
      const source =
        random() < 0.5 ? `${random() < 0.3 ? '(?i)' : ''}${text(random).replace(/[^ab1k ]/giu, '')}x` : `${pattern(random, 1)}y`
      try {
        RE2JS.compile(source)
        sources.push(source)
      } catch {
        // not one of RE2
      }
    }
    const { automaton, others } = compileTogether(sources)
    const engines = sources.filter(source => !others.includes(source)).map(source => RE2JS.compile(source))
    for (let i = 0; i < 40; i++) {
      const sample = `${text(random)}${pick(random, ['', 'x', 'y', 'X'])}${text(random)}`
      const want = engines.some(engine => engine.test(sample)) ? 1 : 0
      assert.equal(automaton.test(sample), want, `${JSON.stringify(sources)} on ${JSON.stringify(sample)}`)
    }
  }
})
