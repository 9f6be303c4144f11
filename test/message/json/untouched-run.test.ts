import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '../../../src/encoding/json/decode.js'
import { ObjectView, readNode } from '../../../src/message/json/lazy.js'
import { writeJson } from '../../../src/message/json/render.js'
import { asObject } from '../../../src/message/json/scan.js'
import { Pieces } from '../../../src/message/pieces.js'
import type { LazyJson } from '../../../src/message/public.js'
import { runWhole } from '../../../src/message/slices.js'
import { createRandom, pick, SEED } from '../../encoding/json/random.js'

function edited(text: string, edit: (object: ObjectView) => void): Buffer | Pieces {
  const view = readNode(runWhole(readJson(Buffer.from(text))))
  assert.ok(view instanceof ObjectView)
  edit(view)
  return runWhole(writeJson(asObject(view.settle())))
}

const asText = (text: string, edit: (object: ObjectView) => void): string => edited(text, edit).toString()

test('fields around an edited one are written as they stand', () => {
  const text = '{ "a" : 1.0,\n "b": "x" , "c":[1, 2],"d":{ "e":null}, "f" :2e1 }'
  assert.equal(
    asText(text, o => {
      o.delete('a')
      o.set('d', 'y')
    }),
    '{"b": "x" , "c":[1, 2],"d":"y","f" :2e1}'
  )
  assert.equal(
    asText(text, o => {
      o.delete('d')
      o.set('z', true)
    }),
    '{"a" : 1.0,\n "b": "x" , "c":[1, 2],"f" :2e1,"z":true}'
  )
  assert.equal(
    asText(text, o => o.delete('c')),
    '{"a" : 1.0,\n "b": "x","d":{ "e":null}, "f" :2e1}'
  )
  assert.equal(
    asText(text, o => o.delete('a')),
    '{"b": "x" , "c":[1, 2],"d":{ "e":null}, "f" :2e1}'
  )
  assert.equal(
    asText('{"a":1}', o => o.delete('a')),
    '{}'
  )
})

test('a value under another key is written with that key', () => {
  assert.equal(
    asText('{"a":{"x":1},"b":2}', o => o.set('b', o.get('a')!)),
    '{"a":{"x":1},"b":{"x":1}}'
  )
  const moved = asText('{"a":[1],"b":[2],"c":[3]}', o => {
    const a = o.get('a')!
    o.set('a', o.get('c')!)
    o.set('c', a)
  })
  assert.equal(moved, '{"a":[3],"b":[2],"c":[1]}')
  // the same bytes, read as other keys
  assert.equal(
    asText('{"é":[1],"b":2}', o => o.set('Ã©', o.get('é')!)),
    '{"é":[1],"b":2,"Ã©":[1]}'
  )
  assert.equal(
    asText('{"a\\\\b":[1],"c":2}', o => o.set('c', 3)),
    '{"a\\\\b":[1],"c":3}'
  )
  assert.equal(
    asText('{"a\\bc":[1],"c":2}', o => o.set('a\\bc', o.get('a\bc')!)),
    '{"a\\bc":[1],"c":2,"a\\\\bc":[1]}'
  )
})

test('a key that stands twice is written once', () => {
  assert.equal(
    asText('{"a":1,"b":2,"a":3}', o => o.set('b', 4)),
    '{"a":3,"b":4}'
  )
})

test('a large value stays a view of the bytes', () => {
  const large = 'x'.repeat(5000)
  const made = edited(`{"a":1,"b":"${large}","c":2}`, o => {
    o.delete('d')
    o.delete('a')
    o.set('d', 5)
  })
  assert.ok(made instanceof Pieces)
  assert.deepEqual(
    made.list.map(piece => (typeof piece === 'string' ? piece : piece.length)),
    ['{', `"b":"${large}","c":2`.length, ',"d":5}']
  )
  assert.equal(made.length, made.join().length)
  assert.equal(made.toString(), `{"b":"${large}","c":2,"d":5}`)
})

test(`edits are those of plain objects (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const keys = ['a', 'b', 'key', 'é', 'x y', '\\', '"', 'n', 'o', 'p']
  for (let round = 0; round < 2000; round++) {
    const plain: Record<string, unknown> = {}
    for (const key of keys) if (random() < 0.7) plain[key] = pick(random, [1, 'é', [1, 2], { z: null }, 'w'.repeat(4500), {}])
    const text = JSON.stringify(plain, undefined, random() < 0.5 ? 1 : 0)
    const made = asText(text, object => {
      for (let i = 0; i < 3; i++) {
        const [key, other] = [pick(random, keys), pick(random, keys)]
        if (random() < 0.4) {
          object.delete(key)
          delete plain[key]
        } else if (random() < 0.5) {
          object.set(key, i)
          plain[key] = i
        } else if (plain[other] !== undefined) {
          object.set(key, object.get(other) as LazyJson)
          plain[key] = plain[other]
        }
      }
    })
    assert.deepEqual(JSON.parse(made), plain, text)
  }
})
