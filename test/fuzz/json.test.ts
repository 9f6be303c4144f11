import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromValue, toValue } from '../../src/encoding/json/values.js'
import { compileShape, type ShapeConfig } from '../../src/encoding/shape/shape.js'
import { compileStreamShape } from '../../src/encoding/shape/stream-shape.js'
import { GatewayError } from '../../src/errors.js'
import { parseJsonValue, stringifyJsonValue } from '../../src/message/json/exact-json.js'
import { renderJson } from '../../src/message/json/render.js'
import { runWhole } from '../../src/message/slices.js'
import { TokenPipe } from '../../src/message/tokens/token-pipe.js'
import { mergeObjects, parseJsonObject } from '../encoding/at-once.js'
import { borders, cut, holds } from './fuzz.js'

const KEYS = ['a', 'b', 'c', 'a.b', '__proto__', 'é', 'k"q', '0', '']
const space = fc.constantFrom('', '', '', ' ', '\n\t ', '\r\n')
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 24n }).map(String)),
    fc.constantFrom('', '.0', '.10', '.123456789012345678'),
    fc.constantFrom('', 'e3', 'E+2', 'e-7')
  )
  .map(parts => parts.join(''))
const string = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 6 }), fc.boolean())
  .map(([text, escaped]) =>
    escaped
      ? `"${[...Array(text.length).keys()].map(i => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(text)
  )
const key = fc.constantFrom(...KEYS).map(text => JSON.stringify(text))

/** Texts of values; with `unique` no object has a key twice. */
const texts = (unique: boolean): { value: fc.Arbitrary<string>; object: fc.Arbitrary<string> } =>
  fc.letrec<{ value: string; object: string; array: string }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      number,
      string,
      fc.constantFrom('true', 'false', 'null'),
      tie('object'),
      tie('array')
    ),
    array: fc
      .array(fc.tuple(space, tie('value'), space), { maxLength: 4 })
      .map(items => `[${items.map(one => one.join('')).join(',')}]`),
    object: fc
      .uniqueArray(fc.tuple(space, key, space, space, tie('value'), space), {
        maxLength: 5,
        comparator: (x, y) => unique && x === y,
        selector: field => field[1]
      })
      .map(fields => `{${fields.map(([a, k, b, c, v, d]) => `${a}${k}${b}:${c}${v}${d}`).join(',')}}`)
  }))
const { object, value } = texts(false)
/** A stream has sent the first of two equal keys on when it meets the second. */
const uniqueObject = texts(true).object

/** JSON.parse with every number as its source text; of duplicate keys the last one counts. */
function marked(text: string): unknown {
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, t => (t.startsWith('"') ? t : `"#${t}"`)))
}

type Fields = Record<string, unknown>
const isObject = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v)
const own = (v: unknown, k: string): boolean => isObject(v) && Object.hasOwn(v, k)
const put = (v: Fields, k: string, x: unknown): void =>
  void Object.defineProperty(v, k, { value: x, enumerable: true, configurable: true, writable: true })

/** Key order is free: fields sorted by name. */
function canonical(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(canonical)
  if (!isObject(v)) return v
  return [
    '{}',
    ...Object.keys(v)
      .sort()
      .map(k => [k, canonical(v[k])])
  ]
}

const expect = (actual: string, wanted: unknown): void => assert.deepEqual(canonical(marked(actual)), canonical(wanted))

/** The shaping rules, on plain values. */
function shapeReference(data: unknown, config: ShapeConfig): unknown {
  let current = data
  if (config.target !== '') {
    for (const k of config.target.split('.')) current = own(current, k) ? (current as Fields)[k] : undefined
    if (!isObject(current)) current = {}
  }
  if (!isObject(current)) return current
  if (config.allow.length > 0) current = allow(current, config.allow)
  else for (const path of config.deny) remove(current as Fields, path.split('.'))
  const taken = config.mapping
    .filter(([from]) => own(current, from))
    .map(([from, to]): [string, unknown, string] => [to.split('.')[0]!, (current as Fields)[from], from])
  for (const [from] of config.mapping) delete (current as Fields)[from]
  for (const [to, v, from] of taken) if (to !== from) put(current as Fields, to, v)
  return config.group === '' ? current : { [config.group]: current }
}

function allow(data: Fields, paths: readonly string[]): Fields {
  const out: Fields = {}
  for (const k of Object.keys(data)) {
    if (k.includes('.')) continue // no path leads to it
    if (paths.includes(k)) {
      put(out, k, data[k])
      continue
    }
    const inner = paths.filter(path => path.startsWith(`${k}.`)).map(path => path.slice(k.length + 1))
    if (inner.length === 0 || !isObject(data[k])) continue
    const kept = allow(data[k], inner)
    if (Object.keys(kept).length > 0) put(out, k, kept)
  }
  return out
}

function remove(data: Fields, [first, ...rest]: string[]): void {
  if (rest.length === 0) delete data[first!]
  else if (own(data, first!) && isObject(data[first!])) remove(data[first!] as Fields, rest)
}

const plainKeys = KEYS.filter(k => !k.includes('.'))
const path = fc
  .array(fc.constantFrom(...plainKeys.filter(k => k !== '')), { minLength: 1, maxLength: 3 })
  .map(parts => parts.join('.'))
/** No entry inside another one: what then holds is a rule of its own, tested by example. */
const paths = fc
  .array(path, { maxLength: 4 })
  .map(list =>
    list.filter((a, i) => !list.some((b, j) => j !== i && (a === b ? j < i : a.startsWith(`${b}.`) || b.startsWith(`${a}.`))))
  )
const config: fc.Arbitrary<ShapeConfig> = fc.record({
  target: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: path }),
  allow: fc.oneof(fc.constant([]), paths),
  deny: fc.oneof(fc.constant([]), paths),
  mapping: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...plainKeys), fc.constantFrom('x', 'y', 'a', '__proto__', 'z.w')), {
      maxLength: 3,
      selector: ([from]) => from
    })
    .filter(list => new Set(list.map(([, to]) => to.split('.')[0])).size === list.length),
  group: fc.constantFrom('', '', 'g'),
  proxy: fc.constant({ shadow: false, shadowTimeoutMs: 0, flatmapFilter: [] })
})

test('shaping equals the rules on plain values, numbers to the digit', t => {
  holds(
    t,
    2500,
    fc.property(object, config, (text, how) => {
      const shape = compileShape(how)
      const data = parseJsonObject(Buffer.from(text))
      const out = renderJson(shape === undefined ? data : runWhole(shape(data))).toString()
      expect(out, shapeReference(marked(text), how))
    })
  )
})

test('shaping a stream equals shaping the whole, at any chunk border', t => {
  holds(
    t,
    1500,
    fc.property(uniqueObject, config, borders, (text, how, places) => {
      const compiled = compileStreamShape({ ...how, isCollection: false })
      if (compiled === undefined) return
      const shape = compiled()
      const parts = cut(Buffer.from(text), places).flatMap(piece => [...shape.write(piece)])
      parts.push(...shape.end())
      expect(Buffer.concat(parts).toString(), shapeReference(marked(text), how))
    })
  )
})

test('a merge is the later part over the earlier one', t => {
  holds(
    t,
    1000,
    fc.property(fc.array(object, { minLength: 1, maxLength: 4 }), texts => {
      const out: Fields = {}
      for (const text of texts) for (const [k, v] of Object.entries(marked(text) as Fields)) put(out, k, v)
      expect(renderJson(mergeObjects(texts.map(text => parseJsonObject(Buffer.from(text))))).toString(), out)
    })
  )
})

test('values keep the source text of every number that no edit replaced', t => {
  holds(
    t,
    1500,
    fc.property(object, value, (fields, item) => {
      const text = item.startsWith('[') ? item : fields // a number alone has nothing that its spelling could be noted at
      const parsed = parseJsonValue(text)
      assert.deepEqual(canonical(parsed), canonical(JSON.parse(text)))
      expect(stringifyJsonValue(parsed), marked(text))
      if (isObject(parsed)) {
        put(parsed, 'added', 1.5)
        expect(stringifyJsonValue(parsed), { ...(marked(text) as Fields), added: '#1.5' })
      }
    })
  )
})

test('nodes become values and nodes again without loss', t => {
  holds(
    t,
    1000,
    fc.property(object, text => {
      const node = parseJsonObject(Buffer.from(text))
      expect(renderJson(fromValue(toValue(node!)) as typeof node).toString(), marked(text))
    })
  )
})

test('tokens through a pipe without stages say the same, at any chunk border', t => {
  holds(
    t,
    1500,
    fc.property(value, borders, (text, places) => {
      const pipe = new TokenPipe([{ token: (token, push) => push(token) }])
      const parts = cut(Buffer.from(text), places).flatMap(piece => pipe.write(piece))
      parts.push(...pipe.end())
      expect(Buffer.concat(parts).toString(), marked(text))
    })
  )
})

test('every reader refuses with a named error what JSON.parse refuses', t => {
  const broken = fc
    .tuple(object, fc.nat(), fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '0', '-', '\\', '\u0000', 'é', 'tru', '.'))
    .map(([text, at, junk]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + junk + text.slice(junk === '' ? place + 1 : place)
    })
  holds(
    t,
    3000,
    fc.property(broken, borders, (text, places) => {
      const bytes = Buffer.from(text)
      const good = accepts(() => JSON.parse(bytes.toString()))
      // what Go decodes first and ignores behind it, the decoder of backends ignores too
      if (good) {
        if (isObject(JSON.parse(bytes.toString())))
          assert.ok(
            accepts(() => parseJsonObject(bytes)),
            text
          )
        assert.ok(
          accepts(() => parseJsonValue(text)),
          text
        )
      } else assert.ok(!accepts(() => parseJsonValue(text)), text)
      const pipe = new TokenPipe([])
      const streamed = accepts(() => {
        for (const piece of cut(bytes, places)) pipe.write(piece)
        pipe.end()
      })
      assert.equal(streamed, good, text)
    })
  )
})

function accepts(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    assert.ok(error instanceof GatewayError || error instanceof SyntaxError, String((error as Error).stack))
    return false
  }
}
