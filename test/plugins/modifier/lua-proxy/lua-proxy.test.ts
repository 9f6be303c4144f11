import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { passTime } from '../../../support/time.js'
import { until } from '../../../support/waiting.js'
import { withScripts } from '../lua/support.js'

test('edits the request before the call, and the data of the response', async t => {
  const { gateway, upstream } = await withScripts(t, {
    proxy: {
      pre: `local r = request.load(); seen = r:params('Id') .. r:path(); r:headers('X-New', 'v'); r:params('Id', '../8')`,
      post: `local d = response.load():data(); d:set('seen', seen); d:set('a', d:get('a') + 1); d:get('nested'):set('x', d:get('list'))`
    }
  })
  const answer = await gateway.request('/a/7')
  assert.deepEqual(answer.json(), {
    a: 2,
    big: Number('12345678901234567890'),
    list: [1, 2, 3],
    nested: { x: [1, 2, 3] },
    text: 'é',
    seen: '7/a/7'
  })
  assert.equal(upstream.seen[0]?.url, '/b/..%2F8')
  assert.equal(upstream.seen[0]?.headers['x-new'], 'v')
})

test('a status that it sets is for later stages: decoded data has its own', async t => {
  const { gateway } = await withScripts(t, {
    proxy: {
      post: `local r = response.load(); local d = r:data(); d:set('a', r:statusCode()); r:statusCode(418); d:set('text', r:statusCode())`
    }
  })
  const answer = await gateway.request('/a/7')
  const { a, text } = answer.json() as { a: number; text: number }
  assert.deepEqual([answer.status, a, text], [200, 0, 418])
})

test('leaves what it does not touch as it was written', async t => {
  const { gateway } = await withScripts(t, {
    proxy: { post: `local d = response.load():data(); d:set('a', 2); d:del('nested'); d:get('list'):del(0)` }
  })
  assert.equal((await gateway.request('/a/7')).text(), '{"a":2,"big":12345678901234567890,"list":[2,3],"text":"é"}')
})

test('writes a number anew that was read and set back', async t => {
  const { gateway } = await withScripts(t, {
    proxy: { post: `local d = response.load():data(); d:set('big', d:get('big')); d:set('a', 1e21)` }
  })
  assert.match((await gateway.request('/a/7')).text(), /"a":1e\+21,"big":12345678901234567000,/)
})

/** Which limit an endless script meets first depends on how fast the machine is. */
const ENDLESS = /^script (computed too long|took too many steps) \(pre-script:L1\)$/

const ERRORS: readonly (readonly [script: string, status: number, text: string | RegExp])[] = [
  [`custom_error('plain')`, 500, 'plain'],
  [`custom_error('coded', 418)`, 418, 'coded'],
  [`custom_error('a || 404')`, 404, 'a'],
  [`custom_error('a || 200 || text/html', 403)`, 403, 'a || 200 || text/html'],
  [`local ok, e = pcall(custom_error, 'm', 409); error(e, 0)`, 409, 'm'],
  [`error('boom')`, 500, 'boom (pre-script:L1)'],
  [`error({})`, 500, "\t[G]: in function 'error'\n\t<string>:1: in main chunk\n\t[G]: ? (pre-script:L0)"],
  [`\n\nnope()`, 500, 'attempt to call a non-function object (pre-script:L3)'],
  [`response.load()`, 500, "attempt to index a non-table object(nil) with key 'load' (pre-script:L1)"],
  [`while true do end`, 500, ENDLESS],
  [`pcall(function() while true do end end)`, 500, ENDLESS],
  [`luaList.new():set(1e9, 1)`, 500, 'not enough memory (pre-script:L1)'],
  [
    `local t = luaTable.new(); t:set('t', t)`,
    500,
    'json: unsupported value: encountered a cycle via map[string]interface {} (pre-script:L1)'
  ],
  [`luaTable.new():set('n', 0/0)`, 500, 'json: unsupported value: NaN (pre-script:L1)'],
  [`request.load():headers('X', 'a\\nb')`, 500, 'net/http: invalid header field value for "X" (pre-script:L1)'],
  [`request.load():headers('X', true)`, 500, 'bad argument #3 to headers (string expected, got boolean) (pre-script:L1)'],
  [`request.load().method()`, 500, 'bad argument #1 to method (userdata expected, got nil) (pre-script:L1)'],
  [
    `http_response.new('file:///etc/passwd')`,
    500,
    'Get "file:///etc/passwd": unsupported protocol scheme "file" (pre-script:L1)'
  ],
  [
    `local r = request.load(); local n = 'bo'; return r[n .. 'dy'](r)`,
    500,
    'the body was not read: name body where the script reads it (pre-script:L1)'
  ]
]

for (const [script, status, text] of ERRORS)
  test(`ends with ${status}: ${script.trim()}`, async t => {
    const { gateway, upstream } = await withScripts(t, { proxy: { pre: script } })
    const answer = await gateway.request('/a/7')
    assert.equal(answer.status, status)
    if (typeof text === 'string') assert.equal(answer.text(), text)
    else assert.match(answer.text(), text)
    assert.equal(upstream.seen.length, 0)
  })

test('an error in post comes after the call', async t => {
  const { gateway, upstream } = await withScripts(t, { proxy: { post: `custom_error('late', 409)` } })
  assert.equal((await gateway.request('/a/7')).status, 409)
  assert.equal(upstream.seen.length, 1)
})

