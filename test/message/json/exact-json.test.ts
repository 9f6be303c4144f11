import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromValue, toValue } from '../../../src/encoding/json/values.js'
import { copyJsonValue, parseJsonValue, putJson, stringifyJsonValue } from '../../../src/message/json/exact-json.js'
import { numberText } from '../../../src/message/json/json-numbers.js'
import { ObjectNode } from '../../../src/message/json/node.js'
import { renderJson, renderNode } from '../../../src/message/json/render.js'
import { parseJsonObject } from '../../encoding/at-once.js'
import { canonical, createRandom, randomText, SEED } from '../../encoding/json/random.js'

// biome-ignore lint/suspicious/noExplicitAny: documents of these tests have any shape
const edited = (text: string, edit: (value: any) => unknown): string => {
  const value = parseJsonValue(text)
  return stringifyJsonValue(edit(value) ?? value)
}

test(`reads the values of JSON.parse and writes every number as it was (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  for (let round = 0; round < 4000; round++) {
    const text = randomText(random, 4)
    const value = parseJsonValue(text)
    assert.deepEqual(value, JSON.parse(text))
    if (typeof value === 'object' && value !== null) assert.equal(canonical(stringifyJsonValue(value)), canonical(text), text)
    const copied = copyJsonValue(value)
    assert.deepEqual(copied, value)
    if (typeof value === 'object' && value !== null) {
      assert.equal(canonical(stringifyJsonValue(copied)), canonical(text), text)
      assert.equal(canonical(renderNode(fromValue(value)).toString()), canonical(text), text)
    }
  }
})

test(`numbers of every spelling survive (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const digits = (most: number): string =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => Math.floor(random() * 10)).join('')
  for (let round = 0; round < 3000; round++) {
    const sign = random() < 0.3 ? '-' : ''
    const whole = random() < 0.3 ? '0' : digits(20).replace(/^0+(?=\d)/, '')
    const fraction = random() < 0.5 ? `.${digits(20)}` : ''
    const exponent = random() < 0.2 ? `e${random() < 0.5 ? '+' : '-'}${digits(3)}` : ''
    const text = `{"a":[${sign}${whole}${fraction}${exponent}]}`
    assert.equal(stringifyJsonValue(parseJsonValue(text)), text)
  }
})

test('numbers that no edit replaced keep their text after an edit', () => {
  assert.equal(
    edited('{"a":1.10,"b":12345678901234567890,"c":1}', v => {
      v.c = 2
    }),
    '{"a":1.10,"b":12345678901234567890,"c":2}'
  )
  assert.equal(
    edited('{"a":1.10}', v => {
      v.a = 2.5
    }),
    '{"a":2.5}'
  )
  assert.equal(
    edited('{"a":-0}', v => {
      v.a = 0
    }),
    '{"a":0}'
  )
  assert.equal(
    edited('{"a":{"x":1.0},"b":2}', v => ({ moved: [v.a], b: v.b })),
    '{"moved":[{"x":1.0}],"b":2}'
  )
  assert.equal(
    edited('{"l":[1.10,2.20,3.0]}', v => void v.l.shift()),
    '{"l":[2.20,3.0]}'
  )
  assert.equal(
    edited('{"l":[1.10,1.1,3.0]}', v => void v.l.reverse()),
    '{"l":[3.0,1.10,1.10]}'
  )
  assert.equal(
    edited('{"l":[12345678901234567890,12345678901234567891,1]}', v => void v.l.push(v.l[0])),
    '{"l":[12345678901234567890,12345678901234567891,1,12345678901234567000]}'
  )
  assert.equal(
    edited('{"a":12345678901234567890,"b":{}}', v => {
      v.b.a = v.a
    }),
    '{"a":12345678901234567890,"b":{"a":12345678901234567890}}'
  )
})

test('a spelling is not taken from another number of the same double', () => {
  const text = '{"sub":{"x":0.1,"y":12345678901234567000},"a":0.1000000000000000055,"b":12345678901234567890}'
  assert.equal(
    edited(text, () => undefined),
    text
  )
  assert.equal(
    edited('{"l":[-0,0,1.0,1]}', v => {
      v.l.pop()
    }),
    '{"l":[-0,0,1.0]}'
  )
})

test('cuts a long array of unusual numbers without comparing each with all', () => {
  const items = Array.from({ length: 60_000 }, (_, i) => `${i}.50`)
  const value = parseJsonValue(`[${items.join(',')}]`) as number[]
  value.shift()
  assert.equal(stringifyJsonValue(value), `[${items.slice(1).join(',')}]`)
})

test('notes millions of unusual numbers in little memory, and finds each', () => {
  const count = 500_000
  const text = `{"l":[${Array.from({ length: count }, (_, i) => (i % 3 === 0 ? i : `${i}.0`))}],"o":{${Array.from({ length: 40 }, (_, i) => `"k${i}":${i}.50`)}}}`
  const value = parseJsonValue(text) as { l: number[]; o: Record<string, number> }
  assert.equal(stringifyJsonValue(value), text)
  assert.equal(numberText(value.l, count - 1, count - 1), `${count - 1}.0`)
  assert.equal(numberText(value.l, 3, 3), '3')
  assert.equal(numberText(value.l, 4, 5), '5', 'another number stands there now')
  assert.equal(numberText(value.o, 'k39', 39.5), '39.50')
  assert.equal(numberText(value.o, 'k1', 1.5), '1.50')
})

