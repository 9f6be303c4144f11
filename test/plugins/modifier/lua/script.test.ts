import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigError } from '../../../../src/errors.js'
import { withScripts } from './support.js'

async function folder(t: TestContext, files: Record<string, string>): Promise<(name: string) => string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'lua-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text)
  return name => path.join(dir, name)
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

test('every fault of a script stops the start, with its place, in the list of all', async t => {
  const at = await folder(t, { 'good.lua': 'x = 1\n', 'bad.lua': 'local a = 1\nif then end\n' })
  await assert.rejects(
    withScripts(t, {
      endpoint: { sources: [at('good.lua')], md5: { [at('good.lua')]: 'no' } },
      proxy: { sources: [at('good.lua'), at('bad.lua')], pre: 'x = = 2', post: '\n  end' },
      backend: { sources: [at('none.lua')] }
    }),
    error => {
      assert.ok(error instanceof ConfigError)
      const told = error.problems.map(one => `${one.pointer.replace(/.*extra_config\//, '')} ${one.message}`)
      assert.deepEqual(told.map(one => one.replaceAll(`${at('')}/`, '')).sort(), [
        'modifier~1lua-backend/sources/0 cannot be read: open none.lua: no such file or directory',
        `modifier~1lua-endpoint/md5/${at('good.lua').replaceAll('/', '~1')} good.lua has the sum ${md5('x = 1\n')}, not no`,
        "modifier~1lua-proxy/post post-script:2:3: syntax error near 'end'",
        "modifier~1lua-proxy/pre pre-script:1:5: syntax error near '='",
        "modifier~1lua-proxy/sources bad.lua:2:4: syntax error near 'then'"
      ])
      return true
    }
  )
})

test('in tolerant mode a script with a fault fails its requests', async t => {
  const at = await folder(t, { 'good.lua': 'x = 1\n' })
  const options = { tolerant: true }
  const texts: [unknown, number, string][] = [
    [{ sources: ['./none.lua'] }, 500, 'lua: unable to load required source ./none.lua'],
    [{ sources: [at('good.lua')], md5: { [at('good.lua')]: 'no' } }, 500, `lua: wrong md5 of ${at('good.lua')}`],
    [{ pre: 5, post: `response.load():isComplete(false)` }, 500, ''],
    [{ sources: at('good.lua') }, 500, ''],
    [{ live: 'yes', post: `response.load():isComplete(false)` }, 200, '']
  ]
  for (const [proxy, status, text] of texts) {
    const { gateway, upstream } = await withScripts(t, { proxy }, { options })
    const answer = await gateway.request('/a/1')
    assert.equal(answer.status, status)
    if (text !== '') assert.equal(answer.text(), text)
    assert.equal(upstream.seen.length, status === 500 ? 0 : 1)
  }
})

test('an error in a source names the file and its own line', async t => {
  const at = await folder(t, { 'one.lua': '\nfunction one() end', 'two.lua': '\n\nfunction two()\n  nope()\nend\n' })
  const { gateway } = await withScripts(t, { proxy: { sources: [at('one.lua'), at('two.lua')], pre: 'one()\ntwo()' } })
  assert.equal((await gateway.request('/a/1')).text(), 'attempt to call a non-function object (two.lua:L4)')
})

test('a live source counts from the next request on, also while it is broken or gone', async t => {
  const at = await folder(t, { 'live.lua': 'n = 1' })
  const { gateway } = await withScripts(t, {
    proxy: { sources: [at('live.lua')], live: true, md5: { [at('live.lua')]: 'no' }, post: `response.load():data():set('n', n)` }
  })
  const n = async (): Promise<unknown> => {
    const answer = await gateway.request('/a/1')
    return answer.status === 200 ? (answer.json() as { n: number }).n : answer.text()
  }
  assert.equal(await n(), 1)
  await writeFile(at('live.lua'), 'n = 2')
  assert.equal(await n(), 2)
  await writeFile(at('live.lua'), '\nn = = 2')
  assert.match(String(await n()), /\(live\.lua:L2\)$/)
  await rm(at('live.lua'))
  assert.equal(await n(), `lua: unable to load required source ${at('live.lua')}`)
  await writeFile(at('live.lua'), 'n = 3')
  assert.equal(await n(), 3)
})

test('globals of a request are gone with it, locals with their script', async t => {
  const { gateway } = await withScripts(t, {
    proxy: {
      pre: 'count = (count or 0) + 1; local hidden = 1',
      post: `response.load():data():set('n', tostring(count) .. tostring(hidden))`
    }
  })
  for (let i = 0; i < 3; i++) assert.equal(((await gateway.request('/a/1')).json() as { n: string }).n, '1nil')
})

test('pipes tells what each script holds', async t => {
  const { gateway } = await withScripts(t, {
    endpoint: { pre: `ctx.load():headers('A', 'b')` },
    proxy: { post: `response.load():data():set('a', 1)` },
    backend: { pre: `request.load():body('x')` }
  })
  const [pipe] = gateway.pipes
  const holds = [...pipe!.stages, ...pipe!.backends[0]!.stages]
    .filter(one => one.name.startsWith('modifier/lua'))
    .map(one => [one.name, one.holdsBody])
  assert.deepEqual(holds, [
    ['modifier/lua-endpoint', 'no'],
    ['modifier/lua-proxy', 'yes'],
    ['modifier/lua-backend', 'no']
  ])
})
