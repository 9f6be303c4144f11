import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../../../src/errors.js'
import { set, withBlock } from './support.js'

const BASE = '/endpoints/0/backend/0/extra_config/modifier~1martian'

/** Blocks that stop the start, and where. */
const FAULTS: readonly (readonly [block: unknown, ...pointers: string[]])[] = [
  [{}, ''],
  [[], ''],
  [{ ...set('A', 'b'), 'header.Append': {} }, ''],
  [{ 'header.modifier': {} }, '/header.modifier'],
  [{ 'skip.RoundTrip': {} }, '/skip.RoundTrip'],
  [{ 'header.Modifier': [] }, '/header.Modifier'],
  [set('A', 5 as never), '/header.Modifier/value'],
  [{ 'header.Modifier': { value: 'x' } }, '/header.Modifier/name'],
  [set('a b', 'x'), '/header.Modifier/name'],
  [set('A', 'x\ny'), '/header.Modifier/value'],
  [set('A', 'x', ['reqest']), '/header.Modifier/scope/0'],
  [{ 'header.Id': { scope: ['response'] } }, '/header.Id/scope/0'],
  [{ 'header.Append': { name: 'Host', value: 'x' } }, '/header.Append/name'],
  [{ 'header.Blacklist': { names: ['a', 1] } }, '/header.Blacklist/names/1'],
  [{ 'body.Modifier': { body: '!!!' } }, '/body.Modifier/body'],
  [{ 'body.Modifier': { body: 'YQ' } }, '/body.Modifier/body'],
  [{ 'cookie.Modifier': { name: 'c', expires: 'soon' } }, '/cookie.Modifier/expires'],
  [{ 'cookie.Modifier': { name: 'c', expires: '2030-02-30T00:00:00Z' } }, '/cookie.Modifier/expires'],
  [{ 'cookie.Modifier': { name: 'c d' } }, '/cookie.Modifier/name'],
  [{ 'url.Modifier': { scope: ['response'], path: '/x' } }, '/url.Modifier/scope/0'],
  [{ 'url.Modifier': { scheme: 'ftp', host: 'a/b' } }, '/url.Modifier/scheme', '/url.Modifier/host'],
  [{ 'port.Modifier': { port: 80, remove: true } }, '/port.Modifier'],
  [{ 'port.Modifier': { port: 70_000 } }, '/port.Modifier/port'],
  [{ 'stash.Modifier': { scope: ['response'], headerName: 'X' } }, '/stash.Modifier/scope'],
  [{ 'status.Modifier': { scope: ['request'], statusCode: 404 } }, '/status.Modifier/scope/0'],
  [{ 'status.Modifier': { statusCode: 42 } }, '/status.Modifier/statusCode'],
  [{ 'static.Modifier': { rootPath: '/tmp', explicitPaths: { '/a': '../etc/passwd' } } }, '/static.Modifier/explicitPaths/~1a'],
  [{ 'querystring.Verifier': {} }, '/querystring.Verifier/name'],
  [{ 'header.Filter': { name: 'a' } }, '/header.Filter/modifier'],
  [{ 'header.Filter': { modifier: set('A', 'b'), else: null } }, '/header.Filter/else'],
  [{ 'url.RegexFilter': { regex: '[', modifier: set('A', 'b') } }, '/url.RegexFilter/regex'],
  [{ 'priority.Group': { modifiers: [{ priority: 1 }] } }, '/priority.Group/modifiers/0/modifier'],
  [
    { 'fifo.Group': { modifiers: [set('A', 'b'), { 'x.Y': {} }, { 'fifo.Group': { modifiers: [{ 'header.Via': {} }] } }] } },
    '/fifo.Group/modifiers/1/x.Y',
    '/fifo.Group/modifiers/2/fifo.Group/modifiers/0/header.Via'
  ]
]

