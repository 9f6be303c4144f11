import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSchema, SchemaError } from '../../../../plugins/validation/json-schema/schema.js'
import { faults } from './validate.js'

const DRAFT_7 = 'http://json-schema.org/draft-07/schema#'

test('knows the drafts from 4 to 2020-12, each by its own keywords', async () => {
  const draft = (name: string, more: object): object => ({ $schema: name, ...more })
  const limit = { maximum: 3, exclusiveMaximum: true }
  assert.equal(
    await faults(draft('http://json-schema.org/draft-04/schema#', limit), 3),
    "- at '': exclusiveMaximum: got 3, want 3"
  )
  assert.equal(await faults(draft('http://json-schema.org/draft-06/schema#', { const: 1 }), 2), "- at '': value must be 1")
  const condition = JSON.parse('{"if":{"type":"string"},"then":{"minLength":2}}')
  assert.equal(await faults(draft('http://json-schema.org/draft-07/schema', condition), 'a'), "- at '': minLength: got 1, want 2")
  const depends = { dependentRequired: { a: ['b'] } }
  assert.match((await faults(draft('https://json-schema.org/draft/2019-09/schema', depends), { a: 1 }))!, /b/)
  assert.equal(await faults({ prefixItems: [{ type: 'string' }] }, [1]), "- at '/0': got number, want string")
  assert.equal(await faults(true, 1), undefined)
  assert.equal(await faults(false, 1), "- at '': false schema")
})

test('says what is wrong as KrakenD says it', async () => {
  const cases: [schema: object, value: unknown, text: string][] = [
    [{ required: ['a', 'b'] }, {}, "missing properties 'a', 'b'"],
    [{ required: ['a', 'b'] }, { a: 1 }, "missing property 'b'"],
    [{ required: ['constructor'] }, {}, "missing property 'constructor'"],
    [{ type: 'integer' }, 1.5, 'got number, want integer'],
    [{ type: ['object', 'null'] }, [], 'got array, want null or object'],
    [{ type: 'string' }, null, 'got null, want string'],
    [{ additionalProperties: false }, { x: 1 }, "additional properties 'x' not allowed"],
    [{ enum: ['red', 3] }, 'blue', "value must be one of 'red', 3"],
    [{ multipleOf: 5 }, 7, 'multipleOf: got 7, want 5'],
    [{ exclusiveMaximum: 3 }, 3, 'exclusiveMaximum: got 3, want 3'],
    [{ maxLength: 2 }, 'día', 'maxLength: got 3, want 2'],
    [{ minItems: 2 }, [1], 'minItems: got 1, want 2'],
    [{ minProperties: 1 }, {}, 'minProperties: got 0, want 1'],
    [{ uniqueItems: true }, [1, { a: 1, b: 2 }, { b: 2, a: 1 }], 'items at 1 and 2 are equal'],
    [{ pattern: '^a$' }, 'b', "'b' does not match pattern '^a$'"],
    [{ $schema: DRAFT_7, format: 'email' }, 'x', "'x' is not valid email"],
    [{ not: {} }, 1, "'not' failed"]
  ]
  for (const [schema, value, text] of cases) assert.equal(await faults(schema, value), `- at '': ${text}`)
})

test('says all that is wrong, each fault in a line', async () => {
  const lines = async (schema: object, value: unknown): Promise<string[]> => (await faults(schema, value))!.split('\n')
  const person = {
    required: ['name'],
    properties: { age: { type: 'integer', minimum: 0 }, tag: { maxLength: 1, pattern: '^a' } }
  }
  assert.deepEqual(await lines({ ...person, additionalProperties: false }, { age: 'x', tag: 'bb', y: 1, z: 2 }), [
    "- at '': missing property 'name'",
    "- at '/age': got string, want integer",
    "- at '/tag': validation failed",
    "  - at '/tag': maxLength: got 2, want 1",
    "  - at '/tag': 'bb' does not match pattern '^a'",
    "- at '': additional properties 'y', 'z' not allowed"
  ])
  const choice = { anyOf: [{ minimum: 3, multipleOf: 2 }, { type: 'string' }] }
  assert.deepEqual(await lines(choice, 1), [
    "- at '': 'anyOf' failed",
    "  - at '': validation failed",
    "    - at '': minimum: got 1, want 3",
    "    - at '': multipleOf: got 1, want 2",
    "  - at '': got number, want string"
  ])
  const referring = { $ref: '#/$defs/a', $defs: { a: { properties: { b: { type: 'string' } } } } }
  assert.deepEqual(await lines(referring, { b: 1 }), ["- at '/b': got number, want string"])
  assert.deepEqual(await lines({ propertyNames: { maxLength: 1 } }, { ab: 1 }), [
    "- at '': invalid propertyName 'ab'",
    "  - at '': maxLength: got 2, want 1"
  ])
  assert.deepEqual(await lines({ properties: { r: { propertyNames: { pattern: '^z' } } } }, { r: { a: 1 } }), [
    "- at '': invalid propertyName 'a'",
    "  - at '': 'a' does not match pattern '^z'"
  ])
  assert.deepEqual(await lines({ contains: { type: 'string' }, minContains: 2 }, ['a', 1]), [
    "- at '': min 2 items required to match contains schema, but matched 1 items at 0",
    "  - at '/1': got number, want string"
  ])
  assert.deepEqual(await lines({ oneOf: [true, true] }, 1), ["- at '': 'oneOf' failed, subschemas 0, 1 matched"])
  assert.deepEqual(await lines({ type: 'object', required: ['a'] }, []), ["- at '': got array, want object"])
})

