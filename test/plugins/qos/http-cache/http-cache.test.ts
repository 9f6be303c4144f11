import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, mock, type TestContext, test } from 'node:test'
import { steadyClock } from '../../../../plugins/qos/http-cache/store.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

// ages are told to the second: both clocks stand still
before(() => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  mock.method(steadyClock, 'now', () => 0)
})
after(() => mock.reset())

const cached = (options: object = {}): { backendExtra: object } => ({ backendExtra: { 'qos/http-cache': options } })

interface Counting {
  readonly host: string
  calls: number
  readonly seen: IncomingMessage[]
}

/** Counts calls; each answer has the number of its call. */
async function counting(t: TestContext, more: (req: IncomingMessage, res: ServerResponse, n: number) => void): Promise<Counting> {
  const state = { host: '', calls: 0, seen: [] as IncomingMessage[] }
  state.host = await startUpstream(t, (req, res) => {
    state.calls++
    state.seen.push(req)
    more(req, res, state.calls)
  })
  return state
}

const number = (_: unknown, res: ServerResponse, n: number): void =>
  void res.setHeader('Cache-Control', 'max-age=60').end(`{"n":${n}}`)

test('answers that are fresh come from the store, on decoded and on pass-through endpoints', async t => {
  const upstream = await counting(t, number)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/d', upstream.host, { input_query_strings: ['q'], url: '/d', ...cached() }),
      endpoint('/n', upstream.host, { output_encoding: 'no-op', url: '/n', ...cached() })
    ]
  })
  const ask = async (path: string): Promise<unknown> => (await gateway.request({ path })).json()
  assert.deepEqual(
    [await ask('/d'), await ask('/d'), await ask('/d?q=1'), await ask('/d?q=1')],
    [{ n: 1 }, { n: 1 }, { n: 2 }, { n: 2 }]
  )
  const first = await gateway.request({ path: '/n' })
  const again = await gateway.request({ path: '/n' })
  assert.deepEqual([first.json(), again.json(), upstream.calls], [{ n: 3 }, { n: 3 }, 3])
  assert.deepEqual([first.headers.age, again.headers.age, again.headers['content-type']], [undefined, '0', 'application/json'])
})

test('bodies that flow in pieces are stored when they end, and those over the limit are not', async t => {
  const upstream = await counting(t, (req, res, n) => {
    res.setHeader('Cache-Control', 'max-age=60')
    res.write(`${n}`)
    if (req.url === '/cut') return void setImmediate(() => res.destroy())
    for (let i = 0; i < (req.url === '/big' ? 100 : 1); i++) res.write('x'.repeat(1000))
    res.end()
  })
  const { gateway } = await build(t, {
    endpoints: ['/small', '/big', '/cut', '/known'].map(path =>
      endpoint(path, upstream.host, { output_encoding: 'no-op', url: path, ...cached({ max_size: 50_000 }) })
    )
  })
  const ask = async (path: string): Promise<string> => (await gateway.request({ path })).text().slice(0, 1)
  assert.deepEqual([await ask('/small'), await ask('/small')], ['1', '1'])
  assert.deepEqual([await ask('/big'), await ask('/big')], ['2', '3'])
  await assert.rejects(ask('/cut'))
  await assert.rejects(ask('/cut'))
})

test('a collection that is shaped while it flows may be larger than what is held, and is then not stored', async t => {
  const upstream = await counting(t, (_, res) => {
    res.setHeader('Cache-Control', 'max-age=60')
    res.write('{"drop":1,"list":[0')
    for (let i = 0; i < 100; i++) res.write(`,"${'x'.repeat(1000)}"`)
    res.end(']}')
  })
  const one = endpoint('/a', upstream.host, cached()) as { backend: object[] }
  const { gateway } = await build(t, {
    max_body_bytes: 10_000,
    endpoints: [{ ...one, backend: [{ ...one.backend[0], deny: ['drop'] }] }]
  })
  for (let calls = 1; calls < 3; calls++) {
    const { list } = (await gateway.request({ path: '/a' })).json() as { list: unknown[] }
    assert.deepEqual([list.length, upstream.calls], [101, calls])
  }
})