test('post passes a failed call by', async t => {
  const { gateway } = await withScripts(
    t,
    { proxy: { post: `custom_error('never', 200)` } },
    { answer: (_req, res) => res.writeHead(404).end() }
  )
  assert.equal((await gateway.request('/a/7')).status, 500)
})

test('skip_next asks no backend', async t => {
  const { gateway, upstream } = await withScripts(t, {
    proxy: { skip_next: true, post: `local r = response.load(); r:data():set('made', {1, n = {}}); r:isComplete(true)` }
  })
  const answer = await gateway.request('/a/7')
  assert.equal(answer.text(), '{"made":{"1":1,"n":null}}')
  assert.equal(upstream.seen.length, 0)
})

test('pass-through bodies are read and written where the script says so, and their length is right', async t => {
  const { gateway } = await withScripts(
    t,
    { proxy: { post: `local r = response.load(); r:body(r:body() .. '!'); r:statusCode(202); r:headers('X-N', #r:body())` } },
    { endpoint: { output_encoding: 'no-op' }, backend: { encoding: 'no-op' }, answer: (_req, res) => res.end('héllo') }
  )
  const answer = await gateway.request('/a/7')
  assert.equal(answer.status, 202)
  assert.equal(answer.text(), 'héllo!')
  assert.equal((answer.headers as Record<string, unknown>)['content-length'], '7')
})

test('http_response is answered while others are served, and ends with the endpoint', async t => {
  const { gateway, upstream } = await withScripts(
    t,
    { proxy: { pre: `request.load():headers('X', http_response.new(request.load():headers('X-To')):body())` } },
    {
      answer: (req, res) => {
        if (req.url === '/slow') return
        res.end('{"ok":true}')
      }
    }
  )
  const ask = (to: string): ReturnType<typeof gateway.request> => gateway.request({ path: '/a/7', headers: { 'X-To': to } })
  const late = ask(`${upstream.origin}/slow`)
  await until(() => upstream.seen.some(({ url }) => url === '/slow'), 'the call of the script')
  assert.equal((await ask(`${upstream.origin}/fast`)).status, 200)
  await passTime(30_000)
  const ended = await late
  assert.deepEqual([ended.status, ended.text()], [500, 'context deadline exceeded'])
  const slow = ask('http://127.0.0.1:1/x')
  assert.match(
    (await slow).text(),
    /^Get "http:\/\/127\.0\.0\.1:1\/x": dial tcp 127\.0\.0\.1:1: connect: connection refused \(pre-script:L1\)$/
  )
})

test('http_response sends fields and body, follows redirects, unpacks gzip and leaves no connection busy', async t => {
  const script = `local d = response.load():data()
    local h = http_response.new(request.load():headers('X-To'), 'POST', 'é', { ['x-one'] = '1', ['X-None'] = 1, ['X-Two'] = { 'a', 'b' } })
    d:set('status', h:statusCode()); d:set('type', h:headers('content-type')); d:set('n', h:headerList('X-Multi'):len())
    d:set('first', h:body()); d:set('again', h:body()); h:close(); d:set('kept', h:body())
    for i = 1, 20 do http_response.new(request.load():headers('X-To')) end`
  const setup = await withScripts(
    t,
    { proxy: { post: script } },
    {
      answer: (req, res) => {
        if (req.url === '/from') return void res.writeHead(307, { Location: '/to' }).end()
        if (req.url !== '/to') return void res.end('{}')
        res.writeHead(404, { 'Content-Type': 'text/x', 'Content-Encoding': 'gzip', 'X-Multi': ['1', '2'] })
        res.end(
          gzipSync(
            `${req.method} ${req.body} ${req.headers['x-one']} ${req.headers['x-two']} ${req.headers.referer !== undefined}`
          )
        )
      }
    }
  )
  const answer = await setup.gateway.request({ path: '/a/7', headers: { 'X-To': `${setup.upstream.origin}/from` } })
  const text = 'POST é 1 a, b true'
  assert.deepEqual(answer.json(), { status: 404, type: 'text/x', n: 2, first: text, again: text, kept: text })
})

test('a pass-through body that a script puts back as it was keeps its Content-Encoding; another one has none', async t => {
  const packed = gzipSync('packed')
  const { gateway, upstream } = await withScripts(
    t,
    {
      proxy: {
        pre: `local r = request.load(); r:body(r:body())`,
        post: `local q, r = request.load(), response.load(); if q:headers('X-Other') == '' then r:body(r:body()) else r:body('plain') end`
      }
    },
    {
      endpoint: { output_encoding: 'no-op', method: 'POST', input_headers: ['Content-Encoding', 'X-Other'] },
      backend: { encoding: 'no-op', method: 'POST' },
      answer: (_req, res) => res.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed)
    }
  )
  const ask = { method: 'POST', path: '/a/7', body: packed }
  const same = await gateway.request({ ...ask, headers: { 'Content-Encoding': 'gzip' } })
  assert.deepEqual([same.headers['content-encoding'], same.body], ['gzip', packed])
  assert.equal(upstream.seen[0]?.headers['content-encoding'], 'gzip')
  const other = await gateway.request({ ...ask, headers: { 'X-Other': '1' } })
  assert.deepEqual([other.headers['content-encoding'], other.text()], [undefined, 'plain'])
})
