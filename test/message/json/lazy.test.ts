import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '../../../src/encoding/json/decode.js'
import { ArrayView, ObjectView, readNode } from '../../../src/message/json/lazy.js'
import { renderNode } from '../../../src/message/json/render.js'
import type { LazyArray, LazyJson, LazyObject } from '../../../src/message/public.js'
import { runWhole } from '../../../src/message/slices.js'
import { createRandom, pick, randomText, SEED } from '../../encoding/json/random.js'

const open = (text: string): LazyJson => readNode(runWhole(readJson(Buffer.from(text))))

function openObject(text: string): ObjectView {
  const value = open(text)
  assert.ok(value instanceof ObjectView)
  return value
}

const written = (value: ObjectView | ArrayView): string => renderNode(value.settle()).toString()

/** Reads a view to its ends. */
function plain(value: LazyJson): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value.kind === 'array') return Array.from({ length: value.length }, (_, i) => plain(value.get(i)!))
  return Object.fromEntries(value.keys().map(key => [key, plain(value.get(key)!)]))
}

test(`a view reads what JSON.parse reads, by search and opened (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  for (let round = 0; round < 3000; round++) {
    const text = randomText(random, 4)
    const expected: unknown = JSON.parse(text)
    const value = open(text)
    if (value instanceof ObjectView) {
      const object = expected as Record<string, unknown>
      for (const key of Object.keys(object)) assert.deepEqual(plain(openObject(text).get(key)!), object[key], text)
      assert.equal(openObject(text).get('no such key'), undefined)
    }
    assert.deepEqual(plain(value), expected, text)
  }
})

test(`edits through views are the edits of plain values, and the rest stays as it was written (seed ${SEED})`, () => {
  const random = createRandom(SEED + 1)
  for (let round = 0; round < 2000; round++) {
    const text = `{"a":${randomText(random, 3)},"b":[${randomText(random, 3)},1.50,{"c":${randomText(random, 2)}}],"d":{"e":1e3}}`
    const view = openObject(text)
    const twin = JSON.parse(text) as Record<string, unknown>
    for (let i = 0; i < 4; i++) editBoth(random, view, twin)
    assert.deepEqual(JSON.parse(written(view)), twin, text)
  }
})

/** One random edit of a random place, in a view and in its plain twin. */
function editBoth(random: () => number, view: LazyObject | LazyArray, twin: Record<string, unknown> | unknown[]): void {
  const scalar = pick(random, ['x', 'é"', 7, 1.5, true, null] as const)
  if (view.kind === 'array') {
    const items = twin as unknown[]
    const at = Math.floor(random() * (items.length + 1))
    const inner = view.get(at)
    if (typeof inner === 'object' && inner !== null && random() < 0.7) return editBoth(random, inner, items[at] as unknown[])
    if (random() < 0.4) {
      view.remove(at)
      items.splice(at, 1)
    } else {
      view.set(at, scalar)
      items[at] = scalar
    }
    return
  }
  const object = twin as Record<string, unknown>
  const key = pick(random, [...Object.keys(object), 'new'])
  const inner = view.get(key)
  if (typeof inner === 'object' && inner !== null && random() < 0.7) return editBoth(random, inner, object[key] as unknown[])
  if (random() < 0.3) {
    assert.equal(view.delete(key), Object.hasOwn(object, key))
    delete object[key]
  } else {
    view.set(key, scalar)
    object[key] = scalar
  }
}

test('what no edit touched keeps its spelling and its white space', () => {
  const view = openObject('{"a": {"x":1.10,  "y" : 2e0}, "b": [ 12345678901234567890 ,{"z":1.0}]}')
  const list = view.get('b') as ArrayView
  assert.equal((list.get(1) as ObjectView).get('z'), 1)
  assert.equal((view.get('a') as ObjectView).get('y'), 2)
  assert.equal(written(view), '{"a": {"x":1.10,  "y" : 2e0}, "b": [ 12345678901234567890 ,{"z":1.0}]}')
  ;(list.get(1) as ObjectView).set('z', 2)
  assert.equal(written(view), '{"a": {"x":1.10,  "y" : 2e0},"b":[12345678901234567890,{"z":2}]}')
})

test('of a key that stands twice the last counts, whatever its spelling', () => {
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"b":0,"a":1,"b":{},"a":2}']) {
    assert.equal(openObject(text).get('a'), 2, text)
    const view = openObject(text)
    for (let i = 0; i < 9; i++) assert.equal(view.get('a'), 2, text)
    assert.equal((JSON.parse(written(view)) as { a: number }).a, 2)
  }
})

test('keys of objects prototypes are keys like any other', () => {
  const view = openObject('{"__proto__":{"x":1},"constructor":2}')
  assert.equal((view.get('__proto__') as ObjectView).get('x'), 1)
  assert.equal(view.get('toString'), undefined)
  view.set('__proto__', 'p')
  assert.equal(written(view), '{"__proto__":"p","constructor":2}')
})

test('every reader of a place gets the same view, also after items have moved up', () => {
  const view = openObject('{"l":[{"n":0},{"n":1},{"n":2}]}')
  const list = view.get('l') as ArrayView
  const second = list.get(1) as ObjectView
  assert.equal(list.get(1), second)
  list.remove(0)
  assert.equal(list.get(0), second)
  second.set('n', 9)
  assert.equal(written(view), '{"l":[{"n":9},{"n":2}]}')
})

test('a value that stands in two places shows an edit in both', () => {
  const view = openObject('{"a":{"n":1}}')
  const shared = view.get('a') as ObjectView
  view.set('b', shared)
  shared.set('n', 2)
  const list = new ArrayView()
  list.set(2, shared)
  view.set('c', list)
  shared.set('n', 3)
  assert.equal(written(view), '{"a":{"n":3},"b":{"n":3},"c":[null,null,{"n":3}]}')
})

test('what would stand within itself, or nest too deep, is refused and changes nothing', () => {
  const view = openObject('{"a":{"b":[]}}')
  const inner = view.get('a') as ObjectView
  const list = inner.get('b') as ArrayView
  assert.throws(() => list.set(0, view), RangeError)
  assert.throws(() => inner.set('x', inner), RangeError)
  assert.equal(written(view), '{"a":{"b":[]}}')
  let deep = new ObjectView()
  const top = deep
  assert.throws(() => {
    for (let i = 0; i < 5000; i++) {
      const below = new ObjectView()
      deep.set('d', below)
      deep = below
    }
  }, RangeError)
  assert.ok(written(top).length > 0)
})

test('a number that is set is written as JavaScript prints it, and zero keeps its sign', () => {
  const view = openObject('{}')
  for (const [key, number] of Object.entries({ a: -0, b: 0, c: 1e21, d: 0.1, e: 1e20 })) view.set(key, number)
  assert.equal(written(view), '{"a":-0,"b":0,"c":1e+21,"d":0.1,"e":100000000000000000000}')
})

test('texts of members are as they were written, edits included', () => {
  const view = openObject('{"a":12345678901234567890,"é":"\\u0041é","l":[1.50, {"x":1e2}]}')
  assert.equal(view.text('a'), '12345678901234567890')
  assert.equal(view.text('é'), '"\\u0041é"')
  assert.equal(view.text('none'), undefined)
  const list = view.get('l') as ArrayView
  assert.equal(list.text(0), '1.50')
  ;(list.get(1) as ObjectView).set('x', 'ü')
  assert.deepEqual([list.text(1), list.text(2), view.text('l')], ['{"x":"ü"}', undefined, '[1.50,{"x":"ü"}]'])
})

test('sizes are about those of the texts, and end at the limit', () => {
  const text = `{"a":"${'x'.repeat(1000)}","b":[1,2,3]}`
  assert.equal(openObject(text).size(1e6), text.length)
  const view = openObject(text)
  view.set('c', 'y'.repeat(500))
  assert.ok(view.size(1e6) > 1500 && view.size(1e6) < 1700)
  assert.ok(view.size(10) < 1700)
  let doubled = new ArrayView()
  for (let i = 0; i < 60; i++) {
    const outer = new ArrayView()
    outer.set(0, doubled)
    outer.set(1, doubled)
    doubled = outer
  }
  assert.ok(doubled.size(1e5) > 1e5)
})

test('numbers that JSON does not have are refused', () => {
  for (const number of [Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => new ObjectView().set('a', number), RangeError)
  for (const index of [-1, 1.5, Number.NaN]) assert.throws(() => new ArrayView().set(index, 1), RangeError)
})
