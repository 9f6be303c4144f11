import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, type ConfigProblem, isShortened, listFaults, listProblems, summarizeProblems } from '../src/errors.js'

/** The same problem, or problems that differ in their messages, in many places. */
function many(count: number, level: ConfigProblem['level'], messageOf: (i: number) => string, kind?: string): ConfigProblem[] {
  return Array.from({ length: count }, (_, i) => ({
    level,
    file: 'k.json',
    pointer: `/endpoints/${i}/x`,
    message: messageOf(i),
    ...(kind === undefined ? {} : { kind })
  }))
}

const linesIn = (problems: readonly ConfigProblem[], all?: boolean): string[] =>
  listProblems(problems, all).flatMap(({ text }) => text.split('\n'))

test('of a cause in thousands of places the first are listed, and their number', () => {
  const problems = many(10_000, 'warning', () => 'is ignored')
  const lines = linesIn(problems)
  assert.equal(lines.length, 22)
  assert.equal(lines[0], 'is ignored: 10,000 places')
  assert.equal(lines[20], '  k.json /endpoints/19/x')
  assert.equal(lines[21], '  and 9,980 more')
  assert.equal(isShortened(problems), true)
  assert.equal(linesIn(problems, true).length, 10_001)
})

test('up to twenty places are all listed', () => {
  const problems = many(20, 'error', () => 'is wrong')
  assert.equal(linesIn(problems).length, 21)
  assert.equal(isShortened(problems), false)
  assert.equal(linesIn(many(21, 'error', () => 'is wrong')).at(-1), '  and 1 more')
})

test('of one kind with different texts the first are listed as well', () => {
  const lines = linesIn(many(1_021, 'warning', i => `unknown key 'k${i}'`, 'unknown keys are ignored'))
  assert.equal(lines[0], 'unknown keys are ignored: 1,021 places')
  assert.equal(lines.length, 22)
  assert.equal(lines.at(-1), '  and 1,001 more')
})

test('of thousands of causes the first hundred of each level are listed', () => {
  const problems = [...many(3_000, 'warning', i => `warns ${i}`), ...many(150, 'error', i => `fails ${i}`)]
  const lines = linesIn(problems)
  assert.equal(lines.length, 202)
  assert.deepEqual([lines[100], lines[201]], ['and 50 more errors', 'and 2,900 more warnings'])
  assert.equal(linesIn(problems, true).length, 3_150)
})

test('an error keeps all its problems, its message is short', () => {
  const error = new ConfigError(many(10_000, 'error', () => 'is wrong'))
  assert.equal(error.problems.length, 10_000)
  assert.equal(error.message.split('\n').length, 22)
})

test('a log and a reload get a line for each of the first places', () => {
  const problems = many(10_000, 'error', () => 'is wrong')
  assert.equal(summarizeProblems(problems).length, 21)
  assert.equal(summarizeProblems(problems).at(-1)!.text, 'k.json: and in 9,980 places more: is wrong')
  assert.equal(listFaults(problems).length, 21)
  assert.equal(listFaults(problems).at(-1), 'and 9,980 more')
  assert.equal(summarizeProblems(many(10_000, 'warning', () => 'is ignored')).length, 1)
})
