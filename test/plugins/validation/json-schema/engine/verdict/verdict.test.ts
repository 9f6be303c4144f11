/** What a generated test says of a body's bytes is what the checks say of its value. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { compileSchema } from '../../../../../../plugins/validation/json-schema/schema.js'
import { parseJsonValue } from '../../../../../../src/message/json/exact-json.js'
import { createRandom, SEED } from '../../../../../encoding/json/random.js'
import { LIMIT_MS } from '../../../../../support/waiting.js'
import { randomDocument, randomValue } from '../../random-schema.js'
import { agrees, DRAFT_4, DRAFT_7, DRAFT_2019 } from '../../validate.js'

async function verdicts(schema: unknown, ...texts: readonly string[]): Promise<string[]> {
  const compiled = await compileSchema(typeof schema === 'string' ? parseJsonValue(schema) : schema)
  return texts.map(text => {
    const value = parseJsonValue(text)
    return agrees(compiled, compiled.validate(value, typeof value === 'number' ? text.trim() : undefined), text)
  })
}

test(`random schemas and values (seed ${SEED})`, async () => {
  const random = createRandom(SEED)
  const drafts = [undefined, undefined, DRAFT_4, DRAFT_7, DRAFT_2019]
  const counts = { fits: 0, 'does not fit': 0, unsure: 0 }
  for (let round = 0; round < 1500; round++) {
    const text = randomDocument(random)
    const schema = parseJsonValue(text)
    const $schema = drafts[round % drafts.length]
    if ($schema !== undefined && typeof schema === 'object') (schema as Record<string, unknown>).$schema = $schema
    let compiled: Awaited<ReturnType<typeof compileSchema>>
    try {
      compiled = await compileSchema(schema)
    } catch {
      continue // not one of this draft
    }
    for (let i = 0; i < 12; i++) {
      const body = randomValue(random, 3)
      const value = parseJsonValue(body)
      const lines = compiled.validate(value, typeof value === 'number' ? body : undefined)
      try {
        counts[agrees(compiled, lines, body)]++
      } catch (cause) {
        throw new Error(`${$schema ?? 'latest draft'}: ${text} on ${body}`, { cause })
      }
    }
  }
  assert.ok(counts.fits > 1000 && counts['does not fit'] > 1000, JSON.stringify(counts))
})

test('names and literals of a schema are never part of the source', async () => {
  const hostile = [
    '"+process.exit(7)+"',
    "'];process.exit(7);//",
    `\`$\{process.exit(7)}\``,
    '*/process.exit(7)/*',
    '\u2028process.exit(7)\u2029',
    '\\u0022);process.exit(7)',
    '__proto__',
    'constructor',
    '</script>',
    '\n}process.exit(7){',
    '\0',
    'é😀'
  ]
  for (const name of hostile) {
    const schema = {
      title: name,
      type: 'object',
      required: [name],
      properties: JSON.parse(
        `{${JSON.stringify(name)}:${JSON.stringify({ enum: [name], maxLength: 99, pattern: '' })}}`
      ) as object,
      patternProperties: { '^process': { type: 'string' } },
      additionalProperties: false,
      $defs: JSON.parse(`{${JSON.stringify(name)}:{}}`) as object,
      $comment: name
    }
    const text = `{${JSON.stringify(name)}:${JSON.stringify(name)}}`
    const [own, other, none] = await verdicts(schema, text, `{${JSON.stringify(name)}:"x"}`, `{"x":1}`)
    // a name that JSON writes with an escape is left to the checks
    assert.equal(own, JSON.stringify(name) === `"${name}"` ? 'fits' : 'unsure', name)
    assert.notEqual(other, 'fits')
    assert.notEqual(none, 'fits')
  }
})

test('limits and counts of any size are written as numbers', async () => {
  const text = '{"minLength":1e400,"minItems":1e400,"maxProperties":1e21,"minimum":-1e+21,"maximum":1e+300,"exclusiveMinimum":-0}'
  assert.deepEqual(await verdicts(text, '"x"', '[]', '{}', '7', '-1'), [
    'does not fit',
    'does not fit',
    'fits',
    'fits',
    'does not fit'
  ])
})

test('numbers that doubles do not hold are left to the checks, those that they hold are not', async () => {
  const held = ['1', '1.10', '-0', '0.30000000000000004', '9007199254740991', '123456789012345']
  assert.deepEqual(
    await verdicts({ minimum: -1, maximum: 1e16 }, ...held),
    held.map(() => 'fits')
  )
  const beyond = ['9007199254740993', '1.0000000000000000001', '1e2', '1e-400', '0.1000000000000000000001']
  assert.deepEqual(
    await verdicts({ minimum: -1 }, ...beyond),
    beyond.map(() => 'unsure')
  )
  assert.deepEqual(await verdicts({ type: 'integer' }, '12345678901234567890', '1.5', '2.0'), ['fits', 'does not fit', 'fits'])
  assert.deepEqual(await verdicts('{"maximum":9007199254740993}', '1'), ['unsure'])
})

test('of two members of one name the last counts', async () => {
  const twice = ['{"a":"x","a":1}', '{"a":1,"a":"x"}', '{"z":1,"\\u007a":"x"}']
  const number = { properties: { a: { type: 'number' } } }
  assert.deepEqual(await verdicts(number, ...twice), ['does not fit', 'does not fit', 'unsure'])
  for (const schema of [
    { not: number },
    { oneOf: [number, { properties: { a: { type: 'string' } } }] },
    { if: number, else: false },
    { not: { additionalProperties: { type: 'string' } } },
    { not: { contains: number } }
  ])
    await verdicts(schema, ...twice, ...twice.map(text => `[${text}]`))
  assert.deepEqual(await verdicts({ minProperties: 2 }, twice[0]!, '{"a":1,"b":2}'), ['unsure', 'fits'])
  const many = Array.from({ length: 40 }, (_, i) => `"k${i}":${i}`)
  const { not } = { not: { properties: { k1: { const: 0 } } } }
  assert.deepEqual(await verdicts({ not }, `{${many}}`, `{${many},"k1":0}`), ['fits', 'unsure'])
})

test('what no keyword has looked at is told by the generated test too', async () => {
  const base = { $id: 'http://x.test/base', properties: { id: { type: 'integer' } }, required: ['id'] }
  const schema = {
    $defs: { base },
    $ref: 'http://x.test/base',
    anyOf: [
      { properties: { a: true }, required: ['a'] },
      { properties: { b: { type: 'string' } }, patternProperties: { '^x-': true } }
    ],
    if: { properties: { kind: { const: 'k' } }, required: ['kind'] },
    else: { properties: { other: true } },
    unevaluatedProperties: false
  }
  const bodies: [string, string][] = [
    ['{"id":1}', 'fits'],
    ['{"id":1,"a":2,"b":"c","x-y":[]}', 'fits'],
    ['{"id":1,"a":2,"b":3}', 'does not fit'],
    ['{"id":1,"kind":"k"}', 'fits'],
    ['{"id":1,"kind":"k","other":1}', 'does not fit'],
    ['{"id":1,"other":1}', 'fits'],
    ['{"id":1,"kind":"q"}', 'does not fit'],
    ['{"b":"c"}', 'does not fit'],
    ['[1]', 'fits']
  ]
  const texts = bodies.map(([text]) => text)
  assert.deepEqual(
    await verdicts(schema, ...texts),
    bodies.map(([, verdict]) => verdict)
  )
  const list = { prefixItems: [true], contains: { type: 'string' }, unevaluatedItems: { type: 'null' } }
  assert.deepEqual(await verdicts(list, '[1,"a",null,"b"]', '["a",1]', '[1]', '{}'), [
    'fits',
    'does not fit',
    'does not fit',
    'fits'
  ])
  const old = { $schema: DRAFT_2019, items: [true], unevaluatedItems: false, contains: { type: 'string' } }
  assert.deepEqual(await verdicts(old, '["a"]', '["a","b"]'), ['fits', 'does not fit'])
})

test('a dynamic reference is followed by the generated test, through each resource to its own meaning', async () => {
  const tree = { $id: 'tree', $dynamicAnchor: 'node', type: 'object', properties: { next: { $dynamicRef: '#node' } } }
  const closed = { $id: 'closed', $dynamicAnchor: 'node', $ref: 'tree', unevaluatedProperties: false, $defs: { tree } }
  const both = { properties: { open: { $ref: 'tree' }, shut: { $ref: 'closed' } }, $id: 'http://x.test/both', $defs: { closed } }
  assert.deepEqual(
    await verdicts(
      both,
      '{"open":{"next":{"x":1}}}',
      '{"shut":{"next":{"x":1}}}',
      '{"shut":{"next":{"next":{}}}}',
      '{"open":{"next":1}}'
    ),
    ['fits', 'does not fit', 'fits', 'does not fit']
  )
  const circle = await compileSchema({ $dynamicAnchor: 'a', $dynamicRef: '#a' })
  assert.equal(circle.byteTest!(Buffer.from('1')), 'unsure')
})

test('notes about members are bounded', async () => {
  const { byteTest } = await compileSchema({ properties: { k0: true }, unevaluatedProperties: { type: 'integer' } })
  const members = (count: number): Buffer => Buffer.from(`{${Array.from({ length: count }, (_, i) => `"k${i}":${i}`)}}`)
  assert.equal(byteTest!(members(1000)), 'fits')
  assert.equal(byteTest!(members(70_000)), 'unsure')
  assert.equal(byteTest!(members(1000)), 'fits')
})

test('texts are measured in characters, and compared as they are meant', async () => {
  const schema = { minLength: 2, maxLength: 3 }
  const texts = ['"😀"', '"😀😀"', '"😀😀😀"', '"😀😀😀😀"', '"\\u0061"', '"\\u0061b"', '"\\ud83d\\ude00"', '"éé"']
  const fit = [false, true, true, false, false, true, false, true]
  assert.deepEqual(
    await verdicts(schema, ...texts),
    fit.map(one => (one ? 'fits' : 'does not fit'))
  )
  assert.deepEqual(await verdicts({ enum: ['a"b', 'é', 'x'] }, '"a\\"b"', '"\\u00e9"', '"é"', '"\\u0078"', '"y"'), [
    'fits',
    'fits',
    'fits',
    'fits',
    'does not fit'
  ])
})

test('bodies that mean harm take a bounded look', async () => {
  const list = (more: object): object => ({ type: 'array', items: { $ref: '#/$defs/x' }, ...more })
  const x = { anyOf: [list({ minItems: 9 }), list({ maxItems: 0 }), list({ minItems: 2 }), { const: 7 }] }
  const deep = (depth: number, inner: string): string => '['.repeat(depth) + inner + ']'.repeat(depth)
  const { byteTest } = await compileSchema({ $ref: '#/$defs/x', $defs: { x } })
  assert.equal(byteTest!(Buffer.from(deep(200, '1'))), 'unsure')
  const long = JSON.stringify('x'.repeat(30_000))
  assert.equal(byteTest!(Buffer.from(deep(24, long))), 'unsure')
  const doubled: Record<string, unknown> = { d0: { type: 'string' } }
  for (let i = 1; i < 30; i++) doubled[`d${i}`] = { allOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] }
  const twice = await compileSchema({ $defs: doubled, $ref: '#/$defs/d29' })
  assert.equal(twice.byteTest!(Buffer.from('"x"')), 'unsure')
  const nested = await compileSchema({ items: { $ref: '#' } })
  assert.equal(nested.byteTest!(Buffer.from(deep(300, ''))), 'fits')
  assert.equal(nested.byteTest!(Buffer.from(deep(900, ''))), 'unsure')
  assert.equal((await compileSchema({ $ref: '#' })).byteTest!(Buffer.from('1')), 'unsure')
})

test('where Node makes no code from strings the checks do all', () => {
  const code = `
    import { compileSchema } from ${JSON.stringify(new URL('../../../../../../dist/plugins/validation/json-schema/schema.js', import.meta.url).href)}
    const { byteTest, validate } = await compileSchema({ type: 'string' })
    console.log(byteTest, validate('x'), validate(1))`
  const out = execFileSync(process.execPath, ['--disallow-code-generation-from-strings', '--input-type=module', '-e', code], {
    timeout: LIMIT_MS
  })
  assert.equal(String(out).trim(), "undefined undefined - at '': got number, want string")
})
