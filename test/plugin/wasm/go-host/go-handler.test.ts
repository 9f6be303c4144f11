/** Server plugins in Go: how they respond, pass on and fail, at the scope of an endpoint. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { SERVER_CERTS } from '../../../support/certificates.js'
import { ask } from '../../../support/client.js'
import { fetch, once, until, within } from '../../../support/waiting.js'
import { type Echo, echoUpstream, endpointsOf, type GoEndpoint, needsGo, openWithGo } from '../go-fixtures.js'

const server = (name: string, more: Partial<GoEndpoint> = {}): GoEndpoint => ({ path: `/${name}`, server: name, ...more })
const echoOf = async (response: Response): Promise<Echo> => (await response.json()) as Echo

test('responses that a plugin makes', needsGo, async t => {
  const up = await echoUpstream(t)
  process.env.BEHAVIOURS_GREETING = 'moin'
  t.after(() => delete process.env.BEHAVIOURS_GREETING)
  const names = ['answer', 'large', 'short', 'empty', 'nothing', 'environment', 'metrics', 'refused'].map(name => server(name))
  const { origin } = await openWithGo(t, endpointsOf(up.host, [...names, server('answer', { path: '/post', method: 'POST' })]))
  const answer = await fetch(`${origin}/answer?a=1`)
  assert.deepEqual([answer.headers.get('content-type'), answer.headers.get('content-length')], ['text/html; charset=utf-8', '24'])
  assert.equal(await answer.text(), '<p>GET /answer?a=1 0</p>')
  assert.equal(await (await fetch(`${origin}/post`, { method: 'POST', body: 'abc' })).text(), '<p>POST /post 3</p>')
  const large = await fetch(`${origin}/large`)
  assert.equal(large.status, 201)
  assert.equal((await large.arrayBuffer()).byteLength, 64 * 16 * 1024)
  await assert.rejects(
    fetch(`${origin}/short`).then(short => short.text()),
    'a body that is too short does not look whole'
  )
  assert.equal((await fetch(`${origin}/empty`)).status, 204)
  const nothing = await fetch(`${origin}/nothing`)
  assert.deepEqual([nothing.status, await nothing.text()], [200, ''])
  assert.equal(await (await fetch(`${origin}/environment`)).text(), 'moin true')
  const counters = await (await fetch(`${origin}/metrics`)).text()
  assert.match(counters, /^(1|go1\.21 has none) true$/, 'counters that were registered before the first look')
  assert.deepEqual((await (await fetch(`${origin}/refused`)).text()).trim().split('\n'), [
    'listen tcp: a Go plugin in Sluice cannot listen',
    'dial udp: a Go plugin in Sluice has tcp only',
    'dial udp: a Go plugin in Sluice has tcp only',
    'exec: "ls": a Go plugin in Sluice cannot start processes',
    'exec: a Go plugin in Sluice cannot start processes'
  ])
})

test('fields that a plugin sets stand in the order of net/http', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(t, endpointsOf(up.host, [server('fields')]))
  const letters = [...'abcdefghijkl']
  const expected = letters.flatMap(letter => [`X-Field-${letter.toUpperCase()}`, `X-Field-${letter.toUpperCase()}`])
  for (const path of ['/fields', '/fields?pass']) {
    const { rawHeaders, text } = await ask(Number(new URL(origin).port), path)
    const names = rawHeaders.filter((_, i) => i % 2 === 0)
    assert.deepEqual(
      names.filter(name => name.startsWith('X-Field-')),
      expected,
      path
    )
    if (path === '/fields') continue
    const sent = Object.keys((JSON.parse(text) as Echo).headers).filter(name => name.startsWith('x-sent-'))
    assert.deepEqual(
      sent,
      letters.map(letter => `x-sent-${letter}`)
    )
  }
})

test('files keep ranges and validators', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(t, endpointsOf(up.host, [server('files', { path: '/files/assets/{name}' })]))
  const url = `${origin}/files/assets/note.txt`
  const whole = await fetch(url)
  assert.deepEqual([await whole.text(), whole.headers.get('accept-ranges')], ['a file of the module\n', 'bytes'])
  const part = await fetch(url, { headers: { Range: 'bytes=2-5' } })
  assert.deepEqual([part.status, await part.text(), part.headers.get('content-range')], [206, 'file', 'bytes 2-5/21'])
  const head = await fetch(url, { method: 'HEAD' })
  assert.equal(head.status, 405, 'the endpoint is for GET')
})

test('an event leaves when it was flushed', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(t, endpointsOf(up.host, [server('sse'), server('release')]))
  const events = await fetch(`${origin}/sse`)
  const reader = events.body!.getReader()
  const next = async (): Promise<string> => Buffer.from((await within('an event', reader.read())).value ?? []).toString()
  assert.equal(await next(), 'data: one\n\n')
  await fetch(`${origin}/release`)
  assert.equal(await next(), 'data: two\n\n')
  assert.equal((await within('the end', reader.read())).done, true)
})

test('responses that pass stay outside of Go', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, gateway } = await openWithGo(
    t,
    endpointsOf(up.host, [
      server('pass'),
      server('pass', { path: '/pass/big', to: '/big' }),
      server('embedded', { path: '/embedded/big', to: '/big' }),
      server('status', { path: '/status/big', to: '/big' }),
      server('status', { path: '/status/404', to: '/status/404' }),
      server('swap', { to: '/status/404' }),
      server('count')
    ])
  )
  const passed = await fetch(`${origin}/pass?x=1`, { headers: { 'X-Secret': 's', 'X-Kept': 'k' } })
  const echo = await echoOf(passed)
  assert.deepEqual(
    [echo.headers['x-sent'], echo.headers['x-secret'], echo.headers['x-kept'], passed.headers.get('x-before'), echo.url],
    ['by go', undefined, 'k', '1', '/echo?x=1']
  )
  const counted = (of: string): Promise<string> =>
    fetch(`${origin}/count?of=${encodeURIComponent(of)}`).then(response => response.text())
  await until(async () => (await counted('passed application/json')) === '1', 'next to return with the head of the response')
  for (const path of ['/pass/big', '/embedded/big', '/status/big']) {
    const big = await fetch(`${origin}${path}?n=1000000`)
    assert.equal((await big.arrayBuffer()).byteLength, 1_000_000, path)
  }
  const missing = await fetch(`${origin}/status/404`)
  assert.deepEqual([missing.status, missing.headers.get('x-status')], [404, '404'])
  await until(async () => (await counted('status 404')) === '1', 'the recorder')
  assert.match(
    gateway.describePipes(),
    /plugin\/http-server: status .*; behaviours\.so\.wasm: 0 bytes of bodies copied to Go, \d+ from it/
  )
  const [, out] = /copied to Go, (\d+) from it/.exec(gateway.describePipes({ json: true }))!
  assert.ok(Number(out) < 100, `${out} bytes: what the plugin count responds with`)
  const swapped = await fetch(`${origin}/swap`)
  assert.deepEqual([swapped.status, swapped.headers.get('x-up')], [200, null])
})

test('writers that look at the bytes get them', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [
      server('upper'),
      server('capture'),
      server('gzip', { to: '/big' }),
      server('twice'),
      server('timeout', { to: '/never' }),
      server('capture', { path: '/capture/cut', to: '/cut' }),
      server('strange')
    ])
  )
  assert.match(await (await fetch(`${origin}/upper`)).text(), /"METHOD":"GET"/)
  const captured = await fetch(`${origin}/capture`)
  assert.equal(captured.status, 202)
  assert.equal(captured.headers.get('x-captured'), `200 ${(await captured.text()).length}`)
  const zipped = await fetch(`${origin}/gzip?n=200000`, { headers: { 'Accept-Encoding': 'gzip' } })
  assert.equal((await zipped.arrayBuffer()).byteLength, 200_000)
  assert.equal((await echoOf(await fetch(`${origin}/twice`))).url, '/echo')
  const late = await fetch(`${origin}/timeout`)
  assert.deepEqual([late.status, await late.text()], [503, 'too slow'])
  assert.equal((await fetch(`${origin}/capture/cut`)).status, 500, 'a cut body was captured')
  assert.equal((await fetch(`${origin}/strange`)).status, 500)
})

test('bodies of requests, as plugins read and replace them', needsGo, async t => {
  const up = await echoUpstream(t)
  const names = ['read', 'replace', 'peek', 'pipe', 'digest', 'broken-pipe', 'rewrite'].map(name =>
    server(name, { method: 'POST' })
  )
  const { origin } = await openWithGo(t, endpointsOf(up.host, [...names, server('count')]))
  const post = (name: string, body: string | Buffer): Promise<Response> => fetch(`${origin}/${name}`, { method: 'POST', body })
  const big = Buffer.alloc(300_000, 'abc')
  const sha256 = createHash('sha256').update(big).digest('base64')
  assert.equal(await (await post('read', big)).text(), `300000 ${sha256}`)
  const replaced = await echoOf(await post('replace', 'hello'))
  assert.deepEqual([replaced.body, replaced.headers['content-length']], ['HELLO', '5'])
  const upper = createHash('sha256').update(big.toString().toUpperCase()).digest('base64')
  assert.deepEqual((await echoOf(await post('replace', big))).sha256, upper)
  const peeked = await echoOf(await post('peek', big))
  assert.deepEqual([peeked.sha256, peeked.headers['x-first']], [sha256, 'abc'])
  assert.equal((await echoOf(await post('pipe', big))).sha256, sha256)
  assert.equal((await echoOf(await post('digest', big))).sha256, sha256)
  assert.equal(await (await fetch(`${origin}/count?of=${encodeURIComponent(`digest ${sha256}`)}`)).text(), '1')
  assert.equal((await post('broken-pipe', 'x')).status, 500, 'half a body is no body')
})

test('a plugin at the service rewrites where requests go', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(t, endpointsOf(up.host, [{ path: '/echo/rewritten' }, { path: '/mux' }]), {
    root: { extra_config: { 'plugin/http-server': { name: ['rewrite', 'mux'], mux: { mark: 'm' } } } }
  })
  assert.equal((await echoOf(await fetch(`${origin}/anything`))).url, '/echo?q=a+b')
  assert.equal(await (await fetch(`${origin}/mux/own`)).text(), 'own m')
})

test('calls and connections of server plugins', needsGo, async t => {
  const up = await echoUpstream(t)
  const echo = createServer(socket => socket.pipe(socket))
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  t.after(() => echo.close())
  const to = `127.0.0.1:${(echo.address() as AddressInfo).port}`
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [
      server('proxy', { path: '/echo/{any}', method: 'POST', options: { to: up.host } }),
      server('proxy', { path: '/cut', options: { to: up.host } }),
      server('tcp', { options: { to } }),
      server('tcp', { path: '/tcp/refused', options: { to: '127.0.0.1:1' } })
    ])
  )
  const proxied = await echoOf(await fetch(`${origin}/echo/a?b=c`, { method: 'POST', body: 'x'.repeat(100_000) }))
  assert.deepEqual([proxied.url, proxied.bytes], ['/echo/a?b=c', 100_000])
  await assert.rejects(fetch(`${origin}/cut`).then(cut => cut.text()))
  assert.equal(await (await fetch(`${origin}/tcp`)).text(), 'ping\ntrue')
  const refused = await fetch(`${origin}/tcp/refused`)
  assert.deepEqual([refused.status, /dial tcp 127.0.0.1:1: connect: connection refused/.test(await refused.text())], [502, true])
})

test('crypto/tls trusts the root certificates of the gateway', needsGo, async t => {
  const certs = SERVER_CERTS
  const [key, cert] = await Promise.all(['a.key', 'a.pem'].map(name => readFile(path.join(certs, name))))
  const secure = createTlsServer({ key, cert }, socket => {
    socket.on('error', () => {})
    socket.end('hello')
  })
  secure.on('tlsClientError', () => {})
  secure.listen(0, '127.0.0.1')
  await once(secure, 'listening')
  t.after(() => secure.close())
  const options = { to: `127.0.0.1:${(secure.address() as AddressInfo).port}` }
  const said = async (): Promise<string> => {
    const { origin } = await openWithGo(t, endpointsOf('http://127.0.0.1:9999', [server('tls', { options })]))
    return (await fetch(`${origin}/tls`)).text()
  }
  const before = { ...process.env }
  t.after(() => Object.assign(process.env, before))
  for (const name of ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS']) delete process.env[name]
  assert.match(await said(), /x509: certificate signed by unknown authority/)
  for (const name of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']) {
    process.env[name] = path.join(certs, 'ca.pem')
    assert.equal(await said(), 'hello <nil>', name)
    delete process.env[name]
  }
})

test('a client that leaves ends the context of its request', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [server('wait'), server('left'), server('wait', { path: '/late', timeout: '50ms' })])
  )
  const leave = new AbortController()
  const waiting = fetch(`${origin}/wait`, { signal: leave.signal }).catch(() => {})
  const left = async (): Promise<string> => (await fetch(`${origin}/left`)).text()
  assert.equal(await left(), '0')
  leave.abort()
  await waiting
  await until(async () => (await left()) === '1', 'the context to end')
  // a deadline that passes before the plugin was called ends no context
  await until(async () => {
    assert.equal((await fetch(`${origin}/late`)).status, 500)
    return Number(await left()) >= 2
  }, 'the context to end at the deadline')
})
