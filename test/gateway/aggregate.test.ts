import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { RawClient } from '../server/raw-client.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { passTime } from '../support/time.js'
import { openStreamingUpstream, openUpstream, type Script, sendJson } from '../support/upstream.js'
import { deferred, once } from '../support/waiting.js'

type Parts = Record<string, unknown>

/** One endpoint `/x` over backends of one upstream; each backend is given by its path or its keys. */
function aggregate(host: string, backends: readonly (string | Parts)[], endpoint: Parts = {}, service: Parts = {}): object {
  return {
    timeout: '60s',
    host: [host],
    ...service,
    endpoints: [
      {
        endpoint: '/x',
        ...endpoint,
        backend: backends.map(one => (typeof one === 'string' ? { url_pattern: one } : one))
      }
    ]
  }
}

/** Responds to each path with JSON of its own; `/bad…` fails with 500. */
const byPath: Script = (req, res) => {
  const path = req.url.split('?')[0]!.slice(1)
  if (path.startsWith('bad')) return sendJson(res, { error: path }, 500)
  sendJson(res, { [path]: true, path })
}

test('backends are asked at the same time and merged in the order of the configuration', async t => {
  const waiting: (() => void)[] = []
  const upstream = await openUpstream(t, (req, res) => {
    waiting.push(() => sendJson(res, { from: req.url, [req.url.slice(1)]: 1 }))
    // the last one answers first
    if (waiting.length === 3) for (const go of waiting.reverse()) go()
  })
  const { port } = await openGateway(t, aggregate(upstream.origin, ['/a', '/b', '/c']))
  const got = await ask(port, '/x')
  assert.deepEqual(got.json(), { from: '/c', a: 1, b: 1, c: 1 })
  assert.equal(got.headers['x-krakend-completed'], 'true')
})

test('one failing backend costs its part only', async t => {
  const upstream = await openUpstream(t, byPath)
  const { port } = await openGateway(t, aggregate(upstream.origin, ['/a', '/bad', '/c']))
  const got = await ask(port, '/x')
  assert.deepEqual([got.status, got.headers['x-krakend-completed']], [200, 'false'])
  assert.deepEqual(got.json(), { a: true, c: true, path: 'c' })
})

test('when all fail the endpoint fails: 500 and no body, or the texts when asked', async t => {
  const upstream = await openUpstream(t, byPath)
  const config = aggregate(upstream.origin, ['/bad1', '/bad2'])
  const silent = await ask((await openGateway(t, config)).port, '/x')
  assert.deepEqual([silent.status, silent.text], [500, ''])
  const talking = { ...config, extra_config: { router: { return_error_msg: true } } }
  const loud = await ask((await openGateway(t, talking)).port, '/x')
  assert.equal(loud.status, 500)
  assert.match(loud.text, /invalid status code 500.*\/bad1[\s\S]*invalid status code 500.*\/bad2/)
})

test('error_status "http" says what happened', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    if (req.url === '/silent') return
    byPath(req, res, 0)
  })
  const extra_config = { router: { error_status: 'http' } }
  const at = async (backends: string[], timeout = '30s'): Promise<number> => {
    const { port } = await openGateway(t, aggregate(upstream.origin, backends, { timeout }, { extra_config }))
    return (await ask(port, '/x')).status
  }
  assert.equal(await at(['/bad']), 502)
  assert.equal(await at(['/silent'], '200ms'), 504)
  assert.equal(await at(['/bad', '/bad2']), 502)
})

