import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createGateway } from '../../../../src/gateway.js'
import { KeptLines } from '../../../support/open-gateway.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const RETURN_TEXTS = { extra_config: { router: { return_error_msg: true } } }
const post = (schema: unknown): object => ({ method: 'POST', extra: { 'validation/json-schema': schema } })

/** Sends back what it gets. */
const mirror = (t: Parameters<typeof startUpstream>[0]): Promise<string> => startUpstream(t, (req, res) => void req.pipe(res))

test('a body that fits travels on to the bit', async t => {
  const host = await mirror(t)
  const schema = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } }
  const { gateway } = await build(t, {
    endpoints: [endpoint('/a', host, { output_encoding: 'no-op', ...post(schema) }), endpoint('/b', host, post(schema))]
  })
  const body = ' {"n" : 1.10, "big":12345678901234567890}'
  const raw = await gateway.request({ method: 'POST', path: '/a', body })
  assert.deepEqual([raw.status, raw.text()], [200, body])
  assert.match((await gateway.request({ method: 'POST', path: '/b', body })).text(), /1\.10.*12345678901234567890/)
})

test('a body that does not fit is a 400 and never reaches the upstream', async t => {
  let calls = 0
  const host = await startUpstream(t, (_, res) => {
    calls++
    res.end('{}')
  })
  const { gateway } = await build(t, {
    ...RETURN_TEXTS,
    max_body_bytes: 200_000,
    endpoints: [
      endpoint('/a', host, post({ properties: { n: { type: 'number' } }, type: 'object' })),
      endpoint('/g', host, { extra: { 'validation/json-schema': {} } })
    ]
  })
  const ask = async (body: string, headers = {}): Promise<[number, string]> => {
    const answer = await gateway.request({ method: 'POST', path: '/a', body, headers })
    return [answer.status, answer.text()]
  }
  assert.deepEqual(await ask('{"n":"x"}'), [400, "- at '/n': got string, want number"])
  assert.deepEqual(await ask(''), [400, 'could not validate an empty body'])
  assert.equal((await ask('{"n":'))[0], 400)
  assert.equal((await ask('{} {}'))[0], 400)
  assert.deepEqual(await ask('null'), [400, "- at '': got null, want object"])
  assert.equal((await ask(`{"n":"${'x'.repeat(200_000)}"}`))[0], 413)
  assert.equal((await gateway.request({ path: '/g' })).status, 400)
  assert.equal(calls, 0)
  assert.equal((await ask('{"n":1}'))[0], 200)
})

test('bodies of which the schema looks at little, and at nearly all, are judged alike in any order', async t => {
  const host = await mirror(t)
  const schema = { type: 'object', required: ['id'], properties: { id: { type: 'integer' }, list: { uniqueItems: true } } }
  const { gateway } = await build(t, { endpoints: [endpoint('/a', host, { output_encoding: 'no-op', ...post(schema) })] })
  const list = (last: number): number[] => [...Array.from({ length: 800 }, (_, i) => i), last]
  const little = { rest: list(0), list: [1] }
  for (let round = 0; round < 70; round++) {
    for (const [body, status] of [
      [{ id: 1, list: list(800) }, 200],
      [{ id: 1, list: list(7) }, 400],
      [{ id: 1, ...little }, 200],
      [{ id: 'x', ...little }, 400],
      [little, 400]
    ] as const) {
      const answer = await gateway.request({ method: 'POST', path: '/a', body: JSON.stringify(body) })
      assert.equal(answer.status, status, `${round}`)
    }
  }
})

test('the reason stays inside unless the configuration shows it', async t => {
  const { gateway } = await build(t, { endpoints: [endpoint('/a', NOWHERE, post({ type: 'object' }))] })
  const answer = await gateway.request({ method: 'POST', path: '/a', body: '[]' })
  assert.deepEqual([answer.status, answer.text()], [400, ''])
})

test('an encoded body is validated decoded and sent as it came', async t => {
  const host = await startUpstream(t, (req, res) => {
    res.end(JSON.stringify({ coding: req.headers['content-encoding'] ?? '' }))
    req.resume()
  })
  const { gateway } = await build(t, {
    endpoints: [endpoint('/a', host, { input_headers: ['Content-Encoding'], ...post({ type: 'object' }) })]
  })
  const ask = (body: Buffer): ReturnType<typeof gateway.request> =>
    gateway.request({ method: 'POST', path: '/a', body, headers: { 'content-encoding': 'gzip' } })
  assert.deepEqual((await ask(gzipSync('{"a":1}'))).json(), { coding: 'gzip' })
  assert.equal((await ask(gzipSync('[]'))).status, 400)
})

test('a body nested deeper than the stack ends its request only', async t => {
  const host = await startUpstream(t)
  const schema = { $ref: '#/$defs/list', $defs: { list: { type: 'array', items: { $ref: '#/$defs/list' }, uniqueItems: true } } }
  const { gateway } = await build(t, { endpoints: [endpoint('/a', host, post(schema))] })
  const depth = 1_000_000
  const deep = await gateway.request({ method: 'POST', path: '/a', body: '['.repeat(depth) + ']'.repeat(depth) })
  assert.equal(deep.status, 400)
  assert.equal((await gateway.request({ method: 'POST', path: '/a', body: '[[]]' })).status, 200)
})

test('a bomb ends its request only', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, { endpoints: [endpoint('/a', host, post({ pattern: '^(a+)+$' }))] })
  const ask = async (text: string): Promise<number> =>
    (await gateway.request({ method: 'POST', path: '/a', body: JSON.stringify(text) })).status
  assert.deepEqual(await Promise.all([ask(`${'a'.repeat(50_000)}!`), ask('aaa')]), [400, 200])
})

test('numbers of the configuration file and of a body that is a number have all their digits', async t => {
  const host = await startUpstream(t)
  const schema = '{"maximum":9007199254740993,"properties":{"a":{"const":1e400}}}'
  const backend = `{"host":["${host}"],"url_pattern":"/"}`
  const folder = await mkdtemp(join(tmpdir(), 'sluice-schema-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'krakend.json')
  await writeFile(
    file,
    `{"version":3,"endpoints":[{"endpoint":"/a","method":"POST","backend":[${backend}],"extra_config":{"validation/json-schema":${schema}}}]}`
  )
  const gateway = await createGateway(file, { env: {}, logOutput: new KeptLines() })
  t.after(() => gateway.close({ graceMs: 1 }))
  const ask = async (body: string): Promise<number> => (await gateway.request({ method: 'POST', path: '/a', body })).status
  assert.equal(await ask(' 9007199254740993 '), 200)
  assert.equal(await ask('9007199254740994'), 400)
  assert.equal(await ask('9007199254740993.0000001'), 400)
  assert.equal(await ask('{"a":10e399}'), 200)
  assert.equal(await ask('{"a":1e401}'), 400)
})

test('a schema that cannot be used stops the start, and is left out in tolerant mode', async t => {
  const host = await startUpstream(t)
  const config = { endpoints: [endpoint('/a', host, post({ properties: { a: { type: 'strin' } } }))] }
  await assert.rejects(
    build(t, config),
    /\/endpoints\/0\/extra_config\/validation~1json-schema\/properties\/a\/type.*not a valid JSON Schema/
  )
  await assert.rejects(build(t, { endpoints: [endpoint('/a', host, post('x'))] }), /validation~1json-schema/)
  const { gateway, log } = await build(t, config, { tolerant: true })
  assert.equal((await gateway.request({ method: 'POST', path: '/a', body: 'x' })).status, 200)
  await log.line(/ERROR: \[ENDPOINT: \/a\].*not a valid JSON Schema/)
})
