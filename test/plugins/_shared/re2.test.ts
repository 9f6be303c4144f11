import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, joinPatterns } from '../../../plugins/_shared/re2.js'

const TEXTS = ['', 'a', 'Googlebot/2.1', 'googleBOT', 'curl/8', 'not curl/8', 'x)|(?:y', 'abc)', 'aX', 'b|c', 'line\nbot']

test('patterns in one match where one of them does', async () => {
  for (const sources of [
    [],
    ['bot'],
    ['bot', '^curl/'],
    ['(?i)bot', 'x', 'A'],
    ['a|b', '', '$^'],
    ['(?P<n>a)', '(?P<n>b)X', '(?P<n>c)'],
    ['\\Qabc', 'x', 'y'],
    ['\\Qa', '\\Qb'],
    ['(?s)line.bot', '(?m)^bot', '.bot'],
    ['[)|]', '\\)', '(a)|(X$)']
  ]) {
    const each = await Promise.all(sources.map(compilePattern))
    const joined = await joinPatterns(sources)
    for (const text of TEXTS)
      assert.equal(
        joined.test(text),
        each.some(pattern => pattern.test(text)),
        `${JSON.stringify(sources)} on ${JSON.stringify(text)}`
      )
  }
})
