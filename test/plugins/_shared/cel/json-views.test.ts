/** An expression sees the same in a view as in the decoded value. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadExpressions } from '../../../../plugins/_shared/cel/expression.js'
import { dataOf } from '../../../../plugins/_shared/cel/variables.js'
import { parseJsonValue } from '../../../../src/message/json/exact-json.js'
import { GatewayResponse } from '../../../../src/plugin/index.js'
import { createRandom, randomText, SEED } from '../../../encoding/json/random.js'
import { countedView } from '../../counted-view.js'

async function both(text: string): Promise<[plain: unknown, view: unknown]> {
  const response = new GatewayResponse(200)
  response.body.set(text)
  return [parseJsonValue(text), await response.body.lazyJson()]
}

const EXPRESSIONS = [
  'resp_data.a == "1"',
  'int(resp_data.a) > 1',
  'double(resp_data.a) > 1.0',
  'has(resp_data.a)',
  'has(resp_data.nothing)',
  'resp_data.a == null',
  'size(resp_data)',
  'size(resp_data.a)',
  '"x" in resp_data.a',
  'resp_data.a.b == resp_data.b',
  'resp_data.a == resp_data.a',
  'resp_data["a"]["b"]',
  'resp_data.a[0]',
  'resp_data.a[1] == "2.50"',
  'resp_data.a.all(x, x == resp_data.b)',
  'resp_data.exists(k, k == "b")',
  'resp_data.a.map(x, x).size()',
  'resp_data.a + resp_data.b',
  'type(resp_data.a) == map',
  'resp_data.a.filter(x, type(x) == string).size()',
  'string(resp_data.a)'
]

test(`random answers (seed ${SEED})`, async () => {
  const compile = await loadExpressions()
  const random = createRandom(SEED)
  const expressions = EXPRESSIONS.map(text => ({ text, expression: compile(text) }))
  const outcome = (run: () => unknown): unknown => {
    try {
      const value = run()
      return typeof value === 'object' && value !== null ? 'an object' : value
    } catch (error) {
      return `failed: ${(error as Error).message}`
    }
  }
  for (let round = 0; round < 400; round++) {
    const text = `{"a":${randomText(random, 2)},"b":${randomText(random, 1)}}`
    const [plain, view] = await both(text)
    for (const { text: source, expression } of expressions) {
      const seen = outcome(() => expression.evaluate({ resp_data: dataOf(view) as never }))
      assert.deepEqual(
        seen,
        outcome(() => expression.evaluate({ resp_data: dataOf(plain) as never })),
        `${source} on ${text}`
      )
    }
  }
})

test('an expression reads of a large body what it names', async () => {
  const lines = Array.from({ length: 180 }, (_, i) => ({ sku: `A-${i}`, note: { text: 'left at the door' } }))
  const response = new GatewayResponse(200)
  response.body.set(JSON.stringify({ id: 4711, user: { name: 'Ada', more: lines }, lines, rest: lines }))
  const view = await response.body.lazyJson()
  const compile = await loadExpressions()
  const readsOf = (text: string): string[] => {
    const reads: string[] = []
    assert.equal(compile(text).evaluate({ resp_data: dataOf(countedView(view!, reads)) as never }), true, text)
    return [...new Set(reads)].sort()
  }
  assert.deepEqual(readsOf("resp_data.id == '4711'"), ['id'])
  assert.deepEqual(readsOf("resp_data.user.name == 'Ada'"), ['user', 'user.name'])
  assert.deepEqual(readsOf('size(resp_data.lines) == 180'), ['lines'])
  assert.deepEqual(readsOf("resp_data.lines[3].sku == 'A-3'"), ['lines', 'lines.3', 'lines.3.sku'])
  assert.deepEqual(readsOf("resp_data.lines.exists(line, line.sku == 'A-1')").slice(0, 3), ['lines', 'lines.0', 'lines.0.sku'])
  assert.deepEqual(readsOf("has(resp_data.nothing) || resp_data.id == '4711'"), ['id', 'nothing'])
})
