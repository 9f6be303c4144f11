import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '../../../src/encoding/json/decode.js'
import { ObjectView, readNode } from '../../../src/message/json/lazy.js'
import type { ObjectNode } from '../../../src/message/json/node.js'
import { renderClosed, renderJson } from '../../../src/message/json/render.js'
import { asObject, isEmptyObject } from '../../../src/message/json/scan.js'
import { Pieces } from '../../../src/message/pieces.js'
import { runWhole } from '../../../src/message/slices.js'

function edited(text: string, edit: (object: ObjectView) => void): ObjectNode {
  const view = readNode(runWhole(readJson(Buffer.from(text))))
  assert.ok(view instanceof ObjectView)
  edit(view)
  return asObject(view.settle())!
}

/** The text of an edited object, which has stayed closed. */
function asText(text: string, edit: (object: ObjectView) => void): string {
  const node = edited(text, edit)
  assert.ok(!node.isOpen)
  assert.equal(isEmptyObject(node), false)
  const made = renderClosed(node)!.toString()
  assert.equal(renderJson(node).toString(), made)
  return made
}

const TEXT = '{ "a" : 1.0,\n "b": "x" , "c":[1, 2], "é" :2e1 }'

test('an edited value takes the place of the old one, and all else stays as it stands', () => {
  assert.equal(
    asText(TEXT, o => o.set('b', 'y')),
    '{ "a" : 1.0,\n "b": "y" , "c":[1, 2], "é" :2e1 }'
  )
  assert.equal(
    asText(TEXT, o => {
      o.set('c', null)
      o.set('a', true)
      o.set('c', 3)
    }),
    '{ "a" : true,\n "b": "x" , "c":3, "é" :2e1 }'
  )
  assert.equal(
    asText(TEXT, o => o.set('b', o.get('c')!)),
    '{ "a" : 1.0,\n "b": [1, 2] , "c":[1, 2], "é" :2e1 }'
  )
})

test('new fields come last, in the order of their edits', () => {
  assert.equal(
    asText(TEXT, o => {
      o.set('z', 1)
      o.set('a', 2)
      o.set('y"', 'é')
    }),
    '{ "a" : 2,\n "b": "x" , "c":[1, 2], "é" :2e1 ,"z":1,"y\\"":"é"}'
  )
  assert.equal(
    asText('{ }', o => {
      o.set('a', 1)
      o.set('b', 2)
    }),
    '{ "a":1,"b":2}'
  )
})

test('a reader sees edits, while the object is closed and when it is opened', () => {
  edited(TEXT, o => {
    o.set('b', 'y')
    o.set('z', 7)
    assert.deepEqual([o.get('a'), o.get('b'), o.get('z'), o.get('no')], [1, 'y', 7, undefined])
    assert.deepEqual([o.has('b'), o.has('z'), o.has('no')], [true, true, false])
    assert.equal(o.text('b'), '"y"')
    assert.deepEqual(o.keys(), ['a', 'b', 'c', 'é', 'z'])
    assert.equal(o.count, 5)
    o.set('b', 'again')
    assert.equal(o.get('b'), 'again')
  })
})

test('views below an edited object stay the same, and their edits are written', () => {
  const made = edited('{"a":{"x":1},"b":2}', o => {
    const a = o.get('a') as ObjectView
    o.set('b', 3)
    assert.equal(o.get('a'), a)
    a.set('x', 4)
  })
  assert.equal(renderJson(made).toString(), '{"a":{"x":4},"b":3}')
})

test('what only the opened object can tell opens it', () => {
  const cases: [text: string, edit: (o: ObjectView) => void, made: string][] = [
    ['{"a":1,"b":2,"a":3}', o => o.set('b', 4), '{"a":3,"b":4}'],
    ['{"\\u0061":1}', o => o.set('a', 2), '{"a":2}'],
    ['{"é":1}', o => o.set('é', 2), '{"é":2}'],
    ['{"a":1}', o => o.set('a', new ObjectView()), '{"a":{}}']
  ]
  for (const [text, edit, made] of cases) {
    const node = edited(text, edit)
    assert.ok(node.isOpen, text)
    assert.equal(renderJson(node).toString(), made)
  }
})

test('many edits, and an object of many fields', () => {
  const fields = Array.from({ length: 40 }, (_, i) => `"k${i}":${i}`)
  for (const count of [20, 40]) {
    const made = edited(`{${fields.slice(0, count).join(',')}}`, o => {
      for (let i = 0; i < count; i++) o.set(`k${i}`, -i - 1)
    })
    assert.deepEqual(
      JSON.parse(renderJson(made).toString()),
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, -i - 1]))
    )
  }
})

test('large pieces stay views of the bytes, with the small ones between', () => {
  const large = `"${'x'.repeat(5000)}"`
  const made = renderClosed(edited(`{"a":1,"b":${large},"c":2}`, o => o.set('a', 5)))
  assert.ok(made instanceof Pieces)
  assert.deepEqual(
    made.list.map(piece => (typeof piece === 'string' ? piece : piece.length)),
    ['{"a":5', `,"b":${large},"c":2}`.length]
  )
})
