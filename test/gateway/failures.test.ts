import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { RawClient, statusOf } from '../server/raw-client.js'
import { freePort } from '../support/free-port.js'
import { openGateway } from '../support/open-gateway.js'
import { answer, rawUpstream } from '../support/raw-upstream.js'
import { passTime } from '../support/time.js'
import { once, until } from '../support/waiting.js'

const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun'
const JSON_TYPE = 'Content-Type: application/json\r\n'

/** What the upstream does with a connection, by the path of the request. */
const UPSTREAM: Readonly<Record<string, (socket: Socket) => void>> = {
  '/ok': socket => socket.end(answer('200 OK', '{"a":1}', JSON_TYPE)),
  '/reset': socket => socket.resetAndDestroy(),
  '/garbage': socket => socket.end('this is not HTTP\r\n\r\n'),
  '/silent': () => {},
  '/late': () => void passTime(60_000),
  '/stops': socket => socket.write(BEGUN),
  '/stops-late': socket => socket.write(BEGUN, () => void passTime(60_000)),
  '/cut': socket => socket.end(BEGUN),
  '/bad-json': socket => socket.end(answer('200 OK', '{"a":', JSON_TYPE)),
  '/large': socket => socket.end(answer('200 OK', JSON.stringify({ a: 'x'.repeat(5000) }), JSON_TYPE)),
  '/bomb': socket => {
    const body = gzipSync(Buffer.alloc(5_000_000, ' '))
    socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.end(body)
  },
  '/coding': socket => socket.end(answer('200 OK', 'xxxx', `${JSON_TYPE}Content-Encoding: gzip\r\n`)),
  '/503': socket => socket.end(answer('503 Service Unavailable', 'later')),
  '/loop': socket => socket.end('HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n'),
  '/head': socket =>
    socket.end(`HTTP/1.1 200 OK\r\n${'X-Filler: 0123456789012345678901234567890123456789\r\n'.repeat(30_000)}\r\n`)
}