test('a stale answer is validated, and sent on when it still holds', async t => {
  const upstream = await counting(t, (req, res, n) => {
    res.setHeader('ETag', '"v1"').setHeader('Cache-Control', 'max-age=0').setHeader('X-N', String(n))
    if (req.headers['if-none-match'] === '"v1"' && n < 3) res.writeHead(304).end()
    else res.end(`{"n":${n}}`)
  })
  const { gateway } = await build(t, { endpoints: [endpoint('/a', upstream.host, { output_encoding: 'no-op', ...cached() })] })
  const answers = [
    await gateway.request({ path: '/a' }),
    await gateway.request({ path: '/a' }),
    await gateway.request({ path: '/a' })
  ]
  assert.deepEqual(
    answers.map(one => [one.status, one.json(), one.headers['x-n']]),
    [
      [200, { n: 1 }, '1'],
      [200, { n: 1 }, '2'],
      [200, { n: 3 }, '3']
    ]
  )
})

test('a stale answer stands in for an upstream that fails, where it allows that', async t => {
  const upstream = await counting(t, (req, res, n) => {
    res.setHeader('Cache-Control', req.url === '/soft' ? 'max-age=0, stale-if-error=60' : 'max-age=0').setHeader('ETag', '"e"')
    if (n <= 2) res.end(`{"n":${n}}`)
    else if (n === 3) res.writeHead(503).end()
    else req.socket.destroy()
  })
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/soft', upstream.host, { url: '/soft', ...cached() }),
      endpoint('/hard', upstream.host, { url: '/hard', ...cached() })
    ]
  })
  const ask = async (path: string): Promise<number> => (await gateway.request({ path })).status
  assert.deepEqual([await ask('/soft'), await ask('/hard')], [200, 200])
  assert.deepEqual([await ask('/soft'), await ask('/soft'), await ask('/hard')], [200, 200, 500])
})

test('no client gets what belongs to another Authorization', async t => {
  const upstream = await counting(t, number)
  const { gateway } = await build(t, {
    endpoints: [endpoint('/a', upstream.host, { input_headers: ['Authorization'], ...cached() })]
  })
  const ask = async (headers: Record<string, string> = {}): Promise<unknown> =>
    (await gateway.request({ path: '/a', headers })).json()
  assert.deepEqual(
    [await ask({ authorization: 'a' }), await ask({ authorization: 'b' }), await ask(), await ask({ authorization: 'a' })],
    [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 1 }]
  )
})

test('a client plants no answer for others: which host was asked for is part of the key', async t => {
  const upstream = await counting(t, (req, res) => {
    res.setHeader('Cache-Control', 'max-age=60').end(JSON.stringify({ host: req.headers['x-forwarded-host'] }))
  })
  const { gateway } = await build(t, { endpoints: [endpoint('/a', upstream.host, cached())] })
  const ask = async (host: string): Promise<unknown> => (await gateway.request({ path: '/a', headers: { host } })).json()
  const hosts = ['evil.example', 'shop.example', 'evil.example', 'shop.example']
  const answers: unknown[] = []
  for (const host of hosts) answers.push(await ask(host))
  assert.deepEqual(
    answers,
    hosts.map(host => ({ host }))
  )
  assert.equal(upstream.calls, 2)
})