test('return_error_details puts the failure under its name, return_error_code gives the status', async t => {
  const upstream = await openUpstream(t, (req, res) =>
    req.url === '/a' ? sendJson(res, { a: 1 }) : sendJson(res, { reason: 'none left' }, 418)
  )
  const detailed = { url_pattern: '/teapot', extra_config: { 'backend/http': { return_error_details: 'tea' } } }
  const merged = await ask((await openGateway(t, aggregate(upstream.origin, ['/a', detailed]))).port, '/x')
  assert.deepEqual([merged.status, merged.headers['x-krakend-completed']], [200, 'false'])
  assert.deepEqual(merged.json(), {
    a: 1,
    error_tea: { http_status_code: 418, http_body: '{"reason":"none left"}', http_body_encoding: 'application/json' }
  })
  const coded = { url_pattern: '/teapot', extra_config: { 'backend/http': { return_error_code: true } } }
  const single = await ask((await openGateway(t, aggregate(upstream.origin, [coded]))).port, '/x')
  assert.deepEqual([single.status, single.text], [418, ''])
})

test('return_error_code gives every status of a failure, that of a part too', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { a: 1 }, 206))
  const coded = { url_pattern: '/part', extra_config: { 'backend/http': { return_error_code: true } } }
  const part = await ask((await openGateway(t, aggregate(upstream.origin, [coded]))).port, '/x')
  assert.deepEqual([part.status, part.headers['x-krakend-completed'], part.text], [206, 'false', ''])
})

test('return_error_code with return_error_msg tells the type of a failure without a body too, but not of a 304', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    res.writeHead(Number(req.url.slice(1)), { 'Content-Type': 'text/x' }).end()
  })
  for (const [status, type] of [
    [204, 'text/x'],
    [404, 'text/x'],
    [304, undefined]
  ] as const) {
    const coded = { url_pattern: `/${status}`, extra_config: { 'backend/http': { return_error_code: true } } }
    const talking = { ...aggregate(upstream.origin, [coded]), extra_config: { router: { return_error_msg: true } } }
    const got = await ask((await openGateway(t, talking)).port, '/x')
    assert.deepEqual([got.status, got.headers['content-type'], got.text], [status, type, ''])
  }
})

test('sequential backends use what the earlier ones answered, and stop at a failure', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    if (req.url === '/user/7') return sendJson(res, { team: { id: 12 }, name: 'a b/c' })
    if (req.url.startsWith('/team')) return sendJson(res, { members: [req.url] })
    sendJson(res, {}, 500)
  })
  const sequential = { extra_config: { proxy: { sequential: true } } }
  const chain = [{ url_pattern: '/user/{id}', group: 'user' }, '/team/{resp0_user.team.id}/{resp0_user.name}']
  const { port } = await openGateway(t, aggregate(upstream.origin, chain, { endpoint: '/x/{id}', ...sequential }))
  assert.deepEqual((await ask(port, '/x/7')).json(), {
    user: { team: { id: 12 }, name: 'a b/c' },
    members: ['/team/12/a%20b%2Fc']
  })
  upstream.seen.length = 0
  const failed = await ask(port, '/x/8')
  assert.equal(failed.status, 500)
  assert.deepEqual(
    upstream.seen.map(one => one.url),
    ['/user/8'],
    'the second is not asked'
  )
})

test('a part that is null makes the answer incomplete, in parallel and in a row', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, req.url === '/null' ? null : { a: 1 }))
  for (const sequential of [false, true]) {
    for (const urls of [
      ['/a', '/null'],
      ['/null', '/a']
    ]) {
      const { port } = await openGateway(t, aggregate(upstream.origin, urls, { extra_config: { proxy: { sequential } } }))
      const got = await ask(port, '/x')
      assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.json()], [200, 'false', { a: 1 }])
    }
  }
})

test('a part that is null is the response where no other part came, in parallel and in a row', async t => {
  const upstream = await openUpstream(t, (req, res) => (req.url === '/null' ? sendJson(res, null) : sendJson(res, {}, 500)))
  for (const sequential of [false, true]) {
    const urls = ['/null', '/bad']
    const { port } = await openGateway(t, aggregate(upstream.origin, urls, { extra_config: { proxy: { sequential } } }))
    const got = await ask(port, '/x')
    assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.json()], [200, 'false', null])
  }
})

