import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { main } from '../../src/cli/main.js'
import { Terminal } from '../../src/cli/terminal.js'
import { folderWith } from './command.js'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `sluice lua` on scripts of a folder of the test's own; the last is the script. */
async function run(t: TestContext, files: Readonly<Record<string, string>>, ...flags: string[]): Promise<Ran> {
  const folder = await folderWith(t, files)
  const out = new PassThrough()
  const err = new PassThrough()
  const names = Object.keys(files).map(name => `${folder}/${name}`)
  const code = await main(['lua', ...names, ...flags], { terminal: new Terminal(out, err, {}) })
  const read = (stream: PassThrough): string => {
    let text = ''
    // newer versions of Node.js return one chunk at a time
    for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read()) text += chunk
    return text
  }
  return { code, out: read(out), err: read(err) }
}

test('prints what a script did to the request', async t => {
  const files = {
    'lib.lua': "function tenant(r) return 'acme-' .. r:params('Id') end",
    'pre.lua': "local r = request.load(); r:headers('X-Tenant', tenant(r)); r:query('page=2')"
  }
  const { code, out } = await run(t, files, '--endpoint', '/users/{id}', '-r', '{"path":"/users/7?page=1","headers":{"X-A":"1"}}')
  assert.equal(code, 0)
  assert.match(out, /^- GET \/users\/7\?page=1\n\+ GET \/users\/7\?page=2$/m)
  assert.match(out, /^\+ X-Tenant: acme-7$/m)
  assert.match(out, /^ {2}X-A: 1$/m)
})

test('prints what a script did to the response', async t => {
  const files = { 'post.lua': "local d = response.load():data(); d:set('n', d:get('items'):len())" }
  for (const mount of ['proxy', 'backend']) {
    const { code, out } = await run(t, files, '--post', '-m', mount, '--response', '{"body":{"items":[1,2]}}')
    assert.equal(code, 0)
    assert.match(out, /^\+ {3}"n": 2$/m)
    assert.doesNotMatch(out, /^-/m)
  }
})

test('names file, line and column of what cannot be compiled', async t => {
  const { code, err } = await run(t, { 'bad.lua': '\nx = = 2' })
  assert.equal(code, 1)
  assert.match(err, /^ERROR .*\/bad\.lua:2:5: syntax error near '='$/m)
})

test('names the file in errors of --post too', async t => {
  const failed = await run(t, { 'after.lua': '\nnope()' }, '--post')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /attempt to call a non-function object \(after\.lua:L2\)/)
  assert.doesNotMatch(failed.out + failed.err, /post-script/)
  const bad = await run(t, { 'bad.lua': '\nx = = 2' }, '--post')
  assert.equal(bad.code, 1)
  assert.match(bad.err, /^ERROR .*\/bad\.lua:2:5: syntax error near '='$/m)
})

test('says which flag a library needs', async t => {
  for (const text of ["local x = string.upper('a')", "local s = 'a'; local x = s:upper()"]) {
    const failed = await run(t, { 'a.lua': text })
    assert.equal(failed.code, 1)
    assert.match(failed.err, /^HINT .*--open-libs/m)
    assert.equal((await run(t, { 'a.lua': text }, '--open-libs')).code, 0)
  }
  const other = await run(t, { 'a.lua': 'local t; local x = t.y' })
  assert.doesNotMatch(other.err, /HINT/)
})

test('a script that fails ends the command with 1, a refusal does not', async t => {
  const failed = await run(t, { 'run.lua': '\nnope()' }, '--mount', 'endpoint')
  assert.equal(failed.code, 1)
  assert.match(failed.out, /^request: the upstream was not asked$/m)
  assert.match(failed.err, /attempt to call a non-function object \(run\.lua:L2\)/)
  const refused = await run(t, { 'run.lua': "custom_error('no', 403)" })
  assert.equal(refused.code, 0)
  assert.match(refused.out, /^\+ 403$/m)
})

test('says what is wrong with its arguments', async t => {
  for (const flags of [['-m', 'router'], ['-r', '{'], ['-r', '[]'], []]) {
    const { code, err } = await run(t, flags.length === 0 ? {} : { 'a.lua': '' }, ...flags)
    assert.equal(code, 2)
    assert.match(err, /^Error: /)
  }
})

for (const [flag, value, said] of [
  ['--response', '{"status":"x"}', /--response: "status": a number from 200 to 599/],
  ['--response', '{"status":100}', /"status": a number/],
  ['--response', '{"headers":{"A B":"x"}}', /--response: "A B": /],
  ['--response', '{"headers":{"A":7}}', /"A": a text is expected/],
  ['--response', '{"headers":[]}', /"headers": an object is expected/],
  ['--request', '{"headers":{"A":"x\\r\\ny"}}', /--request: "A": /],
  ['--request', '{"method":7}', /--request: "method": a name/],
  ['--request', '{"path":"a b"}', /--request: "path": /],
  ['--request', '{"url":"/x"}', /--request: "url": there is method, path, headers, body/],
  ['--endpoint', 'users', /--endpoint users: it begins with/]
] as const)
  test(`${flag} ${value} is a wrong command line`, async t => {
    const { code, err } = await run(t, { 'a.lua': '' }, flag, value)
    assert.equal(code, 2)
    assert.match(err, said)
  })
