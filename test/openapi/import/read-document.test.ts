import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ConfigError } from '../../../src/errors.js'
import { importOpenApi } from '../../../src/openapi/import/import.js'
import { readDocument } from '../../../src/openapi/import/read-document.js'
import { fileOf } from '../support.js'

const HEAD = 'openapi: 3.1.0\ninfo: { title: x, version: "1" }\nservers: [{ url: "http://a.test" }]\n'

/** `line:column pointer message` of each fault. */
async function faults(t: TestContext, name: string, text: string): Promise<string[]> {
  const error = await importOpenApi(fileOf(t, name, text)).then(
    () => assert.fail('the document was read'),
    (cause: unknown) => cause
  )
  assert.ok(error instanceof ConfigError, String(error))
  return error.problems.map(({ line, column, pointer, message }) => `${line}:${column} ${pointer} ${message}`)
}

test('faults are told by place, in YAML and JSON, all at once', async t => {
  const yaml = `${HEAD}paths:
  /a:
    get:
      parameters: [{ name: q, in: body, schema: {} }]
      responses:
        "200": { content: { application/json: { schema: { $ref: "#/components/schemas/None" } } } }
    put:
      requestBody: { $ref: "other.yaml#/x" }
      responses: {}
`
  const found = await faults(t, 'a.yaml', yaml)
  for (const expected of [
    /^7:31 \/paths\/~1a\/get\/parameters\/0\/in /,
    /^9:9 \/paths\/~1a\/get\/responses\/200 must have required property 'description'/,
    /^9:59 .*\/schema\/\$ref the reference #\/components\/schemas\/None leads nowhere/,
    /^11:22 .*the reference other\.yaml#\/x leads to another document/,
    /^12:7 \/paths\/~1a\/put\/responses /
  ])
    assert.ok(
      found.some(one => expected.test(one)),
      `${expected} in\n${found.join('\n')}`
    )
  const odd = `${HEAD}paths:\n  /a:\n    get: { bogus: 1, responses: { "200": { description: x } } }\n`
  assert.deepEqual(await faults(t, 'a.yaml', odd), ["6:12 /paths/~1a/get/bogus 'bogus' does not belong here"])
  assert.deepEqual(await faults(t, 'a.json', '{\n "openapi": "3.1.0",\n "info": {"title": "x"},\n "paths": {}\n}'), [
    "3:2 /info must have required property 'version'"
  ])
})

test('other documents, versions and servers are told with what to do', async t => {
  assert.match((await faults(t, 'a.json', '{"swagger":"2.0"}'))[0]!, /Swagger 2\.0 is not read/)
  assert.match((await faults(t, 'a.json', '[]'))[0]!, /this is no OpenAPI document/)
  assert.match((await faults(t, 'a.yaml', 'openapi: 4.0.0'))[0]!, /OpenAPI 4\.0\.0 is not read/)
  assert.match((await faults(t, 'a.yaml', 'openapi: [3'))[0]!, /^1:/)
  assert.match((await faults(t, 'none.json', ''))[0]!, /.+/)
  const paths = 'paths: { /a: { get: { responses: { "200": { description: x } } } } }\n'
  assert.match((await faults(t, 'a.yaml', HEAD.replace(/servers.*\n/, '') + paths))[0]!, /\/get the document names no server/)
  assert.match(
    (await faults(t, 'a.yaml', HEAD.replace('http://a.test', '/v1') + paths))[0]!,
    /^3:1 \/servers the server \/v1 has no host/
  )
})

test('a document nested without end, and aliases that grow without end, are told', async t => {
  const deep = `${'{"items":'.repeat(5000)}{}${'}'.repeat(5000)}`
  const head = '{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{},"components":{"schemas":{"A":'
  assert.deepEqual(await faults(t, 'a.json', `${head}${deep}}}}`), [
    'undefined:undefined  objects stand more than 500 deep within each other'
  ])
  let bomb = `${HEAD}x-0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n`
  for (let i = 1; i < 10; i++) bomb += `x-${i}: &x${i} [${Array.from({ length: 9 }, () => `*x${i - 1}`).join(', ')}]\n`
  assert.match((await faults(t, 'a.yaml', `${bomb}paths: {}\n`))[0]!, /alias/i)
})

test('references may lead through other references', async t => {
  const text = `${HEAD}paths: {}
components:
  schemas:
    A: { $ref: "#/components/schemas/B" }
    B: { type: object, properties: { c: { type: string } } }
    C: { $ref: "#/components/schemas/A/properties/c" }
    D: { $ref: "#/components/schemas/D" }
    E: { default: { $ref: "no reference" } }
`
  const { root, is30 } = await readDocument(fileOf(t, 'a.yaml', text))
  assert.equal(is30, false)
  assert.ok(root.components)
})

test('a document of several files is told so once, without what follows from it', async t => {
  const found = await faults(
    t,
    'a.yaml',
    `openapi: 3.0.3
info: { title: a, version: "1", description: { $ref: text.yml } }
paths:
  /a: { get: { $ref: a.yml }, put: { $ref: "b.yml#/x" } }
  /b: { get: { description: nothing else } }
`
  )
  assert.equal(found.length, 2, found.join('\n'))
  assert.match(found[0]!, /text\.yml leads to another document, and 2 more do so/)
  assert.match(found[1]!, /\/paths\/~1b\/get must have required property 'responses'/)
})