test('an empty User-Agent goes no further, and none takes its place', async t => {
  const upstream = await openUpstream(t, (req, res) =>
    sendJson(res, { agent: req.headers['user-agent'] ?? null, via: req.headers['x-forwarded-via'] ?? null })
  )
  for (const inner of [{}, { input_headers: ['User-Agent', 'X-Forwarded-Via'] }]) {
    const backends = [{ url_pattern: '/', ...inner }]
    const { port } = await openGateway(t, aggregate(upstream.origin, backends, { input_headers: ['*'] }))
    const got = await ask(port, '/x', { headers: ['User-Agent', ''] })
    assert.deepEqual(got.json(), { agent: null, via: 'KrakenD Version 2.13.8' })
    assert.match((await ask(port, '/x')).json<{ agent: string }>().agent, /^KrakenD Version/)
  }
})

test('concurrent_calls takes the first good answer', async t => {
  const upstream = await openUpstream(t, (_req, res, call) => {
    if (call % 3 !== 0) return sendJson(res, {}, 500)
    sendJson(res, { call })
  })
  const { port } = await openGateway(t, aggregate(upstream.origin, ['/a'], { concurrent_calls: 3 }))
  const got = await ask(port, '/x')
  assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.json()], [200, 'true', { call: 3 }])
})

test('the calls that lost are ended', async t => {
  const closed: Promise<unknown>[] = []
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    if (closed.length < 2) closed.push(once(res, 'close'))
    else sendJson(res, { won: true })
  })
  const { port } = await openGateway(t, aggregate(upstream.origin, ['/a'], { concurrent_calls: 3 }))
  assert.deepEqual((await ask(port, '/x')).json(), { won: true })
  await Promise.all(closed)
})

test('a shadow backend gets the request, and the response does not wait for it', async t => {
  const seen = deferred<string>('the call of the shadow backend')
  const upstream = await openUpstream(t, (req, res) => {
    if (req.url === '/shadow') return seen.resolve(req.body)
    sendJson(res, { main: req.body })
  })
  const shadow = { url_pattern: '/shadow', method: 'POST', extra_config: { proxy: { shadow: true } } }
  const main = { url_pattern: '/main', method: 'POST' }
  const { port } = await openGateway(t, aggregate(upstream.origin, [main, shadow], { method: 'POST' }))
  const got = await ask(port, '/x', { method: 'POST', body: 'to both', headers: ['Content-Length', '7'] })
  assert.deepEqual([got.json(), got.headers['x-krakend-completed']], [{ main: 'to both' }, 'true'])
  assert.equal(await seen.promise, 'to both')
})

test('a chunked body that is empty reaches the backend beside a shadow', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, { main: req.body }))
  const shadow = { url_pattern: '/shadow', method: 'POST', extra_config: { proxy: { shadow: true } } }
  const { port } = await openGateway(
    t,
    aggregate(upstream.origin, [{ url_pattern: '/main', method: 'POST' }, shadow], { method: 'POST' })
  )
  const got = await ask(port, '/x', { method: 'POST', headers: ['Transfer-Encoding', 'chunked'] })
  assert.deepEqual([got.status, got.text], [200, '{"main":""}'])
})

test('static data stands in by its strategy', async t => {
  const upstream = await openUpstream(t, byPath)
  const withStatic = (strategy: string, backends: string[]): object =>
    aggregate(upstream.origin, backends, { extra_config: { proxy: { static: { strategy, data: { fallback: 1 } } } } })
  const body = async (strategy: string, backends: string[]): Promise<unknown> => {
    const got = await ask((await openGateway(t, withStatic(strategy, backends))).port, '/x')
    return got.text === '' ? got.status : got.json()
  }
  assert.deepEqual(await body('always', ['/a']), { a: true, path: 'a', fallback: 1 })
  assert.deepEqual(await body('incomplete', ['/a', '/bad']), { a: true, path: 'a', fallback: 1 })
  assert.deepEqual(await body('incomplete', ['/a']), { a: true, path: 'a' })
  assert.deepEqual(await body('complete', ['/a']), { a: true, path: 'a', fallback: 1 })
  assert.deepEqual(await body('errored', ['/bad']), { fallback: 1 })
})

