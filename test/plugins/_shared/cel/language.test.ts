/** The language itself, where libraries differ from its specification and from Go's. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompileExpression, loadExpressions } from '../../../../plugins/_shared/cel/expression.js'
import { claimsOf } from '../../../../plugins/_shared/cel/variables.js'

const compiler: Promise<CompileExpression> = loadExpressions()
const values = { now: '2026-11-21T05:00:00Z', JWT: claimsOf({ a: null, b: { c: 1 }, text: 'x', list: [1, 'two', null] }) }

async function areTrue(texts: readonly string[]): Promise<void> {
  const compile = await compiler
  for (const text of texts) assert.equal(compile(text).evaluate(values), true, text)
}

/** Each fails when it is evaluated. */
async function fail(texts: readonly string[]): Promise<void> {
  const compile = await compiler
  for (const text of texts) assert.throws(() => compile(`[${text}] == []`).evaluate(values), Error, text)
}

/** Each is refused before it is evaluated. */
async function refused(texts: readonly string[], message: RegExp): Promise<void> {
  const compile = await compiler
  for (const text of texts) assert.throws(() => compile(text), message, text)
}

test('literals', () =>
  areTrue([
    '.5 == 0.5',
    '1e3 == 1000.0',
    '0x1F == 31',
    "r'\\d' == '\\\\d'",
    "b'\\xff' < b'\\xff\\x00'",
    '[].all(x, x > 1)',
    '-0.0 == 0.0'
  ]))

test('numbers of unlike types compare by value, and overflow fails', async () => {
  await areTrue(['1 == 1.0', '2u != 3', 'dyn(1u) < 1.5', '1u < 2', '{1: "a"}[dyn(1.0)] == "a"', '1 in [1.0]', 'uint(3) == 3u'])
  await fail(['int(1e99)', 'uint(-1)', '9223372036854775807 + 1', '0u - 1u', '-(-9223372036854775808)', '1 / 0', '1 % 0'])
})

test('texts become numbers as in Go: no blanks, nothing but digits', async () => {
  await areTrue(["int('+7') == 7", "int('-7') == -7", "double('1e3') == 1000.0", "double('.5') == 0.5", "uint('7') == 7u"])
  await fail([
    "int('')",
    "int(' 7')",
    "int('7 ')",
    "int('0x10')",
    "int('7.0')",
    "int('1_000')",
    "uint('-1')",
    "double('')",
    "double(' 1')"
  ])
  await fail(["int('9223372036854775808')", "double('1e999')", `int('${'9'.repeat(10_000)}')`, "bool('TrUe')"])
})

test('numbers become texts as in Go', () =>
  areTrue([
    "string(1.5) == '1.5'",
    "string(1e6) == '1e+06'",
    "string(0.00001) == '1e-05'",
    "string(3u) == '3'",
    "string(100.0) == '100'"
  ]))

test('times', async () => {
  await areTrue([
    'int(timestamp(now)) == 1795237200',
    'timestamp(1795237200) == timestamp(now)',
    "string(duration('1h30m0.5s')) == '5400.5s'",
    "string(timestamp('2026-01-01T00:00:00.120Z')) == '2026-01-01T00:00:00.12Z'",
    "duration('1s') + timestamp(now) == timestamp(now) + duration('1s')",
    "timestamp('2026-01-01T00:00:00.000000002Z') - timestamp('2026-01-01T00:00:00.000000001Z') == duration('1ns')",
    "timestamp(now).getHours('+02:00') == 7 && timestamp(now).getHours('-05:30') == 23 && timestamp(now).getHours('02:00') == 7",
    "timestamp(now).getHours('Europe/Berlin') == 6 && timestamp('2026-07-01T00:30:00Z').getDate('America/New_York') == 30",
    "timestamp('2024-12-31T00:00:00Z').getDayOfYear() == 365 && timestamp('2026-03-29T02:30:00Z').getHours() == 2",
    "timestamp('0001-01-01T00:00:00Z').getFullYear() == 1 && timestamp('1969-12-31T23:59:59.5Z').getMilliseconds() == 500"
  ])
  await fail([
    "timestamp('yesterday')",
    'timestamp(253402300800)',
    "timestamp(now).getHours('Nowhere/Land')",
    "timestamp(now).getHours('+0200')",
    "duration('1y')"
  ])
  await fail(["timestamp('9999-12-31T23:59:59Z') + duration('1s')", "duration('320000000000s')"])
})

