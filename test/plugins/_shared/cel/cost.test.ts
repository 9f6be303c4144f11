/** What an evaluation may cost: bodies and claims come from outside, the event loop is everyone's. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompileExpression, loadExpressions } from '../../../../plugins/_shared/cel/expression.js'
import { dataOf } from '../../../../plugins/_shared/cel/variables.js'

const compiler: Promise<CompileExpression> = loadExpressions()
const COUNT = 2_000_000
const data = {
  status: 'ok',
  numbers: Array.from({ length: COUNT }, (_, i) => i),
  few: Array.from({ length: 5000 }, (_, i) => ({ id: i, name: `n${i}` })),
  text: 'a'.repeat(10 * 1024 * 1024),
  patterns: Array.from({ length: 5000 }, (_, i) => `(?:[ab]?){900}x{1,${(i % 900) + 1}}$`),
  mixed: `${'abbabab'.repeat(1000)}c b`,
  digits: '9'.repeat(1024 * 1024),
  object: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, true]))
}
const values = { resp_data: dataOf({ ...data, twin: structuredClone(data.numbers) }) }

test('an expression that walks through too much fails, whatever its operators make of errors', async () => {
  const compile = await compiler
  for (const text of [
    "resp_data.numbers.all(x, x != '')",
    "resp_data.numbers.exists(x, x == '') || true",
    "!(resp_data.numbers.all(x, x != '') && false)",
    "[1].exists(y, resp_data.numbers.exists(x, x == '')) || true",
    'resp_data.numbers.map(x, x).size() > 0',
    "resp_data.few.exists(x, resp_data.few.exists(y, y.id == ''))",
    'resp_data.few.map(x, resp_data.few.map(y, x.id + y.id)).size() > 0',
    "'nope' in resp_data.numbers",
    'resp_data.numbers == resp_data.twin',
    "resp_data.text.matches('b$')",
    "resp_data.few.exists(x, resp_data.mixed.matches('.*a.{150}c$'))",
    "resp_data.few.exists(x, 'ab'.matches('(?:[ab]?){500}' + x.id + '$'))",
    "resp_data.patterns.exists(x, 'ab'.matches(x))",
    "resp_data.few.exists(x, 'ab'.matches('[' + x.id))",
    "resp_data.few.exists(x, double(resp_data.digits + 'x') > 1.0)",
    'resp_data.few.exists(x, resp_data.object == resp_data.object)',
    'resp_data.few.all(x, resp_data.text.size() > 0)',
    "resp_data.few.all(x, resp_data.text + 'a' != resp_data.text + 'b')",
    "resp_data.few.all(x, !resp_data.text.contains('b'))"
  ]) {
    assert.throws(() => compile(text).evaluate(values), /takes more than 150000 steps/, text)
  }
})

test('the size of what is not looked at costs nothing', async () => {
  const compile = await compiler
  for (const text of [
    "resp_data.status == 'ok' && has(resp_data.numbers)",
    `size(resp_data.numbers) == ${COUNT}`,
    'resp_data.few.all(x, size(resp_data.object) == 100000)',
    `resp_data.numbers[${COUNT - 1}] == '${COUNT - 1}'`,
    "resp_data.few.all(x, x.name.startsWith('n')) && resp_data.few.map(x, x.id).size() == 5000",
    'resp_data.few.filter(x, int(x.id) % 2 == 0).size() == 2500'
  ]) {
    assert.equal(compile(text).evaluate(values), true, text)
  }
})

test('texts of any size become numbers or fail, at once', async () => {
  const compile = await compiler
  for (const text of [
    "double(resp_data.digits + 'x') > 1.0",
    'int(resp_data.digits) > 1',
    'bool(resp_data.digits)',
    'timestamp(resp_data.digits) > timestamp(0)'
  ])
    assert.throws(() => compile(text).evaluate(values), Error, text)
})

test('a budget of the configuration counts, for each evaluation anew', async () => {
  const compile = await compiler
  const walk = "resp_data.few.all(x, x.id != '')"
  assert.throws(() => compile(walk, 1000).evaluate(values), /more than 1000 steps/)
  const wide = compile("resp_data.numbers.all(x, x != '')", 50_000_000)
  assert.equal(wide.evaluate({ resp_data: dataOf({ numbers: data.numbers.slice(0, 200_000) }) }), true)
  const usual = compile(walk)
  for (let round = 0; round < 20; round++) assert.equal(usual.evaluate(values), true)
})

test('lists that macros make grow in linear time', async () => {
  const compile = await compiler
  const many = { resp_data: dataOf({ a: Array.from({ length: 100_000 }, (_, i) => i) }) }
  const text = "resp_data.a.map(x, x).filter(x, x != '5').map(x, [x]).size() == 99999"
  assert.equal(compile(text, 100_000_000).evaluate(many), true)
})