test('flatmap, target, allow, mapping and group shape a part', async t => {
  const upstream = await openUpstream(t, (_req, res) =>
    sendJson(res, '{"data":{"items":[{"id":12345678901234567890,"x":1.10}],"old":"n","secret":1},"meta":{}}')
  )
  const shaped = { url_pattern: '/a', target: 'data', deny: ['secret'], mapping: { old: 'new' }, group: 'g' }
  const flat = {
    url_pattern: '/b',
    extra_config: {
      proxy: {
        flatmap_filter: [
          { type: 'move', args: ['data.items.*.x', 'data.items.*.y'] },
          { type: 'del', args: ['meta'] }
        ]
      }
    }
  }
  const { port } = await openGateway(t, aggregate(upstream.origin, [shaped, flat]))
  const got = await ask(port, '/x')
  assert.deepEqual(got.json(), {
    g: { items: [{ id: Number('12345678901234567890'), x: 1.1 }], new: 'n' },
    data: { items: [{ id: Number('12345678901234567890'), y: 1.1 }], old: 'n', secret: 1 }
  })
  assert.equal(got.text.match(/12345678901234567890/g)?.length, 2, 'numbers keep their spelling')
  assert.equal(got.text.match(/1\.10/g)?.length, 2)
})

test('__proto__ in a body is data', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, '{"__proto__":{"polluted":true},"constructor":1}'))
  const { port } = await openGateway(t, aggregate(upstream.origin, ['/a', { url_pattern: '/b', group: '__proto__' }]))
  const got = await ask(port, '/x')
  assert.match(got.text, /"__proto__":\{/)
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('codings of backends are undone', async t => {
  const codings: Readonly<Record<string, (body: string) => Buffer>> = {
    gzip: gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    identity: Buffer.from
  }
  const upstream = await openUpstream(t, (req, res) => {
    const name = req.url.slice(1)
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': name })
    res.end(codings[name]!(`{"${name}":1}`))
  })
  const { port } = await openGateway(
    t,
    aggregate(
      upstream.origin,
      Object.keys(codings).map(name => `/${name}`)
    )
  )
  const got = await ask(port, '/x')
  assert.deepEqual(got.json(), { gzip: 1, deflate: 1, br: 1, identity: 1 })
  assert.equal(got.headers['content-encoding'], undefined)
  assert.equal(upstream.seen[0]!.headers['accept-encoding'], 'gzip')
})

test('max_body_bytes bounds what must be held, per endpoint', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { pad: 'x'.repeat(2000) }))
  const merged = ['/a', '/b']
  const small = await openGateway(t, aggregate(upstream.origin, merged, { max_body_bytes: 1000 }))
  assert.equal((await ask(small.port, '/x')).status, 500)
  const wide = await openGateway(t, aggregate(upstream.origin, merged, {}, { max_body_bytes: 3000 }))
  assert.equal((await ask(wide.port, '/x')).status, 200)
  const upload = await openGateway(t, aggregate(upstream.origin, merged, { method: 'POST', max_body_bytes: 10 }))
  const got = await ask(upload.port, '/x', { method: 'POST', body: 'x'.repeat(11), headers: ['Content-Length', '11'] })
  assert.equal(got.status, 413)
})

test('the timeout is the budget of the whole exchange; who was in time counts', async t => {
  const asked = deferred('three calls')
  const upstream = await openUpstream(t, (req, res) => {
    if (req.url === '/fast') return sendJson(res, { fast: 1 })
    if (req.url === '/body') {
      res.writeHead(200, { 'Content-Type': 'application/json' })
      res.write('{"begun":')
    }
    if (upstream.seen.length === 3) asked.resolve()
  })
  const { port } = await openGateway(t, aggregate(upstream.origin, ['/fast', '/silent', '/body'], { timeout: '60s' }))
  const answer = ask(port, '/x')
  await asked.promise
  for (let turn = 0; turn < 10; turn++) await passTime(6000) // meanwhile the gateway reads what there is
  const got = await answer
  assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.json()], [200, 'false', { fast: 1 }])
})

