import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Parts, withBlock } from './support.js'

/** A folder `root` with files, beside a file that nothing may reach. */
function makeRoot(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'martian-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const root = join(folder, 'root')
  mkdirSync(join(root, 'sub'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(root, 'a.json'), '{"file":1.0}')
  writeFileSync(join(root, 'b.unknown'), '0123456789')
  writeFileSync(join(root, 'large.txt'), 'x'.repeat(200_000))
  symlinkSync(join(folder, 'secret.txt'), join(root, 'link.txt'))
  symlinkSync(join(root, 'a.json'), join(root, 'sub', 'inner.json'))
  return root
}

async function get(t: TestContext, url: string, block: object, more: Parts = {}, range?: string) {
  const { gateway, seen } = await withBlock(t, { 'static.Modifier': block }, { ...more, endpoint: { url, input_headers: ['*'] } })
  const answer = await gateway.request({ path: '/a', headers: range === undefined ? {} : { Range: range } })
  return { status: answer.status, text: answer.text(), type: answer.headers['content-type'], calls: seen.length, answer }
}

test('files stand for calls', async t => {
  const rootPath = makeRoot(t)
  const cases: [string, number, string, string | undefined][] = [
    ['/a.json', 200, '{"file":1.0}', 'application/json'],
    ['/sub/inner.json', 200, '{"file":1.0}', 'application/json'],
    ['/b.unknown', 200, '0123456789', 'application/octet-stream'],
    ['/mapped', 200, '0123456789', 'application/octet-stream'],
    ['/missing.txt', 404, '', undefined],
    ['/sub', 404, '', undefined],
    ['/link.txt', 404, '', undefined],
    ['/..%2fsecret.txt', 404, '', undefined],
    ['/%00', 404, '', undefined]
  ]
  for (const [url, status, text, type] of cases) {
    const found = await get(t, url, { rootPath, explicitPaths: { '/mapped': 'b.unknown' } })
    assert.deepEqual([found.status, found.text, found.type, found.calls], [status, text, type, 0], url)
  }
})

test('decoded endpoints read them as they read answers', async t => {
  const found = await get(t, '/a.json', { rootPath: makeRoot(t) }, { decoded: true })
  assert.deepEqual([found.status, found.text, found.calls], [200, '{"file":1.0}', 0])
  assert.equal((await get(t, '/missing', { rootPath: makeRoot(t) }, { decoded: true })).status, 500)
})

test('one range of a file; large files flow', async t => {
  const rootPath = makeRoot(t)
  const small = await get(t, '/b.unknown', { rootPath }, {}, 'bytes=2-4')
  assert.deepEqual([small.status, small.text, small.answer.headers['content-range']], [206, '234', 'bytes 2-4/10'])
  const large = await get(t, '/large.txt', { rootPath })
  assert.deepEqual([large.status, large.text.length], [200, 200_000])
  const part = await get(t, '/large.txt', { rootPath }, {}, 'bytes=199990-')
  assert.deepEqual([part.status, part.text], [206, 'xxxxxxxxxx'])
  assert.equal((await get(t, '/large.txt', { rootPath }, {}, 'bytes=200000-')).status, 416)
})

test('on responses alone the call is made; on requests alone nothing is read', async t => {
  const rootPath = makeRoot(t)
  const after = await get(t, '/a.json', { rootPath, scope: ['response'] })
  assert.deepEqual([after.text, after.calls], ['{"file":1.0}', 1])
  const before = await get(t, '/a.json', { rootPath, scope: ['request'] })
  assert.deepEqual([before.status, before.text, before.calls], [200, '', 0])
})
