import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JsonObject, mergePatch } from '../../../src/admin/status/merge-patch.js'

/** The page's own: it runs in browsers as it is. */
const { merged } = (await import(new URL('../../../src/admin/page/merge.js', import.meta.url).href)) as {
  merged(target: JsonObject, patch: JsonObject): JsonObject
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const CASES: readonly (readonly [what: string, old: JsonObject, next: JsonObject, patch: JsonObject | undefined])[] = [
  ['nothing', { a: 1, b: { c: [1] } }, { a: 1, b: { c: [1] } }, undefined],
  ['a value', { a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
  ['a member that is new, and one that is gone', { a: 1 }, { b: 2 }, { b: 2, a: null }],
  ['a member that is undefined', { a: 1, b: undefined }, { a: undefined, b: 2 }, { b: 2, a: null }],
  [
    'rows',
    { r: { 1: { a: 1, b: 2 }, 2: { a: 1 } } },
    { r: { 1: { a: 1, b: 3 }, 3: { a: 9 } } },
    { r: { 1: { b: 3 }, 3: { a: 9 }, 2: null } }
  ],
  ['arrays as a whole', { a: [1, 2], b: [1] }, { a: [1, 3], b: [1] }, { a: [1, 3] }],
  ['another kind', { a: { b: 1 }, c: [1], d: 1 }, { a: 1, c: { 0: 1 }, d: [1] }, { a: 1, c: { 0: 1 }, d: [1] }],
  ['empty objects', { a: {} }, { a: {}, b: {} }, { b: {} }]
]

for (const [what, old, next, patch] of CASES) {
  test(`a patch says ${what}, and a page that applies it has the next state`, () => {
    const made = mergePatch(old, next)
    assert.deepEqual(made === undefined ? undefined : plain(made), patch)
    assert.deepEqual(plain(merged(old, plain(made ?? {}) as JsonObject)), plain(next))
  })
}

test('names of prototypes are names', () => {
  const next = JSON.parse('{"rows":{"__proto__":{"a":1},"constructor":2}}') as JsonObject
  const patch = JSON.parse(JSON.stringify(mergePatch({ rows: {} }, next))) as JsonObject
  assert.equal(JSON.stringify(merged({ rows: {} }, patch)), '{"rows":{"__proto__":{"a":1},"constructor":2}}')
  assert.equal(({} as { a?: unknown }).a, undefined)
  assert.equal(mergePatch({ constructor: 2 } as never, { constructor: 2 } as never), undefined)
})

test('what has not changed keeps its object', () => {
  const state = { rows: { 1: { a: 1 }, 2: { a: 1 } } }
  const next = merged(state, { rows: { 1: { a: 2 } } }) as typeof state
  assert.equal(next.rows[2], state.rows[2])
  assert.notEqual(next.rows[1], state.rows[1])
})