test('of duplicate keys the last number counts', () => {
  assert.equal(
    edited('{"a":1.0,"a":1}', () => undefined),
    '{"a":1}'
  )
  assert.equal(
    edited('{"a":{"x":1.0},"a":{"x":1},"b":1.0}', () => undefined),
    '{"a":{"x":1},"b":1.0}'
  )
  assert.equal(
    edited('{"a":[1.0],"a":{"0":1},"b":[{"c":1.0}],"b":7}', () => undefined),
    '{"a":{"0":1},"b":7}'
  )
})

test('a copy finds numbers too long for a double by its origin', () => {
  const origin = parseJsonValue('{"id":12345678901234567890,"n":1}') as object
  assert.equal(stringifyJsonValue({ ...origin, n: 2 }, origin), '{"id":12345678901234567890,"n":2}')
  assert.equal(stringifyJsonValue({ n: 1 }, { n: 1 }), '{"n":1}')
})

test('__proto__ is data both ways', () => {
  const text = '{"__proto__":{"polluted":1.0},"a":{"__proto__":2.0}}'
  assert.equal(
    edited(text, () => undefined),
    text
  )
  assert.equal(renderNode(fromValue(toValue(parseJsonObject(Buffer.from(text))!))).toString(), text)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})

test('writes what is not JSON as JSON.stringify does', () => {
  class Point {
    x = 1
    toJSON(key: string) {
      return { key, at: new Date(0) }
    }
  }
  // biome-ignore lint/suspicious/noExplicitAny: values that JSON has no word for
  const strange: any = {
    u: undefined,
    f: () => 1,
    s: Symbol('s'),
    n: Number.NaN,
    d: new Date(0),
    p: new Point(),
    boxed: [new Number(1), new String('x'), new Boolean(false)],
    l: [undefined, () => 1, 'é"\n'],
    m: new Map([[1, 2]])
  }
  const noted = parseJsonValue('{"x":1.0}')
  assert.equal(stringifyJsonValue({ strange, noted }), `{"strange":${JSON.stringify(strange)},"noted":{"x":1.0}}`)
  assert.equal(stringifyJsonValue(undefined), 'null')
  assert.equal(stringifyJsonValue({ toJSON: () => undefined }), 'null')
  assert.equal(stringifyJsonValue('x'), '"x"')
  assert.equal(copyJsonValue(undefined), undefined)
  assert.throws(() => stringifyJsonValue({ noted, big: 1n }), TypeError)
})

test('cycles are a TypeError, repeats are not', () => {
  const noted = parseJsonValue('{"x":1.0}') as Record<string, unknown>
  assert.equal(stringifyJsonValue([noted, noted]), '[{"x":1.0},{"x":1.0}]')
  noted.self = noted
  assert.throws(() => stringifyJsonValue(noted), TypeError)
  const plain: Record<string, unknown> = {}
  plain.self = plain
  assert.throws(() => stringifyJsonValue(plain), TypeError)
})

test('nodes and values: objects stay objects, anything else is a raw value', () => {
  const node = fromValue({ a: [1, 'é'] })
  assert.ok(node instanceof ObjectNode)
  assert.equal(renderJson(node).toString(), '{"a":[1,"é"]}')
  assert.equal(fromValue([1]).kind, 'raw')
  assert.equal(renderNode(fromValue(undefined)).toString(), 'null')
})

test('a member that is put as text keeps the spelling of its numbers', () => {
  const put = (text: string, key: string | number, member: string): string =>
    edited(text, value => putJson(value, value, key, member))
  assert.equal(put('{"a":1.10,"b":2}', 'b', '12345678901234567890'), '{"a":1.10,"b":12345678901234567890}')
  assert.equal(put('{"a":1.10}', 'a', ' 1.20 '), '{"a":1.20}')
  assert.equal(put('{"a":1.10}', 'a', '1.1'), '{"a":1.1}')
  assert.equal(put('{"a":1}', 'a', '-0'), '{"a":-0}')
  assert.equal(put('{"a":1e3}', 'a', '1000'), '{"a":1000}')
  assert.equal(put('{}', 'a', '{"x":[1.0,2.50]}'), '{"a":{"x":[1.0,2.50]}}')
  assert.equal(put('[1.0,2]', 1, '3.00'), '[1.0,3.00]')
  assert.equal(put('[1,2]', 0, '1e2'), '[1e2,2]')
  assert.equal(put('{}', '__proto__', '1.0'), '{"__proto__":1.0}')
  assert.equal(put('{"a":1.10}', 'a', 'null'), '{"a":null}')
})

test('a member that was put and then replaced is written as its double', () => {
  const value = parseJsonValue('{"a":1}') as { a: number; b?: number }
  putJson(value, value, 'a', '1.50')
  value.a = 2.5
  assert.equal(stringifyJsonValue(value), '{"a":2.5}')
  putJson(value, value, 'b', '12345678901234567890')
  assert.equal(stringifyJsonValue(value), '{"a":2.5,"b":12345678901234567890}')
  assert.throws(() => putJson(value, value, 'a', '{'), SyntaxError)
  assert.equal(stringifyJsonValue(value), '{"a":2.5,"b":12345678901234567890}', 'nothing changed')
})

test('many members of many texts', () => {
  const value: Record<string, unknown> = {}
  for (let i = 0; i < 100; i++) putJson(value, value, `k${i}`, `${i}.50`)
  const text = stringifyJsonValue(value)
  for (let i = 0; i < 100; i++) assert.ok(text.includes(`"k${i}":${i}.50`), text)
})