test('an answer for all is not made for one address, unless each address has its own', async t => {
  const upstream = await counting(t, (req, res) => {
    res.setHeader('Cache-Control', 'max-age=60').end(JSON.stringify({ address: req.headers['x-forwarded-for'] ?? null }))
  })
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/all', upstream.host, { url: '/all', ...cached() }),
      endpoint('/each', upstream.host, { url: '/each', ...cached({ client_address: true }) })
    ]
  })
  const ask = async (path: string, address: string): Promise<unknown> =>
    (await gateway.request({ path, headers: { 'x-forwarded-for': address } })).json()
  assert.deepEqual(
    [await ask('/all', '1.1.1.1'), await ask('/all', '2.2.2.2'), upstream.calls],
    [{ address: null }, { address: null }, 1]
  )
  assert.deepEqual(
    [await ask('/each', '1.1.1.1'), await ask('/each', '2.2.2.2'), await ask('/each', '1.1.1.1'), upstream.calls],
    [{ address: '1.1.1.1' }, { address: '2.2.2.2' }, { address: '1.1.1.1' }, 3]
  )
})

test('what an endpoint or a backend lists is part of the key, but for what content is negotiated by', async t => {
  const upstream = await counting(t, number)
  const list = ['X-Lang', 'User-Agent', 'Accept-Language']
  const backend = {
    host: [upstream.host],
    url_pattern: '/narrow',
    extra_config: cached().backendExtra,
    input_headers: ['X-Lang']
  }
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/a', upstream.host, { url: '/a', input_headers: list, ...cached() }),
      { endpoint: '/b', input_headers: ['*'], backend: [backend] },
      endpoint('/c', upstream.host, { url: '/c', input_headers: ['*'], ...cached() })
    ]
  })
  const calls = async (path: string, name: string): Promise<number> => {
    const before = upstream.calls
    for (const value of ['1', '2', '1']) await gateway.request({ path, headers: { [name]: value } })
    return upstream.calls - before
  }
  assert.deepEqual([await calls('/a', 'x-lang'), await calls('/b', 'x-lang'), await calls('/c', 'x-lang')], [2, 2, 1])
  assert.deepEqual([await calls('/a', 'user-agent'), await calls('/a', 'accept-language')], [1, 0])
})

test('conditions and ranges are answered from a fresh answer where it passes through, and never on decoded endpoints', async t => {
  const upstream = await counting(t, (_, res, n) => {
    res.setHeader('ETag', '"v"').setHeader('Cache-Control', 'max-age=60').end(`{"n":${n}}`)
  })
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/n', upstream.host, { url: '/n', output_encoding: 'no-op', input_headers: ['*'], ...cached() }),
      endpoint('/d', upstream.host, { url: '/d', input_headers: ['*'], ...cached() })
    ]
  })
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<[number, string]> => {
    const { status, body } = await gateway.request({ path, headers })
    return [status, body.toString()]
  }
  await ask('/n')
  assert.deepEqual(await ask('/n', { 'if-none-match': '"v"' }), [304, ''])
  assert.deepEqual(await ask('/n', { range: 'bytes=1-3' }), [206, '"n"'])
  assert.deepEqual(await ask('/n', { range: 'bytes=99-' }), [416, ''])
  assert.deepEqual(await ask('/n', { range: 'bytes=1-3', 'if-range': '"w"' }), [200, '{"n":1}'])
  assert.equal(upstream.calls, 1)
  await ask('/d')
  assert.deepEqual([await ask('/d', { 'if-none-match': '"v"' }), upstream.calls], [[200, '{"n":2}'], 2])
  assert.deepEqual([await ask('/d', { range: 'bytes=1-3' }), upstream.calls], [[200, '{"n":3}'], 3])
})

test('answers with cookies are never stored', async t => {
  const upstream = await counting(t, (req, res, n) => {
    res.setHeader('Set-Cookie', `s=${n}`)
    number(req, res, n)
  })
  const { gateway } = await build(t, { endpoints: [endpoint('/a', upstream.host, { output_encoding: 'no-op', ...cached() })] })
  await gateway.request({ path: '/a' })
  assert.deepEqual((await gateway.request({ path: '/a' })).headers['set-cookie'], ['s=2'])
})

