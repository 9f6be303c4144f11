/** What a direct function says, the library says too. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from '@bufbuild/cel'
import { compileDirect } from '../../../../plugins/_shared/cel/direct.js'
import { type Expression, loadExpressions } from '../../../../plugins/_shared/cel/expression.js'
import { claimsOf, dataOf } from '../../../../plugins/_shared/cel/variables.js'
import { loadLinear } from '../../../../plugins/_shared/linear-regexp.js'
import { createRandom, pick, type Random, SEED } from '../../../encoding/json/random.js'

const values = {
  req_method: 'GET',
  req_path: '/añ😀',
  req_params: new Map([['Id', '7']]),
  req_headers: new Map([
    ['X-Role', ['boss', 'x']],
    ['Accept', ['*/*']]
  ]),
  resp_completed: true,
  resp_metadata_status: 200n,
  resp_data: dataOf({ a: 1, b: 'two', c: true, d: null, e: ['x', 'two', 3], f: { g: 'two' }, constructor: 'q' }),
  JWT: claimsOf({ sub: 'u', level: 3, half: 1.5, roles: ['admin', 'two'], mixed: ['u', 7, null], none: null, yes: true })
}
const PATTERNS = ['^[a-z]+$', 'o', '^$']

const MEMBERS = [
  'req_method',
  'req_path',
  'req_params.Id',
  "req_headers['X-Role'][0]",
  "req_headers['X-Role']",
  "req_headers['Nope']",
  'req_headers',
  'resp_completed',
  'resp_metadata_status',
  'resp_data.a',
  'resp_data.b',
  'resp_data.c',
  'resp_data.d',
  'resp_data.e',
  'resp_data.e[5]',
  'resp_data.f.g',
  'resp_data.f',
  'resp_data.toString',
  'resp_data.constructor',
  'JWT.sub',
  'JWT.level',
  'JWT.half',
  'JWT.roles',
  'JWT.mixed',
  'JWT.none',
  'JWT.yes',
  'JWT.nope.deep',
  'req_querystring'
]
const LITERALS = ["'two'", "'u'", "'GET'", "''", '3', '200', '1.5', 'true', 'false', "'7'", 'null']

function scalar(random: Random): string {
  const kind = random()
  if (kind < 0.2) return pick(random, LITERALS)
  return kind < 0.35 ? `size(${pick(random, MEMBERS)})` : pick(random, MEMBERS)
}

function condition(random: Random, depth: number): string {
  const kind = depth <= 0 ? random() * 0.7 : random()
  if (kind < 0.2) return `${scalar(random)} ${pick(random, ['==', '!='])} ${scalar(random)}`
  if (kind < 0.3) return `${scalar(random)} ${pick(random, ['<', '<=', '>', '>='])} ${scalar(random)}`
  if (kind < 0.4)
    return `${scalar(random)} in ${random() < 0.5 ? `[${pick(random, LITERALS)}, ${pick(random, LITERALS)}]` : pick(random, MEMBERS)}`
  if (kind < 0.5)
    return `${pick(random, MEMBERS)}.${pick(random, ['startsWith', 'endsWith', 'contains'])}(${pick(random, ["''", "'o'", "'two'", 'JWT.sub'])})`
  if (kind < 0.57) return `${pick(random, MEMBERS)}.matches('${pick(random, PATTERNS)}')`
  if (kind < 0.65)
    return `has(${pick(random, ['JWT', 'resp_data', 'resp_data.f', 'resp_data.b'])}.${pick(random, ['sub', 'b', 'g', 'd', 'none', 'nope'])})`
  if (kind < 0.7) return pick(random, MEMBERS)
  if (kind < 0.8) return `!(${condition(random, depth - 1)})`
  return `(${condition(random, depth - 1)}) ${pick(random, ['&&', '||'])} (${condition(random, depth - 1)})`
}

test(`random expressions (seed ${SEED})`, async () => {
  const random = createRandom(SEED)
  const compile = await loadExpressions()
  const linear = await loadLinear()
  const patterns = new Map(PATTERNS.map(pattern => [pattern, linear(pattern)]))
  const counts = { true: 0, false: 0, undefined: 0 }
  for (let round = 0; round < 3000; round++) {
    const text = condition(random, 3)
    const holds = compileDirect(parse(text).expr, patterns)
    if (holds === undefined) continue
    let expression: Expression
    try {
      // a small budget is counted by the library
      expression = compile(text, 99_000)
    } catch {
      continue // of types that do not go together: it stops the start
    }
    const library = resultOf(expression)
    const direct = holds(values)
    counts[`${direct}`]++
    if (direct !== undefined) assert.equal(direct, library, text)
  }
  assert.ok(counts.true > 100 && counts.false > 100, JSON.stringify(counts))
})

function resultOf(expression: Expression): unknown {
  try {
    return expression.evaluate(values)
  } catch {
    return 'fails'
  }
}

test('what is usual is direct, what is not is left to the library', () => {
  const isDirect = (text: string): boolean => compileDirect(parse(text).expr, new Map()) !== undefined
  for (const text of [
    "'admin' in req_headers['X-Role']",
    "JWT.role in ['admin', 'root'] && has(JWT.sub)",
    "resp_data.status == 'ok' || size(resp_data.list) > 2",
    "!req_path.startsWith('/admin')"
  ])
    assert.equal(isDirect(text), true, text)
  for (const text of [
    'int(req_params.Id) % 2 == 0',
    "timestamp(now) > timestamp('2020-01-01T00:00:00Z')",
    'JWT.roles.exists(r, r == 1)'
  ])
    assert.equal(isDirect(text), false, text)
})

test('a small budget holds for what would be direct', async () => {
  const compile = await loadExpressions()
  const text = "JWT.sub == 'u' && 'admin' in JWT.roles"
  assert.equal(compile(text).evaluate(values), true)
  assert.throws(() => compile(text, 1).evaluate(values), /takes more than 1 steps/)
})