test('fields are there or not, whatever their value', async () => {
  await areTrue([
    "has({'a': 1}.a)",
    "!has({'a': 1}.b)",
    'has(JWT.a)',
    "'a' in JWT",
    'JWT.a == null',
    "has({'a': null}.a)",
    "'a' in {'a': null}"
  ])
  await fail(["{'a': 1, 'a': 2}", '{true: 1, true: 1}', '{1.5: 1}', '{null: 1}'])
  await areTrue(['timestamp(now) != null', '!(duration("1s") == null)'])
  await areTrue(['has(JWT.b.c) && !has(JWT.b.d) && !has(JWT.nope)', "size(JWT) == 4 && JWT.exists(k, k == 'text')"])
  await fail(['has(JWT.nope.a)', 'has(JWT.text.a)', '!has(JWT.text.a)', 'JWT.list[3]', 'JWT.list[-1]', 'JWT.nope', "JWT['nope']"])
})

test('names in backquotes', async () => {
  await areTrue([
    "{'content-type': 1}.`content-type` == 1",
    "has({'a.b': 1}.`a.b`) && !has({'a.b': 1}.`a/b`)",
    "'.`x`' == \".`x`\" && r'\\' + '.`x`' != '' && {'_q0': 1, 'a b': 2}._q0 == 1 && {'_q0': 1, 'a b': 2}.`a b` == 2 // .`c`"
  ])
  await refused(['`now` == now', 'now.`a-b` == 1', "{'a': 1}.`` == 1"], /at column|has no field a-b/)
})

test('macros, nested and over what they made', () =>
  areTrue([
    '[3, 1, 2].map(x, x * 2).filter(x, x > 2) == [6, 4]',
    '[[1, 2], [3]].all(l, l.exists(x, x > 1))',
    '[1, 2, 3].exists_one(x, x == 2) && ![1, 1].exists_one(x, x == 1)',
    "['a'].map(x, x + 'b') + ['c'] == ['ab', 'c']",
    '[1, 2].map(x, [x]).map(l, l + [0]) == [[1, 0], [2, 0]]',
    '[1, 2].exists(now, now == 2) && [1].all(x, [2].all(x, x == 2) && x == 1)',
    'JWT.list.exists(x, x == "two") && [1, 2, 3].filter(x, x > 1).size() == 2'
  ]))

test('an error counts only when the result depends on it', async () => {
  await areTrue(['1 / 0 > 1 || true', '!(1 / 0 > 1 && false)', '[0, 1].exists(x, 1 / x == 1)', 'true ? true : 1 / 0 == 1'])
  await fail(['1 / 0 > 1 || false', '[0, 1].all(x, 1 / x == 1)', '[0, 1].exists_one(x, 1 / x == 1)'])
})

test('what can never be true is refused before it is evaluated', async () => {
  await refused(
    ['req_params.Id == 7', "req_path in ['a'].map(x, 1)", "[1] == ['a']", "'a' in [1]", 'null == req_path'],
    /no such overload/
  )
  await refused(
    ['true && 1', "!'a'", "'a' ? true : false", "'a' < 1", "-'a' == 1", "'a'[0] == 'b'", 'size(1) == 1'],
    /no such overload/
  )
  await refused(['JWT.a.nope() == 1', 'nope(1)', "'a'.nope()"], /Unknown function: nope/)
  await refused(
    ['x == 1', '[1].all(x, y)', 'x.y == 1', 'math.least(1, 2) == 1', '[1].all(x, x > 0) && x == 1'],
    /Unknown variable/
  )
  await refused(["req_path.a == 'b'", 'has(now.a)', '[1].a == 1'], /has no field a/)
  await refused(["'a'.all(x, x)", '7.map(x, x) == []'], /neither a list nor a map|at column/)
  await refused(['Nope{} == 1'], /Unknown type: Nope/)
})

test('a fault has its line when there are several', () =>
  refused(['true &&\n  nope'], /Unknown variable: nope, at line 2, column 3 of/))