test('backends that share a store share answers, in its first size', async t => {
  const upstream = await counting(t, number)
  const { gateway, log } = await build(t, {
    endpoints: [
      endpoint('/a', upstream.host, { url: '/x', ...cached({ shared: true }) }),
      endpoint('/b', upstream.host, { url: '/x', ...cached({ shared: true }) }),
      endpoint('/c', upstream.host, { url: '/x', ...cached({ shared: true, max_size: 1000, max_items: 3 }) }),
      endpoint('/own', upstream.host, { url: '/x', ...cached() })
    ]
  })
  const ask = async (path: string): Promise<unknown> => (await gateway.request({ path })).json()
  assert.deepEqual(
    [await ask('/a'), await ask('/b'), await ask('/c'), await ask('/own')],
    [{ n: 1 }, { n: 1 }, { n: 1 }, { n: 2 }]
  )
  await log.line(/WARNING: .*\[HTTPCache\] The shared cache keeps its first size/)
})

test('private stores without a size share room, not answers', async t => {
  const upstream = await counting(t, number)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/a', upstream.host, { url: '/x', ...cached() }),
      endpoint('/b', upstream.host, { url: '/x', ...cached() }),
      endpoint('/c', upstream.host, { url: '/x', ...cached({ max_items: 1 }) })
    ]
  })
  const ask = async (path: string): Promise<unknown> => (await gateway.request({ path })).json()
  const answers = [await ask('/a'), await ask('/b'), await ask('/c'), await ask('/a'), await ask('/b'), await ask('/c')]
  assert.deepEqual(answers, [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 1 }, { n: 2 }, { n: 3 }])
})

test('a method that changes things forgets what is stored for its URL', async t => {
  const upstream = await counting(t, number)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/a', upstream.host, { ...cached({ shared: true }) }),
      {
        ...endpoint('/a', upstream.host),
        method: 'POST',
        backend: [
          { host: [upstream.host], url_pattern: '/up', method: 'POST', extra_config: cached({ shared: true }).backendExtra }
        ]
      }
    ]
  })
  const ask = async (method: string): Promise<unknown> => (await gateway.request({ method, path: '/a' })).json()
  assert.deepEqual(
    [await ask('GET'), await ask('GET'), await ask('POST'), await ask('GET')],
    [{ n: 1 }, { n: 1 }, { n: 2 }, { n: 3 }]
  )
})

test('the backend that changes a resource is another one than those that read it', async t => {
  const upstream = await counting(t, number)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/a', upstream.host, { url: '/x', ...cached() }),
      endpoint('/b', upstream.host, { url: '/x', ...cached({ max_items: 5 }) }),
      endpoint('/c', upstream.host, { url: '/other', ...cached() }),
      {
        ...endpoint('/a', upstream.host),
        method: 'DELETE',
        backend: [{ host: [upstream.host], url_pattern: '/x', method: 'DELETE', extra_config: cached().backendExtra }]
      }
    ]
  })
  const ask = async (path: string, method = 'GET'): Promise<unknown> => (await gateway.request({ method, path })).json()
  assert.deepEqual([await ask('/a'), await ask('/b'), await ask('/c')], [{ n: 1 }, { n: 2 }, { n: 3 }])
  assert.deepEqual(await ask('/a', 'DELETE'), { n: 4 })
  assert.deepEqual([await ask('/a'), await ask('/b'), await ask('/c')], [{ n: 5 }, { n: 6 }, { n: 3 }])
})

