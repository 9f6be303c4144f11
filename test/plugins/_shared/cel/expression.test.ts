import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompileExpression, loadExpressions } from '../../../../plugins/_shared/cel/expression.js'
import { canonicalName, claimsOf, dataOf } from '../../../../plugins/_shared/cel/variables.js'
import { parseJsonValue } from '../../../../src/message/json/exact-json.js'

const values = {
  req_method: 'GET',
  req_path: '/a',
  req_params: new Map([['Id', '7']]),
  req_headers: new Map([['X-Role', ['boss']]]),
  req_querystring: new Map([['a', ['1', '2']]]),
  resp_completed: true,
  resp_metadata_status: 0n,
  resp_data: dataOf(
    parseJsonValue('{"a":1,"b":"two","d":null,"e":[{"x":1.10}],"big":12345678901234567890,"constructor":{"__proto__":5}}')
  ),
  JWT: claimsOf({ sub: 'u', level: 3, roles: ['admin'], days: [1, 2, 6], nested: { id: 'x' } }),
  now: '2026-11-21T05:00:00Z'
}

const compiler: Promise<CompileExpression> = loadExpressions()

test('evaluates what KrakenD evaluates', async () => {
  const compile = await compiler
  const results: readonly [text: string, result: unknown][] = [
    ['int(req_params.Id) % 2 == 1', true],
    ["'X-Role' in req_headers && req_headers['X-Role'][0] == 'boss'", true],
    ["'x-role' in req_headers", false],
    ['size(req_querystring.a) == 2', true],
    ["req_params.Id.contains('7') && req_params.Id.size() == 1", true],
    ["has(JWT.nested.id) && !has(JWT.nope) && 'admin' in JWT.roles", true],
    ['JWT.level > 2 && JWT.level == 3', true],
    ['timestamp(now).getDayOfWeek() in JWT.days', true],
    ["timestamp(now) > timestamp('2020-01-01T00:00:00Z')", true],
    ["duration('1h') < duration('2h')", true],
    ['resp_metadata_status == 0 && resp_completed', true],
    ["resp_data.d == null && resp_data.b in ['one', 'two']", true],
    ["req_method == 'GET' ? true : false", true]
  ]
  for (const [text, result] of results) assert.equal(compile(text).evaluate(values), result, text)
})

test('numbers of an answer are their text, as in KrakenD', async () => {
  const compile = await compiler
  const run = (text: string): unknown => compile(text).evaluate(values)
  assert.equal(run('resp_data.a == 1'), false)
  assert.equal(run('resp_data.a == 1.0'), false)
  assert.equal(run('int(resp_data.a) == 1'), true)
  assert.equal(run("resp_data.e[0].x == '1.10'"), true)
  assert.equal(run("resp_data.big == '12345678901234567890'"), true)
  assert.throws(() => run('resp_data.a < 10.0'), /no matching overload/)
})

test('no key of data from outside is special', async () => {
  const compile = await compiler
  assert.equal(compile("resp_data.constructor['__proto__'] == '5'").evaluate(values), true)
  assert.equal(compile('has(resp_data.toString)').evaluate(values), false)
})

test('an expression that meets a missing key or a division by zero fails', async () => {
  const compile = await compiler
  assert.throws(() => compile('req_params.id == "7"').evaluate(values), /field not found: id/)
  assert.throws(() => compile('int(req_params.Id) / 0 == 1').evaluate(values), /divide by zero/)
  for (const text of ['JWT.sub == "u"', 'has(JWT.sub)', '!has(JWT.sub)', 'JWT == JWT'])
    assert.throws(() => compile(text).evaluate({}), /no value for JWT/, text)
})

test('tells which variables are read, not which words the text holds', async () => {
  const compile = await compiler
  assert.deepEqual([...compile("resp_data.required == 'JWT req'").variables], ['resp_data'])
  assert.deepEqual([...compile('[1].exists(x, x == 1)').variables], [])
  assert.deepEqual([...compile("{'k': req_path}.size() > 0 && JWT.a == now").variables].sort(), ['JWT', 'now', 'req_path'])
})

test('regular expressions run on RE2 wherever they stand', async () => {
  const compile = await compiler
  const bomb = new Map([['Id', `${'a'.repeat(100_000)}!`]])
  for (const text of [
    "req_params.Id.matches('^(a+)+$')",
    "matches(req_params.Id, '^(a+)+$')",
    "( req_params.Id ) . matches ( '^(a+)+$' )",
    "[req_params.Id].exists(x, x.matches('^(a+)+$'))",
    "req_params.Id.matches('^(a+)' + '+$')"
  ]) {
    assert.equal(compile(text).evaluate({ ...values, req_params: bomb }), false, text)
  }
  assert.equal(compile("JWT.sub.matches('^u$') && 'a.matches(b)'.matches('matches')").evaluate(values), true)
})

test('a bad expression is refused with its place', async () => {
  const compile = await compiler
  assert.throws(() => compile('this is not cel'), /at column 6 of "this is not cel"/)
  assert.throws(() => compile('nope == 1'), /Unknown variable: nope, at column 1/)
  assert.throws(() => compile('req_method + 1 == 2'), /no such overload: string \+ int/)
  assert.throws(() => compile('nofunc(1)'), /nofunc/)
  assert.throws(() => compile('req_path.matches(1)'), /string\.matches\(int\)/)
})

test('a regular expression that is none is told, and fails where it is reached', async () => {
  const compile = await compiler
  assert.match(compile("req_path.matches('(?=a)')").badPattern ?? '', /regular expression "\(\?=a\)" is not supported/)
  const either = compile("req_method == 'GET' || matches(req_path, '[')")
  assert.match(either.badPattern ?? '', /is not supported/)
  assert.equal(either.evaluate(values), true)
  assert.throws(() => either.evaluate({ ...values, req_method: 'PUT' }), /is not supported/)
})

test('a long pattern of the configuration is used as any other', async () => {
  const compile = await compiler
  assert.equal(compile(`req_params.Id.matches('^(${'x'.repeat(3000)}|7)$')`).evaluate(values), true)
})

test('tells an expression that cannot be a boolean', async () => {
  const compile = await compiler
  assert.equal(compile('size(req_path)').mayBeBool, false)
  assert.equal(compile('resp_data.a').mayBeBool, true)
  assert.equal(compile('resp_data.a == 1').type, 'bool')
})

test('names of fields are spelled as Go spells them', () => {
  assert.deepEqual(['x-rOLE', 'ETAG', 'x--a', '-x', 'x-rOLE'].map(canonicalName), ['X-Role', 'Etag', 'X--A', '-X', 'X-Role'])
})