for (const [block, ...pointers] of FAULTS) {
  test(`${JSON.stringify(block)} stops the start`, async t => {
    const error = await withBlock(t, block).then(
      () => undefined,
      (cause: unknown) => cause
    )
    assert.ok(error instanceof ConfigError, String(error))
    const found = error.problems.filter(one => one.level === 'error').map(one => one.pointer)
    assert.deepEqual(
      found,
      pointers.map(pointer => BASE + pointer)
    )
  })
}

/** Blocks that KrakenD takes, with what is told of them. */
const WARNINGS: readonly (readonly [block: unknown, line: RegExp])[] = [
  [set('Transfer-Encoding', 'chunked'), /WARNING: .*header.Modifier\/name: 'Transfer-Encoding' has no effect/],
  [{ 'header.Modifier': { name: 'A', valeu: 'b' } }, /WARNING: .*unknown key 'valeu' is ignored; there are name, value, scope/],
  [{ 'status.Modifier': {} }, /WARNING: .*no status is given: it is 200/],
  [set('A', 'b', []), /WARNING: .*header.Modifier\/scope: it never runs: the scope is empty/],
  [
    { 'fifo.Group': { scope: ['request'], modifiers: [{ 'status.Modifier': { statusCode: 200 } }] } },
    /WARNING: .*modifiers\/0\/status.Modifier: it never runs: what holds it runs on requests alone/
  ],
  [{ 'static.Modifier': { rootPath: '/nowhere' } }, /WARNING: .*'\/nowhere' is no folder/]
]

for (const [block, line] of WARNINGS) {
  test(`${JSON.stringify(block)} starts with a warning`, async t => {
    const { log } = await withBlock(t, block)
    await log.line(line)
  })
}

test('verifiers do nothing', async t => {
  const { gateway, seen } = await withBlock(t, {
    'fifo.Group': {
      modifiers: [
        { 'header.Verifier': { name: 'A', value: 'b' } },
        { 'url.Verifier': { path: '/x' } },
        { 'querystring.Verifier': { name: 'a' } },
        { 'status.Verifier': { statusCode: 404 } }
      ]
    }
  })
  assert.equal((await gateway.request({ path: '/a' })).status, 200)
  assert.equal(seen.length, 1)
})

test('tolerant: a block with a fault is left out', async t => {
  const block = { 'fifo.Group': { modifiers: [set('X-A', '1'), { 'nothing.Modifier': {} }] } }
  const { gateway, log, seen } = await withBlock(t, block, { options: { tolerant: true } })
  assert.equal((await gateway.request({ path: '/a' })).headers['x-a'], undefined)
  assert.equal(seen[0]!.headers['x-a'], undefined)
  await log.line(/ERROR: .*\/fifo.Group\/modifiers\/1\/nothing.Modifier: unknown modifier/)
  await log.line(/WARNING: .*\[Martian\] the whole block is left out/)
})

test('tolerant: what keeps fields back stays', async t => {
  const block = {
    'fifo.Group': {
      modifiers: [
        set('X-A', '1'),
        { 'header.Blacklist': { scope: ['response'], names: ['X-Secret'] } },
        { 'nothing.Modifier': {} }
      ]
    }
  }
  const { gateway, log } = await withBlock(t, block, {
    options: { tolerant: true },
    answer: (_, res) => res.setHeader('X-Secret', 's').end()
  })
  const { headers } = await gateway.request({ path: '/a' })
  assert.deepEqual([headers['x-a'], headers['x-secret']], [undefined, undefined])
  await log.line(/WARNING: .*\[Martian\] only header.Blacklist is left of the block/)
})

for (const [fault, options] of Object.entries({
  'names that are no list': { names: 'X-Secret' },
  'a name that is no text': { names: ['X-Secret', 7] }
}))
  test(`tolerant: what keeps fields back fails the calls for ${fault}`, async t => {
    const block = { 'fifo.Group': { modifiers: [{ 'header.Blacklist': { scope: ['request'], ...options } }] } }
    const { gateway, seen } = await withBlock(t, block, { options: { tolerant: true } })
    assert.equal((await gateway.request({ path: '/a' })).status, 500)
    assert.equal(seen.length, 0)
  })

