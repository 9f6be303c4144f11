/** What references find. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { resolveUri } from '../../../../../../plugins/validation/json-schema/engine/uri.js'
import { compileSchema, SchemaError } from '../../../../../../plugins/validation/json-schema/schema.js'
import { DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, fits, textFits } from '../../validate.js'

const TEXT = { type: 'string' }

test('pointers, anchors and identifiers within the schema', async () => {
  const schemas: object[] = [
    { $ref: '#/$defs/a~1b~0c%25', $defs: { 'a/b~c%': TEXT } },
    { $ref: '#name', $defs: { x: { $anchor: 'name', ...TEXT } } },
    { $id: 'http://x.test/root', $ref: 'other', $defs: { x: { $id: 'other', ...TEXT } } },
    { $id: 'http://x.test/a/root', $ref: '../b/c', $defs: { x: { $id: '/b/', $defs: { y: { $id: 'c', ...TEXT } } } } },
    {
      $id: 'urn:uuid:feebdaed-ffff-0000-ffff-0000deadbeef',
      $ref: 'urn:uuid:feebdaed-ffff-0000-ffff-0000deadbeef#/$defs/x',
      $defs: { x: TEXT }
    },
    { $ref: 'urn:example:x#name', $defs: { x: { $id: 'urn:example:x', $defs: { y: { $anchor: 'name', ...TEXT } } } } },
    { $ref: '#/$defs/x/$defs/y', $defs: { x: { $id: 'http://x.test/x', $defs: { y: { $ref: '#/$defs/z' }, z: TEXT } } } },
    { $ref: '#/anything/0', anything: [TEXT] },
    { $schema: DRAFT_4, allOf: [{ $ref: '#name' }], definitions: { x: { id: '#name', ...TEXT } } },
    { $schema: DRAFT_7, $ref: '#name', definitions: { x: { $id: '#name', ...TEXT } } },
    { $schema: DRAFT_6, $id: 'http://x.test/', allOf: [{ $ref: 'y.json' }], definitions: { x: { $id: 'y.json', ...TEXT } } }
  ]
  for (const schema of schemas) {
    assert.equal(await fits(schema, 'a'), true, JSON.stringify(schema))
    assert.equal(await fits(schema, 1), false, JSON.stringify(schema))
  }
})

test('nested relative identifiers are each relative to the one around them', async () => {
  const nested = (depth: number): object => (depth === 0 ? TEXT : { $id: `a${depth}/`, $defs: { x: nested(depth - 1) } })
  const schema = { $id: 'http://x.test/', $ref: 'a3/a2/a1/#/$defs/x', $defs: { x: nested(3) } }
  assert.equal(await fits(schema, 1), false)
  assert.equal(await fits(schema, 'a'), true)
})

test('the metaschemas are there', async () => {
  for (const $ref of [DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, 'https://json-schema.org/draft/2020-12/schema']) {
    assert.equal(await fits({ $ref }, { type: 'string' }), true, $ref)
    assert.equal(await fits({ $ref }, { type: 1 }), false, $ref)
    assert.equal(await fits({ $ref }, { properties: { a: { type: 1 } } }), false, $ref)
  }
})

test('a dynamic anchor means what the outermost schema says', async () => {
  const tree = {
    $id: 'http://x.test/tree',
    $dynamicAnchor: 'node',
    type: 'object',
    properties: { children: { items: { $dynamicRef: '#node' } } }
  }
  const strict = {
    $id: 'http://x.test/strict',
    $dynamicAnchor: 'node',
    $ref: 'tree',
    unevaluatedProperties: false,
    $defs: { tree }
  }
  assert.equal(await fits(tree, { children: [{ x: 1 }] }), true)
  assert.equal(await fits(strict, { children: [{ x: 1 }] }), false)
  assert.equal(await fits(strict, { children: [{ children: [] }] }), true)
  const old = {
    $schema: DRAFT_2019,
    $id: 'http://x.test/old',
    $recursiveAnchor: true,
    type: 'object',
    properties: { next: { $recursiveRef: '#' } }
  }
  const closed = {
    $schema: DRAFT_2019,
    $id: 'http://x.test/closed',
    $recursiveAnchor: true,
    $ref: 'old',
    unevaluatedProperties: false,
    $defs: { old }
  }
  assert.equal(await fits(old, { next: { x: 1 } }), true)
  assert.equal(await fits(closed, { next: { x: 1 } }), false)
  assert.equal(await fits(closed, { next: { next: {} } }), true)
})

test('a file of the machine, and what it refers to', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-schema-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(
    join(folder, 'user.json'),
    '{"properties":{"id":{"$ref":"id.json#/$defs/id"},"n":{"maximum":9007199254740993}}}'
  )
  await writeFile(join(folder, 'id.json'), '{"$defs":{"id":{"type":"integer"}}}')
  await writeFile(join(folder, 'broken.json'), '{')
  await writeFile(join(folder, 'wrong.json'), '{"type":1}')
  const at = (name: string): object => ({ $ref: pathToFileURL(join(folder, name)).href })
  assert.equal(await fits(at('user.json'), { id: 1 }), true)
  assert.equal(await fits(at('user.json'), { id: 'x' }), false)
  assert.equal(await textFits(JSON.stringify(at('user.json')), '{"n":9007199254740993}'), true)
  assert.equal(await textFits(JSON.stringify(at('user.json')), '{"n":9007199254740994}'), false)
  await assert.rejects(compileSchema(at('absent.json')), /cannot read the schema file:.*absent\.json/)
  await assert.rejects(compileSchema(at('broken.json')), /broken\.json is no JSON/)
  await assert.rejects(compileSchema(at('wrong.json')), /wrong\.json#\/type: not a valid JSON Schema/)
})

test('a reference that finds nothing stops the start at its place', async () => {
  const cases: [schema: object, pointer: string, message: RegExp][] = [
    [{ items: { $ref: '#/$defs/x' } }, '/items/$ref', /"#\/\$defs\/x": nothing stands there/],
    [{ items: { $ref: '#x' } }, '/items/$ref', /there is no anchor 'x'/],
    [{ $ref: 'http://x.test/y' }, '/$ref', /no schema has the identifier http:\/\/x\.test\/y/],
    [{ $ref: '#/%zz' }, '/$ref', /not percent-encoded/],
    [{ $dynamicRef: '#x' }, '/$dynamicRef', /there is no anchor 'x'/],
    [{ $schema: 'http://json-schema.org/draft-03/schema#' }, '/$schema', /is not a known draft/],
    [{ $schema: 7 }, '/$schema', /got number, want string/],
    [{ $ref: '#/x', x: { type: 'strin' } }, '/x/type', /not a valid JSON Schema/],
    [{ $defs: { a: { $id: 'http://x.test/a' }, b: { $id: 'http://x.test/a' } } }, '/$defs/b', /given twice/]
  ]
  for (const [schema, pointer, message] of cases) {
    await assert.rejects(compileSchema(schema), error => {
      assert.ok(error instanceof SchemaError, String(error))
      assert.equal(error.pointer, pointer)
      assert.match(error.message, message)
      return true
    })
  }
})

test('identifiers are resolved as RFC 3986 says', () => {
  // §5.4.1 and §5.4.2
  const base = 'http://a/b/c/d;p?q'
  for (const [reference, target] of [
    ['g:h', 'g:h'],
    ['g', 'http://a/b/c/g'],
    ['./g', 'http://a/b/c/g'],
    ['g/', 'http://a/b/c/g/'],
    ['/g', 'http://a/g'],
    ['//g', 'http://g'],
    ['?y', 'http://a/b/c/d;p?y'],
    ['g?y', 'http://a/b/c/g?y'],
    [';x', 'http://a/b/c/;x'],
    ['', 'http://a/b/c/d;p?q'],
    ['.', 'http://a/b/c/'],
    ['..', 'http://a/b/'],
    ['../g', 'http://a/b/g'],
    ['../..', 'http://a/'],
    ['../../../g', 'http://a/g'],
    ['/../g', 'http://a/g'],
    ['g.', 'http://a/b/c/g.'],
    ['..g', 'http://a/b/c/..g'],
    ['./g/.', 'http://a/b/c/g/'],
    ['g/../h', 'http://a/b/c/h'],
    ['g;x=1/../y', 'http://a/b/c/y']
  ]) {
    assert.equal(resolveUri(base, reference!), target, reference)
  }
})
