import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { RawClient } from '../server/raw-client.js'
import { ask, begin } from '../support/client.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { answer, rawUpstream } from '../support/raw-upstream.js'
import { passTime } from '../support/time.js'
import { openStreamingUpstream, openUpstream, sendJson } from '../support/upstream.js'
import { deferred, once, until } from '../support/waiting.js'

/** One no-op endpoint `/x` per method, to `/up`; `parts` are the endpoint's keys. */
function noop(host: string | string[], parts: object = {}, service: object = {}, router: object = {}): object {
  const endpoint = (method: string): object => ({
    endpoint: '/x',
    method,
    output_encoding: 'no-op',
    input_headers: ['*'],
    input_query_strings: ['*'],
    backend: [{ host: [host].flat(), url_pattern: '/up', method }],
    ...parts
  })
  const extra_config = { router: { auto_head: true, ...router } }
  return { timeout: '60s', extra_config, ...service, endpoints: ['GET', 'POST', 'PUT'].map(endpoint) }
}

const pairs = (raw: readonly string[]): string[] => raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []))

test('repeats, order and spelling of fields pass both ways, hop-by-hop fields do not', async t => {
  const upstream = await openUpstream(t, (_req, res) => {
    res.writeHead(200, [
      ...['Set-Cookie', 'a=1', 'X-ONE', '1', 'set-cookie', 'b=2', 'X-One', '2'],
      ...['Connection', 'x-private', 'X-Private', 'no', 'Keep-Alive', 'timeout=9', 'Content-Length', '2']
    ])
    res.end('ok')
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const headers = [
    'X-B',
    '1',
    'x-a',
    '2',
    'X-b',
    '3',
    'Connection',
    'keep-alive, X-Secret',
    'X-Secret',
    's',
    'Accept',
    '*/*',
    'TE',
    'trailers'
  ]
  const got = await ask(port, '/x', { headers })
  const sent = pairs(upstream.seen[0]!.rawHeaders)
  assert.deepEqual(
    sent.filter(line => /^(x-[ab]|accept):/i.test(line)),
    ['X-B: 1', 'x-a: 2', 'X-b: 3', 'Accept: */*']
  )
  assert.ok(!sent.some(line => /secret|^te:/i.test(line)))
  assert.deepEqual(
    pairs(got.rawHeaders).filter(line => /^(set-cookie|x-one|x-private|keep-alive: timeout=9)/i.test(line)),
    ['Set-Cookie: a=1', 'X-ONE: 1', 'set-cookie: b=2', 'X-One: 2']
  )
  assert.equal(got.text, 'ok')
})

test('trailers pass to clients that take them', async t => {
  const upstream = await openUpstream(t, (_req, res) => {
    res.writeHead(200, { Trailer: 'X-Sum' })
    res.write('body')
    res.addTrailers({ 'X-Sum': '42' })
    res.end()
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const wanted = await ask(port, '/x', { headers: ['TE', 'trailers'] })
  assert.deepEqual(wanted.rawTrailers, ['X-Sum', '42'])
  assert.equal(wanted.text, 'body')
  const unwanted = await ask(port, '/x')
  assert.deepEqual(unwanted.rawTrailers, [])
  assert.equal(unwanted.text, 'body')
})

test('each event of a stream leaves when it has come', async t => {
  let send: (text: string) => void = () => {}
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.flushHeaders()
    send = text => (text === '' ? res.end() : res.write(text))
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const res = await begin(port, '/x').response
  assert.equal(res.headers['content-type'], 'text/event-stream', 'the head does not wait for the body')
  const events = res[Symbol.asyncIterator]()
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    send(text)
    assert.equal(String((await events.next()).value), text)
  }
  send('')
  assert.equal((await events.next()).done, true)
})

test('a body of any kind arrives to the byte, with its length or in chunks', async t => {
  const upstream = await openUpstream(t, (_req, res) => {
    const body = gzipSync('{"a":1}')
    res.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': body.length, 'Content-Type': 'application/json' })
    res.end(body)
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const got = await ask(port, '/x')
  assert.equal(got.headers['content-encoding'], 'gzip')
  assert.deepEqual(got.body, gzipSync('{"a":1}'))
  assert.equal(upstream.seen[0]!.headers['accept-encoding'], undefined, 'asks for no coding on its own')
})

test('uploads keep their length, chunked ones their trailers apart', async t => {
  const upstream = await openUpstream(t, (req, res) =>
    sendJson(res, {
      length: req.headers['content-length'] ?? null,
      coding: req.headers['transfer-encoding'] ?? null,
      body: req.body
    })
  )
  const { port } = await openGateway(t, noop(upstream.origin))
  const counted = await ask(port, '/x', { method: 'POST', body: 'hello', headers: ['Content-Length', '5'] })
  assert.deepEqual(counted.json(), { length: '5', coding: null, body: 'hello' })
  const chunked = await ask(port, '/x', {
    method: 'PUT',
    body: Readable.from(['he', 'llo']),
    headers: ['Transfer-Encoding', 'chunked']
  })
  assert.deepEqual(chunked.json(), { length: null, coding: 'chunked', body: 'hello' })
  const empty = await ask(port, '/x', { method: 'POST', headers: ['Content-Length', '0'] })
  assert.deepEqual(empty.json(), { length: '0', coding: null, body: '' })
})

test('64 MB pass up and down whole', async t => {
  const size = 64 << 20
  const block = Buffer.alloc(1 << 16, 'sluice!')
  function* blocks(): Generator<Buffer> {
    for (let left = size; left > 0; left -= block.length) yield block
  }
  const hashOf = async (stream: AsyncIterable<Buffer>): Promise<string> => {
    const hash = createHash('sha1')
    for await (const chunk of stream) hash.update(chunk)
    return hash.digest('hex')
  }
  let up = ''
  const upstream = await openStreamingUpstream(t, async (req, res) => {
    up = await hashOf(req)
    res.writeHead(200, { 'Content-Length': size })
    Readable.from(blocks()).pipe(res)
  })
  const { port } = await openGateway(t, noop(upstream.origin, {}, { timeout: '60s' }))
  const headers = ['Content-Length', String(size)]
  const down = await hashOf(await begin(port, '/x', { method: 'POST', headers, body: Readable.from(blocks()) }).response)
  const expected = await hashOf(Readable.from(blocks()) as AsyncIterable<Buffer>)
  assert.equal(up, expected)
  assert.equal(down, expected)
})

test('a client that does not read holds the upstream back', async t => {
  let written = 0
  const filled = deferred('the upstream to be held back')
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    const block = Buffer.alloc(1 << 16)
    const more = (): void => {
      while (written < 1 << 28) {
        written += block.length
        if (!res.write(block)) {
          // full: when nothing moves any more it is the client who holds it
          let before = -1
          const settled = setInterval(() => {
            if (before === written) {
              clearInterval(settled)
              filled.resolve()
            }
            before = written
          }, 100)
          res.once('drain', () => {
            clearInterval(settled)
            more()
          })
          return
        }
      }
      filled.resolve()
      res.end()
    }
    more()
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const client = await RawClient.open(port)
  client.socket.pause()
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await filled.promise
  assert.ok(written < 1 << 26, `${written} bytes were taken in`)
  client.socket.destroy()
})

test('HEAD, 204 and 304 have no body and keep the fields that speak of one', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    const status = req.url.includes('304') ? 304 : req.url.includes('204') ? 204 : 200
    res.writeHead(status, { ETag: '"v1"', ...(status === 204 ? {} : { 'Content-Length': '11' }) })
    res.end(status === 200 && req.method !== 'HEAD' ? 'hello world' : undefined)
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const head = await ask(port, '/x', { method: 'HEAD', agent })
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '11', ''])
  const none = await ask(port, '/x?204', { agent })
  assert.deepEqual([none.status, none.headers['content-length'], none.text], [204, undefined, ''])
  const same = await ask(port, '/x?304', { agent })
  assert.deepEqual([same.status, same.headers.etag, same.text], [304, '"v1"', ''])
  assert.equal((await ask(port, '/x', { agent })).text, 'hello world', 'the connection is still in step')
})

test('the timeout ends waiting for a head; afterwards it is the longest silence', async t => {
  let dripping: ServerResponse | undefined
  const upstream = await openStreamingUpstream(t, (req, res) => {
    if (req.url === '/up?silent') return void passTime(60_000)
    res.writeHead(200)
    res.write('begun')
    dripping = res
  })
  const { port } = await openGateway(t, noop(upstream.origin, { timeout: '60s' }))
  assert.equal((await ask(port, '/x?silent')).status, 500)
  const client = await RawClient.open(port)
  client.send('GET /x?drip HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.heard('begun')
  for (const part of ['one', 'two', 'three']) {
    await passTime(40_000)
    dripping!.write(part)
    await client.heard(part)
  }
  await passTime(60_000)
  assert.doesNotMatch(await client.ended(), /\r\n0\r\n\r\n$/, 'cut')
})

test('no_op_timeout: "whole" ends the body too, as KrakenD does', async t => {
  let dripping: ServerResponse | undefined
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    res.writeHead(200)
    res.write('begun')
    dripping = res
  })
  const { port } = await openGateway(t, noop(upstream.origin, { timeout: '60s' }, {}, { no_op_timeout: 'whole' }))
  const client = await RawClient.open(port)
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.heard('begun')
  await passTime(40_000)
  dripping!.write('more')
  await client.heard('more')
  await passTime(20_000)
  assert.doesNotMatch(await client.ended(), /\r\n0\r\n\r\n$/, 'cut')
})

test('a client that vanishes frees the upstream, before the head and during both bodies', async t => {
  const closed: Promise<unknown>[] = []
  const arrived: (() => void)[] = []
  const upstream = await openStreamingUpstream(t, (req, res) => {
    closed.push(once(res, 'close'))
    req.on('error', () => {})
    if (req.url === '/up?body') {
      res.writeHead(200)
      res.write('begun')
    }
    if (req.method === 'POST') req.once('data', () => arrived.shift()?.())
    else arrived.shift()?.()
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  for (const head of [
    'GET /x?head HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /x?body HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome'
  ]) {
    const client = await RawClient.open(port)
    const came = deferred(`the upstream to be asked by ${head}`)
    arrived.push(came.resolve)
    client.send(head)
    await came.promise
    if (head.includes('?body')) await client.heard('begun')
    client.socket.resetAndDestroy()
    await closed.pop()
  }
})

test('redirects lead to hosts of the configuration only, ten calls in all', async t => {
  const other = await openUpstream(t, (req, res) => sendJson(res, { at: req.url, cookie: req.headers.authorization ?? null }))
  const stranger = await openUpstream(t, (_req, res) => sendJson(res, 'secret'))
  const upstream = await openUpstream(t, (req, res) => {
    const to = new URLSearchParams(req.url.split('?')[1])
    if (to.has('n')) {
      const left = Number(to.get('n'))
      if (left === 0) return sendJson(res, 'arrived')
      res.writeHead(302, { Location: `/up?n=${left - 1}` })
    } else res.writeHead(Number(to.get('status') ?? 302), { Location: to.get('to') ?? '' })
    res.end('moved')
  })
  const config = noop(upstream.origin) as { endpoints: object[] }
  config.endpoints.push({ endpoint: '/other', backend: [{ host: [other.origin], url_pattern: '/' }] })
  const { port } = await openGateway(t, config)
  const to = (url: string, status = 302): string => `/x?status=${status}&to=${encodeURIComponent(url)}`
  const elsewhere = stranger.origin.replace('127.0.0.1', 'localhost')

  const followed = await ask(port, to(`${other.origin}/there?x=1`), { headers: ['Authorization', 'secret'] })
  assert.deepEqual(followed.json(), { at: '/there?x=1', cookie: null }, 'credentials stay with the first host')
  const refused = await ask(port, to(`${elsewhere}/`))
  assert.deepEqual([refused.status, refused.headers.location, stranger.seen.length], [302, `${elsewhere}/`, 0])
  const unnamed = await ask(port, to(`${stranger.origin}/`))
  assert.deepEqual([unnamed.status, stranger.seen.length], [302, 0], 'a port of an address with two named ones')
  const before = upstream.seen.length
  assert.equal((await ask(port, '/x?n=9')).text, 'arrived')
  assert.equal((await ask(port, '/x?n=10')).status, 500)
  assert.equal(upstream.seen.length, before + 20)
  assert.equal((await ask(port, to('', 302))).status, 302, 'a redirect to nowhere is the answer')
})

test('redirects lead to another port of a named host', async t => {
  const other = await openUpstream(t, (_req, res) => sendJson(res, 'there'))
  const upstream = await openUpstream(t, (_req, res) => {
    res.writeHead(302, { Location: `${other.origin}/` })
    res.end()
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  assert.equal((await ask(port, '/x')).text, 'there')
})

test('a redirect of a POST becomes a GET; 307 goes along only with a body that is in memory', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    if (req.url.startsWith('/up')) {
      res.writeHead(Number(/status=(\d+)/.exec(req.url)?.[1]), { Location: '/there' })
      res.end()
    } else sendJson(res, { method: req.method, body: req.body, length: req.headers['content-length'] ?? null })
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const post = { method: 'POST', body: 'data', headers: ['Content-Length', '4'] }
  assert.deepEqual((await ask(port, '/x?status=303', post)).json(), { method: 'GET', body: '', length: null })
  assert.equal((await ask(port, '/x?status=307', post)).status, 307)
})

for (const [what, fields] of [
  ['only the end of the connection delimits', ''],
  ['chunks delimit', 'Transfer-Encoding: chunked\r\n'],
  ['a length delimits', 'Content-Length: 100\r\n']
] as const) {
  test(`a body that ${what} is cut when the backend resets its connection`, async t => {
    const part = what.startsWith('chunks') ? 'e\r\n{"a":"part so \r\n' : '{"a":"whole"}'
    const upstream = await rawUpstream(t, socket => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n${fields}\r\n${part}`)
    })
    const config = noop(upstream.origin) as { endpoints: object[] }
    config.endpoints.push({ endpoint: '/decoded', backend: [{ host: [upstream.origin], url_pattern: '/' }] })
    const { port } = await openGateway(t, config)
    const reset = (): void => {
      for (const socket of upstream.sockets) socket.resetAndDestroy()
    }
    const res = await begin(port, '/x').response
    res.on('error', () => {}).resume()
    reset()
    await once(res, 'close')
    assert.equal(res.complete, false)
    const decoded = ask(port, '/decoded')
    await until(() => upstream.heads.length === 2, 'the second call')
    reset()
    assert.equal((await decoded).status, 500)
  })
}

test('a reset that comes together with the last bytes is no end of a body', async t => {
  const upstream = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"a":"whole"}')
    socket.resetAndDestroy()
  })
  const config = noop(upstream.origin) as { endpoints: object[] }
  config.endpoints.push({ endpoint: '/decoded', backend: [{ host: [upstream.origin], url_pattern: '/' }] })
  const { port } = await openGateway(t, config)
  for (let i = 0; i < 10; i++) {
    assert.equal((await ask(port, '/decoded')).status, 500)
    const passed = await ask(port, '/x').catch((error: Error) => error)
    assert.ok(passed instanceof Error || passed.status === 500 || !passed.complete, 'never looks whole')
  }
})

test('a kept connection that died is tried once more on a fresh one, for requests that may be repeated', async t => {
  let calls = 0
  let kept = 0
  const upstream = await rawUpstream(t, (socket, head) => {
    calls++
    if (head.startsWith('POST')) return void socket.resetAndDestroy()
    socket.write(answer('200 OK', 'ok'))
    // the second request of a connection finds it dead
    kept++
    socket.once('data', () => socket.resetAndDestroy())
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  assert.equal((await ask(port, '/x')).text, 'ok')
  assert.equal((await ask(port, '/x')).text, 'ok')
  assert.equal(kept, 2)
  assert.equal((await ask(port, '/x', { method: 'POST', body: 'x', headers: ['Content-Length', '1'] })).status, 500)
  assert.ok(calls <= 3, 'a POST is sent once')
})

test('interim answers are no final ones', async t => {
  const upstream = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n')
    socket.end(answer('200 OK', 'final'))
  })
  const { port } = await openGateway(t, noop(upstream.origin))
  const got = await ask(port, '/x')
  assert.deepEqual([got.status, got.text, got.headers.link], [200, 'final', undefined])
})

test('with disable_keep_alives each call has a connection of its own', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('ok'))
  const { port } = await openGateway(t, noop(upstream.origin, {}, { disable_keep_alives: true }))
  for (let i = 0; i < 3; i++) assert.equal((await ask(port, '/x')).text, 'ok')
  assert.equal(upstream.accepted, 3)
})

test('connections are kept, and renewed after dns_cache_ttl', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.end('ok'))
  const { port } = await openGateway(t, noop(upstream.origin, {}, { dns_cache_ttl: '60s', idle_connection_timeout: '600s' }))
  await ask(port, '/x')
  await ask(port, '/x')
  assert.equal(upstream.accepted, 1)
  await passTime(60_000)
  await until(async () => {
    assert.equal((await ask(port, '/x')).text, 'ok')
    return upstream.accepted === 2
  }, 'a second connection')
})

test('idle connections over max_idle_connections_per_host are closed', async t => {
  const waiting: (() => void)[] = []
  const upstream = await openUpstream(t, (_req, res) => {
    waiting.push(() => res.end('ok'))
    if (waiting.length === 5) for (const go of waiting) go()
  })
  const { port } = await openGateway(t, noop(upstream.origin, {}, { max_idle_connections_per_host: 2 }))
  await Promise.all([1, 2, 3, 4, 5].map(() => ask(port, '/x')))
  assert.equal(upstream.accepted, 5)
  while (upstream.sockets.size > 2) await Promise.race([...upstream.sockets].map(socket => once(socket, 'close')))
  assert.equal(upstream.sockets.size, 2)
})

test('several hosts get their shares', async t => {
  const names = ['one', 'two']
  const upstreams = await Promise.all(names.map(name => openUpstream(t, (_req, res) => res.end(name))))
  const { port } = await openGateway(t, noop(upstreams.map(one => one.origin)), { env: { GOMAXPROCS: '1' } })
  const got = [await ask(port, '/x'), await ask(port, '/x'), await ask(port, '/x'), await ask(port, '/x')].map(one => one.text)
  assert.equal(got[0], got[2])
  assert.equal(got[1], got[3])
  assert.notEqual(got[0], got[1])
})

async function exchangeAll(t: TestContext, open: OpenGateway): Promise<void> {
  t.signal.throwIfAborted()
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  t.after(() => agent.destroy())
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(open.port, `/x?n=${i}`, { agent })))
  answers.forEach((one, i) => {
    assert.equal(one.text, `/up?n=${i}`)
  })
}

test('answers never get mixed up over shared connections', async t => {
  const upstream = await openUpstream(t, (req, res) => void setTimeout(() => res.end(req.url), Math.random() * 10))
  await exchangeAll(t, await openGateway(t, noop(upstream.origin, {}, {}, { max_connections_per_host: 3 })))
})

test('max_connections_per_host is kept, who waits is served in turn', async t => {
  let open = 0
  let most = 0
  const upstream = await openStreamingUpstream(t, (req: IncomingMessage, res) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      res.end(req.url)
    })
  })
  await exchangeAll(t, await openGateway(t, noop(upstream.origin, {}, {}, { max_connections_per_host: 2 })))
  assert.ok(most <= 2)
  assert.ok(upstream.accepted <= 2)
})