interface Case {
  readonly name: string
  readonly send: string
  readonly status: number
  readonly code: string
  readonly limit?: RegExp
}

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n${fields}\r\n`

const CASES: readonly Case[] = [
  {
    name: 'a target that cannot be read',
    send: get('/no-op/%zz'),
    status: 400,
    code: 'CLIENT_BAD_REQUEST',
    limit: /target: broken percent-escape/
  },
  {
    name: 'a malformed head',
    send: 'GET /no-op/ok HTTP/1.1\r\nHo st: a\r\n\r\n',
    status: 400,
    code: 'CLIENT_BAD_REQUEST',
    limit: /HPE_|^400 Bad Request$/ // the parsers of Node.js before 20.19 leave it to the gateway
  },
  { name: 'no Host', send: 'GET /no-op/ok HTTP/1.1\r\n\r\n', status: 400, code: 'CLIENT_BAD_REQUEST', limit: /Host/ },
  {
    name: 'another transfer coding',
    send: 'POST /post/ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    status: 501,
    code: 'CLIENT_BAD_REQUEST'
  },
  {
    name: 'an expectation that is not known',
    send: get('/no-op/ok', 'Expect: tea\r\n'),
    status: 417,
    code: 'CLIENT_BAD_REQUEST'
  },
  { name: 'CONNECT', send: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', status: 404, code: 'CLIENT_BAD_REQUEST' },
  {
    name: 'a head over max_header_bytes',
    send: get('/no-op/ok', `X: ${'x'.repeat(20_000)}\r\n`),
    status: 431,
    code: 'CLIENT_HEADERS_TOO_LARGE'
  },
  { name: 'too many fields', send: get('/many', 'X:\r\n'.repeat(2100)), status: 431, code: 'CLIENT_HEADERS_TOO_LARGE' },
  {
    name: 'a head that does not come',
    send: 'GET /no-op/ok HTTP/1.1\r\nHost: a\r\nX-Slow',
    status: 408,
    code: 'CLIENT_TIMEOUT',
    limit: /read_header_timeout=3000ms/
  },
  {
    name: 'a body over max_request_bytes',
    send: 'POST /post/ok HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n',
    status: 413,
    code: 'CLIENT_BODY_TOO_LARGE',
    limit: /max_request_bytes=60000/
  },
  {
    name: 'a chunked body over max_request_bytes',
    send: `POST /post/silent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(5)}`,
    status: 413,
    code: 'CLIENT_BODY_TOO_LARGE',
    limit: /max_request_bytes=60000/
  },
  {
    name: 'a body for several backends over max_body_bytes',
    send: `POST /merge HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3000\r\n\r\n${'x'.repeat(3000)}`,
    status: 413,
    code: 'CLIENT_BODY_TOO_LARGE',
    limit: /max_body_bytes=2000/
  },
  { name: 'a refused connection', send: get('/refused'), status: 502, code: 'UPSTREAM_CONNECT' },
  { name: 'TLS with a host that speaks none', send: get('/tls'), status: 502, code: 'UPSTREAM_TLS' },
  { name: 'a connection that ends before the answer', send: get('/no-op/reset'), status: 502, code: 'UPSTREAM_RESET' },
  { name: 'an answer that is not HTTP', send: get('/no-op/garbage'), status: 502, code: 'UPSTREAM_PROTOCOL' },
  { name: 'an answer with a head over 1 MiB', send: get('/no-op/head'), status: 502, code: 'UPSTREAM_PROTOCOL' },
  {
    name: 'no answer within the timeout',
    send: get('/no-op/late'),
    status: 504,
    code: 'UPSTREAM_TIMEOUT',
    limit: /^timeout=30000ms$/
  },
  {
    name: 'no answer of a decoded backend within the timeout',
    send: get('/json/late'),
    status: 504,
    code: 'UPSTREAM_TIMEOUT',
    limit: /^timeout=30000ms$/
  },
  {
    name: 'a decoded body that stops',
    send: get('/json/stops-late'),
    status: 504,
    code: 'UPSTREAM_TIMEOUT',
    limit: /^timeout=30000ms$/
  },
  { name: 'a decoded body that is cut', send: get('/json/cut'), status: 502, code: 'UPSTREAM_RESET' },
  { name: 'a body that is not what it should be', send: get('/json/bad-json'), status: 502, code: 'UPSTREAM_DECODE' },
  {
    name: 'a body over max_body_bytes',
    send: get('/json/large'),
    status: 502,
    code: 'BODY_TOO_LARGE',
    limit: /max_body_bytes=2000/
  },
  {
    name: 'a body over max_body_bytes after decoding',
    send: get('/json/bomb'),
    status: 502,
    code: 'BODY_TOO_LARGE',
    limit: /max_body_bytes=2000/
  },
  { name: 'a Content-Encoding that cannot be undone', send: get('/json/coding'), status: 502, code: 'BODY_ENCODING' },
  { name: 'a status that is no success', send: get('/json/503'), status: 502, code: 'UPSTREAM_STATUS' },
  { name: 'redirects without end', send: get('/no-op/loop'), status: 502, code: 'UPSTREAM_REDIRECT' }
]

async function open(t: TestContext, router: object = {}): Promise<Awaited<ReturnType<typeof openGateway>>> {
  const upstream = await rawUpstream(t, (socket, head) => UPSTREAM[head.split(' ')[1]!.split('?')[0]!]?.(socket))
  const nowhere = `http://127.0.0.1:${await freePort()}`
  const speaker = createServer(socket => socket.on('error', () => {}).end('220 this is not TLS\r\n'))
  speaker.listen(0, '127.0.0.1')
  await once(speaker, 'listening')
  t.after(() => speaker.close())
  const plain = { origin: `http://127.0.0.1:${(speaker.address() as AddressInfo).port}` }
  const host = [upstream.origin]
  const endpoints = Object.keys(UPSTREAM).flatMap(path => {
    const backend = [{ host, url_pattern: path }]
    return [
      { endpoint: `/no-op${path}`, output_encoding: 'no-op', backend },
      { endpoint: `/post${path}`, method: 'POST', output_encoding: 'no-op', backend },
      { endpoint: `/json${path}`, backend }
    ]
  })
  return openGateway(t, {
    max_body_bytes: 2000,
    max_header_bytes: 10_000,
    read_header_timeout: '3s',
    endpoints: [
      ...endpoints,
      {
        endpoint: '/merge',
        method: 'POST',
        backend: [
          { host, url_pattern: '/ok' },
          { host, url_pattern: '/ok?2' }
        ]
      },
      { endpoint: '/refused', output_encoding: 'no-op', backend: [{ host: [nowhere], url_pattern: '/' }] },
      {
        endpoint: '/tls',
        output_encoding: 'no-op',
        backend: [{ host: [plain.origin.replace('http:', 'https:')], url_pattern: '/' }]
      }
    ],
    extra_config: {
      router: { error_status: 'http', max_request_bytes: 60_000, ...router },
      'telemetry/logging': { level: 'CRITICAL', stdout: true, access_log_format: 'json' }
    }
  })
}

test('each failure has its status, and its code and limit in the access log', async t => {
  const opened = await open(t)
  for (const { name, send, status, code, limit } of CASES) {
    await t.test(name, async () => {
      const before = opened.log.lines.length
      const client = await RawClient.open(opened.port)
      client.send(send)
      const heard = await client.ended()
      assert.equal(statusOf(heard), status, heard)
      await until(() => opened.log.lines.length > before)
      const lines = opened.log.lines.slice(before).map(line => JSON.parse(line) as Record<string, unknown>)
      assert.deepEqual(
        lines.map(line => [line.status, line.error]),
        [[status, `SLUICE_ERR_${code}`]]
      )
      if (limit !== undefined) assert.match(String(lines[0]!.limit), limit)
    })
  }
})

