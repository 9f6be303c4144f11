import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackendConfig } from '../../../src/config/types.js'
import { compileShape } from '../../../src/encoding/shape/shape.js'
import { compileStreamShape } from '../../../src/encoding/shape/stream-shape.js'
import type { GatewayError } from '../../../src/errors.js'
import { renderJson } from '../../../src/message/json/render.js'
import { runWhole } from '../../../src/message/slices.js'
import { parseJsonCollection, parseJsonObject, parseJsonSafe, renderJsonCollection } from '../at-once.js'
import { canonical, createRandom, KEYS, pick, type Random, randomChunks, randomObject, randomText, SEED } from '../json/random.js'

type Config = Pick<BackendConfig, 'target' | 'allow' | 'deny' | 'mapping' | 'group' | 'proxy' | 'isCollection'>
const config = (part: Partial<Config> = {}): Config => ({
  target: '',
  allow: [],
  deny: [],
  mapping: [],
  group: '',
  isCollection: false,
  proxy: { shadow: false, shadowTimeoutMs: 0, flatmapFilter: [] },
  ...part
})

function run(part: Partial<Config>, chunks: readonly Buffer[], bare = false): string {
  const shape = compileStreamShape(config(part), bare)!()
  const out: Uint8Array[] = []
  for (const chunk of chunks) out.push(...shape.write(chunk))
  out.push(...shape.end())
  return Buffer.concat(out).toString()
}

const PATHS = KEYS.filter(key => !key.includes('.'))
const path = (random: Random): string => Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, PATHS)).join('.')
const paths = (random: Random, chance: number): string[] =>
  random() < chance ? Array.from({ length: 1 + Math.floor(random() * 4) }, () => path(random)) : []

function randomConfig(random: Random): Config {
  const names = random() < 0.5 ? KEYS.filter(() => random() < 0.3) : []
  const targets = [...KEYS, 'x', 'y.z'].sort(() => random() - 0.5)
  const mapping = names.map((from, i): [string, string] => [from, targets[i]!])
  const firsts = mapping.map(([, to]) => to.split('.')[0])
  return config({
    target: random() < 0.3 ? path(random) : '',
    allow: paths(random, 0.4),
    deny: paths(random, 0.5),
    mapping: new Set(firsts).size === firsts.length ? mapping : [],
    group: random() < 0.3 ? 'g' : '',
    isCollection: random() < 0.2
  })
}

test(`gives what shaping of the held document gives, at any chunk border (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  for (let round = 0; round < 3000; round++) {
    const backend = randomConfig(random)
    const text = random() < 0.03 ? 'null' : backend.isCollection ? `[${randomText(random, 3)}]` : randomObject(random, 4)
    const bare = random() < 0.2
    const bytes = Buffer.from(text)
    const shape = compileShape(backend)
    const data = backend.isCollection ? parseJsonCollection(bytes) : parseJsonObject(bytes)
    const shaped = shape === undefined ? data : runWhole(shape(data))
    const expected = (bare ? renderJsonCollection(shaped) : renderJson(shaped)).toString()
    const actual = run(backend, randomChunks(random, bytes), bare)
    assert.equal(canonical(actual), canonical(expected), `${JSON.stringify(backend)} on ${text}`)
  }
})

const codeOf = (run: () => unknown): [string, string] => {
  try {
    run()
  } catch (error) {
    return [(error as GatewayError).code, (error as GatewayError).message]
  }
  return ['', '']
}

test('refuses documents of the wrong kind with the texts of the decoder', () => {
  for (const text of ['[1]', '"s"', '5', 'true', 'false', '{}', '']) {
    for (const isCollection of [false, true]) {
      if (isCollection === text.startsWith('[') && text.startsWith('[')) continue
      const bytes = Buffer.from(text)
      const held = codeOf(() => (isCollection ? parseJsonCollection(bytes) : parseJsonObject(bytes)))
      if (held[0] === '') continue
      assert.deepEqual(
        codeOf(() => run({ isCollection }, [bytes])),
        held,
        text
      )
    }
  }
})

test('safejson: what is no object stands under a key, as where the document is held', () => {
  for (const text of ['[1,{"a":2}]', '"s"', '5', 'null', 'true', '{"a":1,"b":2}', '{}', `"${'x'.repeat(5000)}"`]) {
    for (const part of [
      { deny: ['a'] },
      { mapping: [['content', 'c']] as [string, string][], group: 'g' },
      { allow: ['collection', 'b'] }
    ]) {
      const bytes = Buffer.from(text)
      const expected = renderJson(runWhole(compileShape(config(part))!(parseJsonSafe(bytes)))).toString()
      const stream = compileStreamShape({ ...config(part), encoding: 'safejson' })!()
      const actual = Buffer.concat([...stream.write(bytes.subarray(0, 3)), ...stream.write(bytes.subarray(3)), ...stream.end()])
      assert.equal(canonical(actual.toString()), canonical(expected), text.slice(0, 40))
    }
  }
})

test('a string or a number of any length is shaped, kept or left out without being held', () => {
  const string = JSON.stringify('x\n\u00e9\ud83d\ude00"'.repeat(500_000))
  const number = `-1${'0'.repeat(3_000_000)}.5e1`
  for (const value of [string, number]) {
    const cases: [Partial<Config> & { encoding?: string }, string, string][] = [
      [{ deny: ['a'] }, `{"a":1,"b":${value}}`, `{"b":${value}}`],
      [{ deny: ['b'] }, `{"a":1,"b":${value}}`, '{"a":1}'],
      [{ allow: ['b.c'] }, `{"a":${value},"b":{"x":[${value}],"c":${value}}}`, `{"b":{"c":${value}}}`],
      [{ target: 'd', group: 'g' }, `{"a":${value},"d":{"b":${value}}}`, `{"g":{"b":${value}}}`],
      [{ target: 'a' }, `{"a":${value},"b":1}`, '{}'],
      [{ encoding: 'safejson', deny: ['a'] }, `${value} `, `{"content":${value}}`],
      [{ encoding: 'safejson', deny: ['content'] }, value, '{}'],
      [{ encoding: 'safejson', mapping: [['content', 'c']], group: 'g' }, ` ${value}`, `{"g":{"c":${value}}}`]
    ]
    for (const [part, text, expected] of cases) {
      const shape = compileStreamShape({ ...config(part), ...part })!()
      const bytes = Buffer.from(text)
      const out: Uint8Array[] = []
      let [taken, given, held] = [0, 0, 0]
      for (let at = 0; at < bytes.length; at += 50_001) {
        const chunk = bytes.subarray(at, at + 50_001)
        taken += chunk.length
        for (const piece of shape.write(chunk)) {
          out.push(piece)
          given += piece.length
        }
        held = Math.max(held, taken - given)
      }
      out.push(...shape.end())
      assert.ok(Buffer.concat(out).toString() === expected, JSON.stringify(part))
      if (expected.length > bytes.length - 20) assert.ok(held < 200_000, `${held} bytes are held for ${JSON.stringify(part)}`)
    }
  }
})

test('a long value that is no JSON is refused wherever its fault stands', () => {
  const long = 'x'.repeat(200_000)
  for (const text of [
    `"${long}`,
    `"${long}\u0001"`,
    `"${long}\\x"`,
    `"${long}" 1`,
    `"${long}\\u12"`,
    `1${'0'.repeat(200_000)}.`,
    `-${'0'.repeat(200_000)}`
  ]) {
    const shape = compileStreamShape({ ...config({ deny: ['a'] }), encoding: 'safejson' })!()
    const [code] = codeOf(() => {
      for (let at = 0; at < text.length; at += 70_000) shape.write(Buffer.from(text.slice(at, at + 70_000)))
      shape.end()
    })
    assert.equal(code, 'SLUICE_ERR_UPSTREAM_DECODE', `${text.slice(0, 5)}…${text.slice(-5)}`)
  }
})

