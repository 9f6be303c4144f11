import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayError } from '../../../src/errors.js'
import { ArrayNode, ObjectNode, RawNode } from '../../../src/message/json/node.js'
import { encodeString, renderJson, renderNode } from '../../../src/message/json/render.js'
import { asArray, asObject, lookup, openArray, openObject, openRaw } from '../../../src/message/json/scan.js'
import { MAX_JSON_DEPTH } from '../../../src/message/json/validate.js'
import {
  mergeObjects,
  nodeText,
  parseJsonCollection,
  parseJsonObject,
  parseJsonSafe,
  parseRaw,
  renderJsonCollection
} from '../at-once.js'
import { canonical, createRandom, pick, randomObject, randomText, SEED } from './random.js'

const object = (text: string): ObjectNode => parseJsonObject(Buffer.from(text))!
const errorOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.equal((error as GatewayError).code, 'SLUICE_ERR_UPSTREAM_DECODE')
    return (error as GatewayError).message
  }
  return 'no error'
}

test(`accepts what JSON.parse accepts and refuses what it refuses (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const noise = [...'{}[]",:\\0.eE-+ntf u\n\u0001x'].map(c => c.charCodeAt(0))
  for (let round = 0; round < 6000; round++) {
    const bytes = Buffer.from(randomText(random, 3))
    if (random() < 0.7) {
      const at = Math.floor(random() * bytes.length)
      bytes[at] = random() < 0.5 ? pick(random, noise) : bytes[at]! & 0x7f
    }
    const sent = random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
    let valid = true
    try {
      JSON.parse(sent.toString('utf8'))
    } catch {
      valid = false
    }
    let accepted = true
    try {
      parseRaw(sent)
    } catch (error) {
      accepted = false
      assert.equal((error as GatewayError).code, 'SLUICE_ERR_UPSTREAM_DECODE')
    }
    assert.equal(accepted, valid, JSON.stringify(sent.toString('utf8')))
  }
})

test(`opened level by level and written again it is the same document (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const openAll = (node: ReturnType<typeof openRaw>): ReturnType<typeof openRaw> => {
    const opened = openRaw(node)
    if (opened.kind === 'array') return new ArrayNode(opened.items.map(openAll))
    if (opened.kind === 'object')
      return new ObjectNode(new Map([...openObject(opened)].map(([key, value]) => [key, openAll(value)])))
    return opened
  }
  for (let round = 0; round < 1500; round++) {
    const text = randomText(random, 4)
    const raw = parseRaw(Buffer.from(text))
    assert.equal(canonical(renderNode(openAll(raw)).toString()), canonical(text), text)
    assert.equal(canonical(renderNode(openAll(new RawNode(raw.text))).toString()), canonical(text), text)
  }
})

test('sends a body that no stage changed on as it came', () => {
  const bytes = Buffer.from(' {"a" : 1.10, "é":"\\u00e9\\/"} \n')
  const node = parseJsonObject(bytes)!
  openObject(node)
  assert.equal(renderJson(node).toString(), '{"a" : 1.10, "é":"\\u00e9\\/"}')
  assert.equal(renderJson(node).buffer, bytes.buffer)
})

test('an empty body is EOF, a cut one an unexpected EOF', () => {
  assert.equal(
    errorOf(() => object('')),
    'EOF'
  )
  assert.equal(
    errorOf(() => object(' \n')),
    'EOF'
  )
  for (const text of [
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":"x',
    '{"a":"\\',
    '{"a":"\\u12',
    '{"a":tr',
    '{"a":-',
    '{"a":1.',
    '{"a":1e',
    '{"a":[1,'
  ]) {
    assert.equal(
      errorOf(() => object(text)),
      'unexpected EOF',
      text
    )
  }
})