test('a body that stops or breaks after its head cuts the connection, and the log says why', async t => {
  const opened = await open(t)
  for (const [path, code, limit] of [
    ['/no-op/stops', 'UPSTREAM_TIMEOUT_IDLE', /idle timeout=30000ms/],
    ['/no-op/cut', 'UPSTREAM_RESET', /^$/]
  ] as const) {
    const client = await RawClient.open(opened.port)
    client.send(get(path))
    await client.heard('begun')
    if (path === '/no-op/stops') await passTime(60_000)
    const heard = await client.ended()
    assert.match(heard, /Content-Length: 100[\s\S]*\r\n\r\nbegun$/i)
    const line = JSON.parse(await opened.log.line(new RegExp(code))) as Record<string, unknown>
    assert.equal(line.status, 200)
    assert.match(String(line.limit ?? ''), limit)
  }
})

test('a full queue answers 503 with Retry-After at once', async t => {
  const opened = await open(t, { max_connections_per_host: 1, max_queued_per_host: 1 })
  const waiting: RawClient[] = []
  for (let i = 0; i < 2; i++) {
    const client = await RawClient.open(opened.port)
    client.send(get('/no-op/silent'))
    waiting.push(client)
  }
  // the third one that the gateway reads finds the one connection and the one place taken
  const refused = await until(async () => {
    const client = await RawClient.open(opened.port)
    client.send(get('/no-op/silent'))
    const heard = await client.ended()
    return statusOf(heard) === 503 && heard
  }, 'a refusal by the full queue')
  assert.match(refused, /Retry-After: 1/)
  const line = JSON.parse(await opened.log.line(/QUEUE_FULL/)) as Record<string, unknown>
  assert.match(String(line.limit), /max_queued_per_host=1/)
  for (const client of waiting) client.socket.destroy()
})

test('an answer that takes longer than write_timeout is named by it', async t => {
  const upstream = await rawUpstream(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun'))
  const opened = await openGateway(t, {
    timeout: '20s',
    write_timeout: '200ms',
    endpoints: [{ endpoint: '/slow', output_encoding: 'no-op', backend: [{ host: [upstream.origin], url_pattern: '/' }] }],
    extra_config: { 'telemetry/logging': { level: 'CRITICAL', stdout: true, access_log_format: 'json' } }
  })
  const client = await RawClient.open(opened.port)
  client.send(get('/slow'))
  await client.ended()
  const line = JSON.parse(await opened.log.line(/"\/slow"/)) as Record<string, unknown>
  assert.equal(line.error, 'SLUICE_ERR_CLIENT_TIMEOUT')
  assert.equal(line.limit, 'write_timeout=200ms')
})

test('an early answer to a running upload reaches the client, ends the connection and frees the upstream', async t => {
  for (const path of ['/up', '/staged']) {
    const upstream = await rawUpstream(t, socket => socket.write(answer('413 Content Too Large', 'no more')))
    const opened = await openGateway(
      t,
      {
        timeout: '10s',
        endpoints: [
          { endpoint: path, method: 'POST', output_encoding: 'no-op', backend: [{ host: [upstream.origin], url_pattern: '/' }] }
        ],
        extra_config: { 'telemetry/logging': { level: 'CRITICAL', stdout: true, access_log_format: 'json' } }
      },
      path === '/staged' ? { wrapEndpoint: () => next => request => next(request) } : {}
    )
    const client = await RawClient.open(opened.port)
    client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n`)
    const block = Buffer.alloc(65536, 1)
    const pump = (): void => {
      while (!client.closed && client.socket.write(block));
    }
    client.socket.on('drain', pump)
    pump()
    const heard = await client.ended()
    assert.equal(statusOf(heard), 413, heard)
    assert.match(heard, /Connection: close/i)
    assert.match(heard, /no more$/)
    for (const socket of upstream.sockets) await once(socket, 'close')
  }
})

test('a connection that is reset right behind the head is logged with the endpoint', async t => {
  const upstream = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', () => socket.resetAndDestroy())
  })
  const backend = [{ host: [upstream.origin], url_pattern: '/' }]
  const { port, log } = await openGateway(t, {
    extra_config: { 'telemetry/logging': { level: 'DEBUG', stdout: true } },
    endpoints: [
      { endpoint: '/bytes/{id}', output_encoding: 'no-op', backend },
      { endpoint: '/data/{id}', backend }
    ]
  })
  for (const path of ['bytes', 'data']) {
    for (let i = 0; i < 5; i++) {
      const client = await RawClient.open(port)
      client.send(get(`/${path}/1`))
      await client.ended()
    }
    await log.line(new RegExp(`ERROR.*\\[ENDPOINT: /${path}/:id\\]`))
  }
  assert.doesNotMatch(log.text, /ERROR.*SERVICE/)
})