test('refuses text that is not JSON as an upstream failure, in what is skipped too', () => {
  for (const text of ['{"a":[1,2', '{"deny":[1,}', '{"a":1} x', '{"a":1}{', '\ufeff{}', '{"a":01}', '{"a":"\u0001"}']) {
    assert.equal(codeOf(() => run({ deny: ['deny'] }, [Buffer.from(text)]))[0], 'SLUICE_ERR_UPSTREAM_DECODE', text)
  }
})

test('needs the whole document for flatmap and for two fields mapped to one name', () => {
  const flatmapFilter = [{ type: 'del', args: ['a'] }] as const
  assert.equal(compileStreamShape(config({ proxy: { shadow: false, shadowTimeoutMs: 0, flatmapFilter } })), undefined)
  assert.equal(compileStreamShape(config({ mapping: [['a', 'x'], ['b', 'x.y']] })), undefined) // biome-ignore format: one line
})

test('holds a field that a later one replaces, up to a limit', () => {
  const mapping = [['a', 'b']] as const
  assert.equal(run({ mapping }, [Buffer.from('{"b":{"old":[1]},"c":2,"a":3}')]), '{"c":2,"b":3}')
  assert.equal(run({ mapping }, [Buffer.from('{"b":{"old":[1]},"c":2}')]), '{"c":2,"b":{"old":[1]}}')
  const big = Buffer.from(
    `{"b":[${Array(200)
      .fill(`"${'x'.repeat(9000)}"`)
      .join(',')}]}`
  )
  assert.equal(codeOf(() => run({ mapping }, [big]))[0], 'SLUICE_ERR_BODY_TOO_LARGE')
})

test('puts a collection of 32 MB under a group without holding it', () => {
  const shape = compileStreamShape(config({ isCollection: true, group: 'g' }))!()
  const chunk = Buffer.from(`{"id":12345678901234567890,"name":"${'n'.repeat(400)}"},`.repeat(150))
  const rounds = Math.ceil((32 * 1024 * 1024) / chunk.length)
  let bytes = 0
  const count = (parts: readonly Uint8Array[]): void => {
    for (const part of parts) bytes += part.length
  }
  count(shape.write(Buffer.from('[')))
  for (let i = 0; i < rounds; i++) {
    const before = bytes
    count(shape.write(chunk))
    assert.ok(bytes - before > chunk.length / 2, 'a chunk leaves when it came')
  }
  count(shape.write(Buffer.from('0]')))
  count(shape.end())
  assert.equal(bytes, rounds * chunk.length + '{"g":{"collection":[0]}}'.length)
})