test('names the character and the place of a mistake', () => {
  for (const [text, message] of [
    ['plain', "invalid character 'p' looking for beginning of value (offset 0)"],
    ['{"a":1} trailing', "invalid character 't' after top-level value (offset 8)"],
    ['{"a":1}{"b":2}', "invalid character '{' after top-level value (offset 7)"],
    ['\ufeff{}', 'invalid character 0xef looking for beginning of value (offset 0)'],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string (offset 1)"],
    ['{"a" 1}', "invalid character '1' after object key (offset 5)"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair (offset 7)"],
    ['[1 2]', "invalid character '2' after array element (offset 3)"],
    ['[01]', "invalid character '1' after array element (offset 2)"],
    ['[1,]', "invalid character ']' looking for beginning of value (offset 3)"],
    ['{"a":"\n"}', 'invalid character 0x0a in string literal (offset 6)'],
    ['["\\x"]', "invalid character 'x' in string escape code (offset 3)"],
    ['["\\u12g4"]', "invalid character 'g' in \\u hexadecimal character escape (offset 6)"],
    ['[nul]', "invalid character ']' in literal null (offset 4)"],
    ['[1.x]', "invalid character 'x' in numeric literal (offset 3)"],
    ['[-x]', "invalid character 'x' in numeric literal (offset 2)"]
  ] as const) {
    assert.equal(
      errorOf(() => parseRaw(Buffer.from(text))),
      message
    )
  }
})

test('refuses nesting beyond the limit without a stack overflow', () => {
  const nested = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  assert.equal(openArray(parseRaw(nested(MAX_JSON_DEPTH)))!.length, 1)
  assert.match(
    errorOf(() => parseRaw(nested(MAX_JSON_DEPTH + 1))),
    /^exceeded max depth/
  )
  assert.match(
    errorOf(() => parseRaw(nested(100_000))),
    /^exceeded max depth/
  )
  assert.match(
    errorOf(() => parseRaw(Buffer.from('{"a":'.repeat(100_000)))),
    /^exceeded max depth/
  )
})

test('wrong kinds of documents have the texts of KrakenD', () => {
  const map = ' into Go value of type map[string]interface {}'
  for (const [text, kind] of [
    ['[]', 'array'],
    ['"s"', 'string'],
    ['5', 'number'],
    ['-1', 'number'],
    ['true', 'bool'],
    ['false', 'bool']
  ]) {
    assert.equal(
      errorOf(() => object(text!)),
      `json: cannot unmarshal ${kind}${map}`
    )
  }
  assert.equal(
    errorOf(() => parseJsonCollection(Buffer.from('{}'))),
    'json: cannot unmarshal object into Go value of type []interface {}'
  )
})

test('a null document is null data; under is_collection and safejson a null field', () => {
  assert.equal(parseJsonObject(Buffer.from('null')), null)
  assert.equal(renderJson(null).toString(), 'null')
  assert.equal(renderJson(undefined).toString(), '{}')
  assert.equal(renderJson(parseJsonCollection(Buffer.from('null'))).toString(), '{"collection":null}')
  assert.equal(renderJson(parseJsonSafe(Buffer.from('null'))).toString(), '{"content":null}')
})

test('safejson takes any document', () => {
  const safe = (text: string): string => renderJson(parseJsonSafe(Buffer.from(text))).toString()
  assert.equal(safe('{"a":1}'), '{"a":1}')
  assert.equal(safe(' [1,2.50] '), '{"collection":[1,2.50]}')
  assert.equal(safe('"x"'), '{"content":"x"}')
  assert.equal(safe('1e3'), '{"content":1e3}')
})

test('json-collection renders the collection alone, an empty array without one', () => {
  const render = (text: string): string => renderJsonCollection(object(text)).toString()
  assert.equal(render('{"collection":[1,{"a":1.0}],"x":1}'), '[1,{"a":1.0}]')
  assert.equal(render('{"collection":null}'), 'null')
  assert.equal(render('{"x":1}'), '[]')
  assert.equal(renderJsonCollection(null).toString(), '[]')
  assert.equal(renderJsonCollection(undefined).toString(), '[]')
})

test('bytes that are not UTF-8 become U+FFFD', () => {
  const bytes = Buffer.concat([Buffer.from('{"a":"caf'), Buffer.from([0xe9]), Buffer.from('"}')])
  assert.deepEqual(JSON.parse(renderJson(parseJsonObject(bytes)).toString()), { a: 'caf\ufffd' })
})

test('of duplicate keys the last wins, and __proto__ is data', () => {
  const fields = openObject(object('{"a":1,"__proto__":{"x":1},"\\u0061":2}'))
  assert.deepEqual([...fields.keys()], ['a', '__proto__'])
  assert.equal(nodeText(fields.get('a')!), '2')
  assert.equal(({} as { x?: unknown }).x, undefined)
})

test('finds values by path, arrays by index', () => {
  const node = object('{"a":{"list":[{"id":1.0},[7]],"é":"x"},"a.b":2}')
  const at = (...path: string[]): string | undefined => {
    const found = lookup(node, path)
    return found === undefined ? undefined : nodeText(found)
  }
  assert.equal(at('a', 'list', '0', 'id'), '1.0')
  assert.equal(at('a', 'list', '1', '0'), '7')
  assert.equal(at('a.b'), '2')
  assert.equal(at('a', 'é'), '"x"')
  for (const path of [['b'], ['a', 'x'], ['a', 'list', '2'], ['a', 'list', '00'], ['a', 'list', '-1'], ['a.b', 'x']])
    assert.equal(at(...path), undefined)
})

test('asObject and asArray tell kinds apart', () => {
  assert.equal(asObject(new RawNode('[1]')), undefined)
  assert.equal(asArray(new RawNode('{}')), undefined)
  assert.equal(openArray(new RawNode('"x"')), undefined)
  const array = new ArrayNode([])
  assert.equal(asArray(array), array)
  assert.equal(openRaw(new RawNode('5')).kind, 'raw')
})

test('a closed object cannot be declared changed', () => {
  assert.throws(() => object('{"a":1}').touch(), /open it first/)
})

test('merges in the given order, the top level only, parts unchanged', () => {
  const first = object('{"a":{"x":1},"b":1.0,"é":1}')
  const second = object('{"a":{"y":2},"\\u00e9":2}')
  openObject(second)
  assert.equal(renderJson(mergeObjects([first, null, second])).toString(), '{"a":{"y":2},"b":1.0,"é":2}')
  assert.equal(renderJson(first).toString(), '{"a":{"x":1},"b":1.0,"é":1}')
  assert.equal(renderJson(mergeObjects([null])).toString(), '{}')
})

test(`merging equals Object.assign over many and large fields (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const large = JSON.stringify(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`k${i}`, 'v'.repeat(i * 20)])))
  for (let round = 0; round < 300; round++) {
    const texts = [randomObject(random, 3), random() < 0.1 ? large : randomObject(random, 2), randomObject(random, 3)]
    const merged = new Map<string, string>()
    for (const text of texts) for (const [key, value] of openObject(object(text))) merged.set(key, nodeText(value))
    const expected = `{${[...merged].map(([key, text]) => `${JSON.stringify(key)}:${Buffer.from(text, 'latin1').toString()}`).join(',')}}`
    assert.equal(canonical(renderJson(mergeObjects(texts.map(object))).toString()), canonical(expected))
  }
})

test('writes strings and empty containers', () => {
  assert.equal(Buffer.from(encodeString('é"\n'), 'latin1').toString(), '"é\\"\\n"')
  assert.equal(nodeText(new ObjectNode(new Map([['a', new ArrayNode([])]]))), '{"a":[]}')
  assert.equal(nodeText(new ObjectNode()), '{}')
  assert.equal(ObjectNode.ofText('{"a":1}').text, '{"a":1}')
})
