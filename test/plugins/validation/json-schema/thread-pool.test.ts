/** Bodies that are validated in a thread: the same answers, and nothing else waits. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { validateInThread } from '../../../../plugins/validation/json-schema/thread-pool.js'
import { build, endpoint, startUpstream } from '../../scripted-upstream.js'

const RETURN_TEXTS = { extra_config: { router: { return_error_msg: true } }, timeout: '120s' }
const post = (schema: unknown): object => ({ method: 'POST', timeout: '120s', extra: { 'validation/json-schema': schema } })
const PADDING = ' '.repeat(100_000)

/** Validations of bodies of 1 MiB and more last until the test calls what this returns. */
function holdLarge(t: TestContext): () => void {
  const real = Worker.prototype.postMessage
  const held: (() => void)[] = []
  let over = false
  t.mock.method(Worker.prototype, 'postMessage', function (this: Worker, ...args: Parameters<Worker['postMessage']>) {
    const post = (): void => real.apply(this, args)
    const { bytes } = args[0] as { bytes?: Uint8Array }
    if (over || bytes === undefined || bytes.length < 1024 * 1024) post()
    else held.push(post)
  })
  return () => {
    over = true
    for (const post of held) post()
  }
}

test('a large body gets the answer of a small one', async t => {
  const host = await startUpstream(t)
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'n.json'), '{"type":"integer","maximum":9007199254740992}')
  const file = pathToFileURL(join(folder, 'n.json')).href
  const { gateway } = await build(t, {
    ...RETURN_TEXTS,
    endpoints: [
      endpoint('/object', host, post({ type: 'object', properties: { n: { $ref: file }, x: { multipleOf: 0.01 } } })),
      endpoint('/any', host, post({ maximum: 9007199254740992 })),
      endpoint('/false', host, post(false))
    ]
  })
  await rm(join(folder, 'n.json')) // schemas are read at the start
  const deep = '['.repeat(50_000) + ']'.repeat(50_000)
  const cases: [path: string, body: string][] = [
    ['/object', '{"n":1,"x":1234567.89}'],
    ['/object', '{"n":9007199254740993}'],
    ['/object', '{"n":"a","x":0.001}'],
    ['/object', '[]'],
    ['/object', '{"n":'],
    ['/object', ''],
    ['/any', '9007199254740993'],
    ['/any', '9007199254740992'],
    ['/any', '1e99999999999999999'],
    ['/any', `[${deep}]`],
    ['/false', '1']
  ]
  for (const [path, body] of cases) {
    const answers = await Promise.all(
      [body, `${body}${PADDING}`].map(async sent => {
        const answer = await gateway.request({ method: 'POST', path, body: sent })
        return [answer.status, sent === body && /JSON/.test(answer.text()) ? 'no JSON' : answer.text()]
      })
    )
    if (body === '' || body === '{"n":') assert.deepEqual([answers[0]![0], answers[1]![0]], [400, 400], body)
    else assert.deepEqual(answers[1], answers[0], body)
  }
})

test('an encoded body counts by its decoded size, and goes on as it came', async t => {
  const lengths: number[] = []
  const host = await startUpstream(t, (req, res) => {
    lengths.push(Number(req.headers['content-length']))
    req.resume()
    res.end('{}')
  })
  const { gateway } = await build(t, {
    ...RETURN_TEXTS,
    endpoints: [endpoint('/', host, { input_headers: ['Content-Encoding'], ...post({ type: 'object' }) })]
  })
  const headers = { 'content-encoding': 'gzip' }
  const good = gzipSync(`{"a":"${'x'.repeat(300_000)}"}`)
  assert.equal((await gateway.request({ method: 'POST', path: '/', body: good, headers })).status, 200)
  assert.deepEqual(lengths, [good.length])
  const bad = await gateway.request({ method: 'POST', path: '/', body: gzipSync(`["${'x'.repeat(300_000)}"]`), headers })
  assert.deepEqual([bad.status, bad.text()], [400, "- at '': got array, want object"])
})

test('others are served while large bodies are validated', async t => {
  const host = await startUpstream(t)
  const schema = { type: 'array', uniqueItems: true, items: { pattern: '^(a|b|ab)*c?$' } }
  const { gateway } = await build(t, { ...RETURN_TEXTS, endpoints: [endpoint('/a', host, post(schema)), endpoint('/b', host)] })
  const body = JSON.stringify(Array.from({ length: 60_000 }, (_, i) => i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b')))
  const endValidations = holdLarge(t)
  let validated = 0
  const large = [1, 2, 3].map(async () => {
    const { status } = await gateway.request({ method: 'POST', path: '/a', body })
    validated++
    return status
  })
  const beside = await gateway.request({ path: '/b' })
  assert.equal(beside.status, 200)
  assert.equal(validated, 0, 'the body of the other endpoint waited for a validation')
  const smaller = await gateway.request({ method: 'POST', path: '/a', body: `["a"${PADDING}]` })
  assert.equal(smaller.status, 200)
  assert.equal(validated, 0, 'a body of less than 1 MiB waits for one that is larger')
  endValidations()
  assert.deepEqual(await Promise.all(large), [200, 200, 200])
})

test('a body whose client has gone is not validated, and a thread that fails ends one body only', async () => {
  const never = new AbortController().signal
  const gone = new AbortController()
  const anything = { schema: 'true', files: new Map() }
  const body = Buffer.from('{}')
  const broken = validateInThread({ schema: '{', files: new Map() }, body, never)
  const left = validateInThread(anything, body, gone.signal)
  const stays = validateInThread(anything, body, never)
  gone.abort(new Error('gone'))
  await assert.rejects(broken, SyntaxError)
  await assert.rejects(left, /gone/)
  assert.deepEqual(await stays, { kind: 'fits' })
})