test('an answer to a request with a body is for that request alone', async t => {
  const upstream = await counting(t, number)
  const post = { host: [upstream.host], url_pattern: '/p', method: 'GET', extra_config: cached().backendExtra }
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/g', upstream.host, { output_encoding: 'no-op', url: '/g', ...cached() }),
      endpoint('/d', upstream.host, { url: '/d', ...cached() }),
      { endpoint: '/p', method: 'POST', backend: [post] }
    ]
  })
  const ask = async (path: string, body?: string, method = 'GET'): Promise<unknown> =>
    (await gateway.request({ method, path, ...(body === undefined ? {} : { body }) })).json()
  assert.deepEqual(
    [await ask('/g', 'evil'), await ask('/g'), await ask('/g', 'evil'), await ask('/g')].map(numberOf),
    [1, 2, 3, 2]
  )
  assert.deepEqual([await ask('/d', 'evil'), await ask('/d'), await ask('/d')].map(numberOf), [4, 5, 5])
  assert.deepEqual([await ask('/p', 'a', 'POST'), await ask('/p', 'b', 'POST')].map(numberOf), [6, 7])
})

const numberOf = (answer: unknown): unknown => (answer as { n: unknown }).n

test('ranges and questions about own answers go to the upstream', async t => {
  const upstream = await counting(t, (req, res, n) => {
    res.setHeader('ETag', '"v"').setHeader('Cache-Control', 'max-age=0')
    if (req.headers['if-none-match'] === '"mine"') res.writeHead(304).end()
    else if (req.headers.range !== undefined) res.writeHead(206, { 'Content-Range': 'bytes 0-0/7' }).end('{')
    else res.end(`{"n":${n}}`)
  })
  const { gateway } = await build(t, {
    endpoints: [endpoint('/a', upstream.host, { output_encoding: 'no-op', input_headers: ['*'], ...cached() })]
  })
  const status = async (headers: Record<string, string> = {}): Promise<number> =>
    (await gateway.request({ path: '/a', headers })).status
  assert.deepEqual(
    [await status(), await status({ range: 'bytes=0-0' }), await status({ 'if-none-match': '"mine"' }), upstream.calls],
    [200, 206, 304, 3]
  )
  assert.equal(await status({ 'cache-control': 'only-if-cached' }), 504)
})

test('HEAD is answered from its own entry', async t => {
  const upstream = await counting(t, number)
  const backend = { host: [upstream.host], url_pattern: '/up', extra_config: cached({ shared: true }).backendExtra }
  const { gateway } = await build(t, {
    endpoints: [
      { endpoint: '/head', output_encoding: 'no-op', backend: [{ ...backend, method: 'HEAD' }] },
      { endpoint: '/get', output_encoding: 'no-op', backend: [backend] }
    ]
  })
  for (let i = 0; i < 2; i++) {
    const answer = await gateway.request({ path: '/head' })
    assert.deepEqual([answer.status, answer.body.length, upstream.calls], [200, 0, 1])
  }
  assert.deepEqual((await gateway.request({ path: '/get' })).json(), { n: 2 })
})

test('errors of decoded endpoints are not stored, those that pass through are', async t => {
  const upstream = await counting(t, (_, res) => void res.setHeader('Cache-Control', 'max-age=60').writeHead(404).end('gone'))
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/d', upstream.host, { url: '/d', ...cached() }),
      endpoint('/n', upstream.host, { url: '/n', output_encoding: 'no-op', ...cached() })
    ]
  })
  const status = async (path: string): Promise<number> => (await gateway.request({ path })).status
  assert.deepEqual([await status('/d'), await status('/d'), upstream.calls], [500, 500, 2])
  assert.deepEqual([await status('/n'), await status('/n'), upstream.calls], [404, 404, 3])
})

test('options that cannot be honoured stop the start and say where', async t => {
  const refuse = (options: unknown, wanted: RegExp): Promise<void> =>
    assert.rejects(build(t, { endpoints: [endpoint('/a', NOWHERE, { backendExtra: { 'qos/http-cache': options } })] }), wanted)
  const at = '/endpoints/0/backend/0/extra_config/qos~1http-cache'
  await refuse({ max_size: 'big' }, new RegExp(`${at}/max_size`))
  await refuse({ max_items: -1 }, new RegExp(`${at}/max_items`))
  await refuse([], new RegExp(at))
})
