import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeShort } from '../../../src/encoding/json/merge.js'
import { ObjectNode } from '../../../src/message/json/node.js'
import { renderJson } from '../../../src/message/json/render.js'
import { openObject } from '../../../src/message/json/scan.js'
import { mergeObjects, parseJsonObject } from '../at-once.js'

const merged = (...texts: string[]): ObjectNode => mergeObjects(texts.map(text => parseJsonObject(Buffer.from(text))))
const textOf = (node: ObjectNode): string => renderJson(node).toString()
/** Joined by their texts, and not opened. */
const isClosed = (node: ObjectNode): boolean => node.peek() === undefined

test('objects whose keys differ are joined by their texts, unopened', () => {
  const node = merged(' { "a": 1.0 ,"é":[ 2 ]} ', '{}', '{"b":{"a":1}}')
  assert.equal(isClosed(node), true)
  assert.equal(textOf(node), '{"a": 1.0 ,"é":[ 2 ],"b":{"a":1}}')
  assert.deepEqual([...openObject(node).keys()], ['a', 'é', 'b'])
})

test('nothing but empty objects and null is an empty object', () => {
  for (const node of [merged('{}', 'null', ' { } '), merged('null'), mergeObjects([])]) {
    assert.equal(textOf(node), '{}')
    assert.equal(openObject(node).size, 0)
  }
})

for (const [what, texts, wanted] of [
  ['a key of two parts', ['{"a":1,"b":2}', '{"c":3,"a":4}'], '{"a":4,"b":2,"c":3}'],
  ['a key twice in one part', ['{"a":1,"a":2}', '{"b":3}'], '{"a":2,"b":3}'],
  ['a key that is spelt with an escape', ['{"a":1}', '{"\\u0061":2}'], '{"a":2}'],
  ['an empty key', ['{"":1}', '{"":2}'], '{"":2}']
] as const) {
  test(`of ${what} the last value stays, at the first one's place`, () => {
    const node = merged(...texts)
    assert.equal(isClosed(node), false)
    assert.equal(textOf(node), wanted)
  })
}

test('many keys, and very long ones, are compared as they were', () => {
  const many = (name: string): string => JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [name + i, i])))
  const wide = merged(many('a'), many('b'))
  assert.equal(isClosed(wide), false)
  assert.equal(Object.keys(JSON.parse(textOf(wide))).length, 40)
  const key = 'k'.repeat(500)
  assert.equal(textOf(merged(`{"${key}":1}`, `{"${key}":2}`)), `{"${key}":2}`)
})

test('a part that was opened and changed is joined as it is now', () => {
  const part = parseJsonObject(Buffer.from('{"a":1,"b":2}'))!
  openObject(part).delete('a')
  part.touch()
  const other = parseJsonObject(Buffer.from('{"c":3}'))
  assert.equal(textOf(mergeObjects([part, other])), '{"b":2,"c":3}')
  assert.equal(textOf(part), '{"b":2}')
})

test('parts stay as they were when their union is changed', () => {
  const parts = ['{"a":1}', '{"b":2}'].map(text => parseJsonObject(Buffer.from(text)))
  const node = mergeObjects(parts)
  openObject(node).clear()
  node.touch()
  assert.deepEqual([textOf(node), ...parts.map(part => textOf(part!))], ['{}', '{"a":1}', '{"b":2}'])
})

test('objects of very many fields are left to the form that takes turns', () => {
  const large = parseJsonObject(
    Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`key${i}`, i]))))
  )
  assert.equal(mergeShort([large, new ObjectNode()]), undefined)
})