test('prints texts on one line, and numbers as KrakenD does where nothing is lost', async () => {
  assert.equal(
    await faults({ properties: { "a/b'~\n": { type: 'null' } } }, { "a/b'~\n": 1 }),
    "- at '/a~1b\\'~0\\n': got number, want null"
  )
  assert.equal(await faults({ enum: ['\\', null, true, 1.5] }, 0), "- at '': value must be one of '\\\\', <nil>, true, 1.5")
  assert.equal(await faults({ maximum: 1000 }, 1234.5), "- at '': maximum: got 1,234.5, want 1,000")
  assert.equal(await faults({ maximum: 1000000 }, 1e30), "- at '': maximum: got 1e+30, want 1000000")
  assert.equal(await faults({ maxItems: 0 }, new Array(1234).fill(1)), "- at '': maxItems: got 1,234, want 0")
})

test('a long value of the client is not repeated in full', async () => {
  const text = (await faults({ pattern: '^a$' }, 'b'.repeat(5000)))!
  assert.ok(text.length < 200, text)
})

test('what fits passes', async () => {
  assert.equal(await faults({ multipleOf: 0.01 }, 4.02), undefined)
  assert.equal(await faults({ uniqueItems: true }, [1, '1', { a: 1 }, { a: '1' }, [1], null, 'null']), undefined)
  assert.equal(await faults({ uniqueItems: false }, [1, 1]), undefined)
  assert.equal(await faults({ $ref: '#/$defs/x', $defs: { x: { type: 'string' } } }, 'a'), undefined)
  for (const [format, good, bad] of [
    ['date', '2026-11-21', '2026-13-01'],
    ['uri', 'http://a/b?c', 'http://x y'],
    ['ipv6', '::1', '::x'],
    ['hostname', 'a-b.c', '-a'],
    ['duration', 'P1DT2H', 'P'],
    ['uuid', '2eb8aa08-aa98-11ea-b4aa-73b441d16380', 'x'],
    ['date-time', '2026-11-21T05:00:00Z', 'now']
  ]) {
    assert.equal(await faults({ $schema: DRAFT_7, format }, good), undefined, format)
    assert.match((await faults({ $schema: DRAFT_7, format }, bad))!, /is not valid/, format)
  }
})

test('nothing in a schema makes a body expensive', async () => {
  const bomb = `${'a'.repeat(100_000)}!`
  assert.match((await faults({ pattern: '^(a+)+$' }, bomb))!, /does not match/)
  assert.match(
    (await faults({ patternProperties: { '^(a+)+$': false }, additionalProperties: false }, { [bomb]: 1 }))!,
    /additional/
  )
  assert.match((await faults({ $schema: DRAFT_7, format: 'hostname' }, `${'a'.repeat(60)}.`.repeat(2000)))!, /is not valid/)
  const many = Array.from({ length: 100_000 }, (_, i) => ({ i }))
  assert.equal(await faults({ uniqueItems: true }, many), undefined)
})

test('a schema that cannot be used is refused with its place', async () => {
  const refuse = async (schema: unknown, pointer: string, message: RegExp): Promise<void> => {
    await assert.rejects(compileSchema(schema), error => {
      assert.ok(error instanceof SchemaError)
      assert.equal(error.pointer, pointer)
      assert.match(error.message, message)
      return true
    })
  }
  await refuse({ type: 'strin' }, '/type', /not a valid JSON Schema/)
  await refuse({ properties: { a: { minLength: -1 } } }, '/properties/a/minLength', /minimum: got -1, want 0/)
  await refuse({ $ref: 'http://x.test/y' }, '/$ref', /cannot resolve the reference "http:\/\/x.test\/y"/)
  await refuse({ $schema: 'http://x.test/draft' }, '/$schema', /not a known draft/)
  await refuse({ items: { pattern: '(?=a)' } }, '/items/pattern', /is not supported/)
})