for (const scope of ['response', ['answer']])
  test(`tolerant: what keeps fields back does so for the scope ${JSON.stringify(scope)}`, async t => {
    const block = { 'fifo.Group': { scope, modifiers: [{ 'header.Blacklist': { scope, names: ['X-Secret'] } }] } }
    const { gateway } = await withBlock(t, block, {
      options: { tolerant: true },
      answer: (_, res) => res.setHeader('X-Secret', 's').end()
    })
    const { status, headers } = await gateway.request({ path: '/a' })
    assert.deepEqual([status, headers['x-secret']], [200, undefined])
  })

const KEPT_BACK = { 'header.Blacklist': { scope: ['response'], names: ['X-Secret'] } }
for (const [fault, block] of Object.entries({
  'a filter with a key of a wrong type': { 'header.Filter': { scope: ['response'], name: 7, value: 'x', modifier: KEPT_BACK } },
  'a filter with a pattern that is none': { 'header.RegexFilter': { header: 'X-A', regex: '(', modifier: KEPT_BACK } },
  'a filter with a faulty port, in its group': {
    'fifo.Group': { modifiers: [{ 'port.Filter': { port: 'x', modifier: KEPT_BACK } }] }
  },
  'the other branch of a filter': { 'url.Filter': { host: 1, modifier: set('X-A', '1'), else: KEPT_BACK } },
  'a filter of an unknown name': { 'header.Filer': { name: 'X-A', value: 'x', modifier: KEPT_BACK } },
  'a filter that is a list': { 'header.Filter': [KEPT_BACK] },
  'two names in one object': { ...set('X-A', '1'), ...KEPT_BACK },
  'a priority of a wrong type': { 'priority.Group': { modifiers: [{ priority: 'first', modifier: KEPT_BACK }] } }
}))
  test(`tolerant: what keeps fields back does so whatever the message below ${fault}`, async t => {
    const { gateway } = await withBlock(t, block, {
      options: { tolerant: true },
      answer: (_, res) => res.setHeader('X-Secret', 's').end()
    })
    const { status, headers } = await gateway.request({ path: '/a' })
    assert.deepEqual([status, headers['x-secret']], [200, undefined])
  })

for (const [fault, block] of Object.entries({
  'a name in other case': { 'header.BlackList': { names: ['X-Secret'] } },
  'options that are no object': { 'header.Blacklist': ['X-Secret'] },
  'a name in other case, below a faulty filter': {
    'header.Filter': { name: 7, modifier: { 'Header.Blacklist': { names: ['X-Secret'] } } }
  }
}))
  test(`tolerant: what keeps fields back fails the calls for ${fault}`, async t => {
    const { gateway } = await withBlock(t, block, { options: { tolerant: true } })
    assert.equal((await gateway.request({ path: '/a' })).status, 500)
  })

test('tolerant: a filter without fault keeps its condition', async t => {
  const filter = { 'header.Filter': { scope: ['response'], name: 'X-A', value: '1', modifier: KEPT_BACK } }
  const block = { 'fifo.Group': { modifiers: [filter, { 'nothing.Modifier': {} }] } }
  const { gateway } = await withBlock(t, block, {
    options: { tolerant: true },
    answer: (_, res) => res.setHeader('X-Secret', 's').end()
  })
  assert.equal((await gateway.request({ path: '/a' })).headers['x-secret'], 's')
})

test('tolerant: what fails the calls of KrakenD fails them', async t => {
  const { gateway, seen } = await withBlock(t, set('a b', '1'), { options: { tolerant: true } })
  assert.equal((await gateway.request({ path: '/a' })).status, 500)
  assert.equal(seen.length, 0)
})