test('a client that vanishes ends all calls', async t => {
  const closed: Promise<unknown>[] = []
  const asked = deferred('both calls')
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    closed.push(once(res, 'close'))
    if (closed.length === 2) asked.resolve()
  })
  const { port, log } = await openGateway(t, aggregate(upstream.origin, ['/a', '/b']))
  const client = await RawClient.open(port)
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await asked.promise
  client.socket.destroy()
  await Promise.all(closed)
  assert.match(await log.line(/\| 499 \|/), /GET {6}"\/x"/)
})

test('bodies go to every backend; queries and fields are filtered by their lists', async t => {
  const upstream = await openUpstream(t, (req, res) =>
    sendJson(res, { [req.url.slice(1, 2)]: [req.url, req.body, req.headers['x-a'] ?? null, req.headers['x-b'] ?? null] })
  )
  const config = aggregate(
    upstream.origin,
    [
      { url_pattern: '/p', method: 'POST' },
      { url_pattern: '/q', method: 'PUT', input_headers: ['X-A'] }
    ],
    {
      method: 'POST',
      input_query_strings: ['keep'],
      input_headers: ['X-A', 'X-B']
    }
  )
  const { port } = await openGateway(t, config)
  const headers = ['X-A', '1', 'X-B', '2', 'X-C', '3', 'Content-Length', '4']
  const got = await ask(port, '/x?keep=1&drop=2', { method: 'POST', body: 'body', headers })
  assert.deepEqual(got.json(), { p: ['/p?keep=1', 'body', '1', '2'], q: ['/q?keep=1', 'body', '1', null] })
})

test('renders as the client or the configuration asks', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { a: [1, 'two'] }))
  const render = async (output_encoding: string, accept = '*/*'): Promise<[string | undefined, string]> => {
    const { port } = await openGateway(t, aggregate(upstream.origin, ['/a'], { output_encoding }))
    const got = await ask(port, '/x', { headers: ['Accept', accept] })
    return [got.headers['content-type'], got.text]
  }
  assert.deepEqual(await render('json'), ['application/json; charset=utf-8', '{"a":[1,"two"]}'])
  assert.match((await render('xml'))[1], /<a>1<\/a><a>two<\/a>/)
  assert.match((await render('yaml'))[1], /^a:\n- .*1.*\n- two\n$/)
  assert.match((await render('negotiate', 'application/xml'))[0]!, /^application\/xml/)
  assert.match((await render('negotiate', 'application/json'))[0]!, /^application\/json/)
})

test('names itself Sluice when asked, or not at all', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, { agent: req.headers['user-agent'] }))
  const own = await openGateway(t, aggregate(upstream.origin, ['/a'], {}, { extra_config: { router: { identity: 'sluice' } } }))
  const got = await ask(own.port, '/x')
  assert.match(got.headers['x-krakend'] as string, /^Sluice\/\d/)
  assert.match(got.json<{ agent: string }>().agent, /^Sluice\/\d/)
  const hidden = await openGateway(
    t,
    aggregate(upstream.origin, ['/a'], {}, { extra_config: { router: { hide_version_header: true } } })
  )
  assert.equal((await ask(hidden.port, '/x')).headers['x-krakend'], 'Version undefined')
})

test('answers of many clients never get mixed up', async t => {
  const upstream = await openUpstream(t, (req, res) => void setTimeout(() => sendJson(res, { [req.url]: 1 }), Math.random() * 5))
  const config = aggregate(upstream.origin, ['/a/{id}', '/b/{id}', '/c/{id}'], { endpoint: '/x/{id}' })
  const { port } = await openGateway(t, config)
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.after(() => agent.destroy())
  await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const got = await ask(port, `/x/${i}`, { agent })
      assert.deepEqual(got.json(), { [`/a/${i}`]: 1, [`/b/${i}`]: 1, [`/c/${i}`]: 1 })
    })
  )
})
