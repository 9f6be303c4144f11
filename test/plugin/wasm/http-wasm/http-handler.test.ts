/** How requests and responses go through a guest: bodies held only where it may read them, an instance for each request. */

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ResponseMessage } from '../../../../src/message/response.js'
import { BusyLines } from '../../../../src/plugin/wasm/go-host/busy-lines.js'
import { GuestCounts } from '../../../../src/plugin/wasm/http-wasm/guest-counts.js'
import { GuestPool } from '../../../../src/plugin/wasm/http-wasm/guest-pool.js'
import { HttpGuest } from '../../../../src/plugin/wasm/http-wasm/http-guest.js'
import { HttpHandler } from '../../../../src/plugin/wasm/http-wasm/http-handler.js'
import { WebAssembly } from '../../../../src/plugin/wasm/web-assembly.js'
import { silentLogger } from '../../../../src/telemetry/logger.js'
import { freePort } from '../../../support/free-port.js'
import { requestOf } from '../../../support/request.js'
import { deferred, fetch, once, until, within } from '../../../support/waiting.js'
import { bodyOf, handlers, json, LEVELS, startUpstream } from '../../support.js'
import { context, drop, guest, host, isError, low, type Op, store, trap, when } from '../guest.js'
import { PASSING_SCRIPTS } from '../passing-scripts.js'
import { openGuests } from '../support.js'

const BUFFER_REQUEST = 1
const BUFFER_RESPONSE = 2
const TRAILERS = 4
const enable = (features: number): Op => drop(host.enable_features!(features))
/** Reads up to 100 bytes and writes how it was answered as a field. */
const readInto = (kind: number): Op => store(200, low(host.read_body!(kind, 0, 100)))

for (const level of LEVELS) {
  test(`${level}: handle_response edits what next has returned, with buffer_response`, async t => {
    const up = await startUpstream(t, (_req, res) => {
      res
        .writeHead(201, { ETag: '"1"', 'Accept-Ranges': 'bytes', 'X-Gone': '1', 'Content-Type': 'text/plain' })
        .end('from upstream')
    })
    const bytes = guest({
      start: [enable(BUFFER_RESPONSE)],
      response: [
        host.set_header_value!(1, 'X-Set', 'yes'),
        host.remove_header!(1, 'x-gone'),
        host.write_body!(1, 'written '),
        host.write_body!(1, 'anew'),
        when(host.get_status_code!(), host.set_status_code!(299))
      ]
    })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { level })
    const answer = await gateway.request({ path: '/x' })
    assert.deepEqual([answer.status, answer.text()], [299, 'written anew'])
    const { headers } = answer
    assert.deepEqual([headers['x-set'], headers['x-gone'], headers['accept-ranges']], ['yes', undefined, undefined])
    assert.deepEqual([headers.etag, headers['content-length']], ['W/"1"', '12'], 'an edit, so its strong ETag is weak')
  })
}

test('fields that tell of the new body stay when the guest sets them, before or after it', async t => {
  const up = await startUpstream(t, (_req, res) =>
    res.writeHead(200, { ETag: '"old"', 'Content-Encoding': 'gzip' }).end(gzipSync('old'))
  )
  const bytes = guest({
    start: [enable(BUFFER_RESPONSE)],
    response: [
      host.set_header_value!(1, 'ETag', '"new"'),
      host.write_body!(1, 'new'),
      host.set_header_value!(1, 'Accept-Ranges', 'none')
    ]
  })
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes })
  const { headers, text } = await gateway.request({ path: '/x' })
  assert.deepEqual(
    [headers.etag, headers['accept-ranges'], headers['content-encoding'], text()],
    ['"new"', 'none', undefined, 'new']
  )
})

test('a body that is put back as it was keeps its fields; so does one whose Content-Encoding the guest has set', async t => {
  const packed = gzipSync('packed')
  const up = await startUpstream(t, async (req, res) => {
    for await (const _ of req);
    res.writeHead(200, { ETag: '"1"', 'Content-Encoding': 'gzip', 'X-Coding': req.headers['content-encoding'] ?? '' }).end(packed)
  })
  const back = (kind: number): Op[] => [drop(host.read_body!(kind, 0, packed.length)), host.write_body!(kind, 0, packed.length)]
  const same = guest({ start: [enable(BUFFER_REQUEST | BUFFER_RESPONSE)], request: back(0), response: back(1) })
  const own = guest({ request: [host.set_header_value!(0, 'Content-Encoding', 'x-own'), host.write_body!(0, 'new')] })
  for (const [bytes, coding] of [
    [same, 'gzip'],
    [own, 'x-own']
  ] as const) {
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { level: 'endpoint', method: 'POST' })
    const { headers, body } = await gateway.request({
      method: 'POST',
      path: '/x',
      body: packed,
      headers: { 'Content-Encoding': 'gzip' }
    })
    assert.deepEqual([headers['x-coding'], headers['content-encoding'], headers.etag, body], [coding, 'gzip', '"1"', packed])
  }
})

test('a response body is read as it travels, in pieces, and goes on unchanged', async t => {
  const up = await startUpstream(t, (_req, res) => res.writeHead(200, { ETag: '"1"' }).end('0123456789'))
  const bytes = guest({
    start: [enable(BUFFER_RESPONSE)],
    response: [
      store(100, low(host.read_body!(1, 0, 4))),
      store(104, low(host.read_body!(1, 4, 96))),
      host.set_header_value!(1, 'X-Read', 0, 10)
    ]
  })
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes })
  const { headers, text } = await gateway.request({ path: '/x' })
  assert.deepEqual([headers['x-read'], headers.etag, text()], ['0123456789', '"1"', '0123456789'])
})

test('what a guest writes before next is added: fields, and bytes in front of the body', async t => {
  const parts = {
    request: [
      host.set_status_code!(500),
      host.set_header_value!(1, 'X-Own', '1'),
      host.set_header_value!(1, 'Content-Type', 'text/own'),
      host.write_body!(1, 'first ')
    ]
  }
  const up = await startUpstream(t, (req, res) => {
    res.setHeader('Content-Type', 'text/plain')
    res.setHeader('X-Own', '2')
    if (req.headers.zip !== undefined) res.setHeader('Content-Encoding', 'gzip')
    res.end(req.headers.empty !== undefined ? '' : req.headers.zip !== undefined ? gzipSync('second') : 'second')
  })
  for (const files of [
    { 'guest.wasm': guest(parts) },
    { 'guest.wasm': guest({ ...parts, start: [enable(BUFFER_RESPONSE)], response: [drop(1)] }) }
  ]) {
    const { gateway } = await openGuests(t, up.host, files)
    const answer = await gateway.request({ path: '/x' })
    assert.deepEqual([answer.status, answer.text()], [200, 'first second'])
    assert.deepEqual([answer.headers['content-type'], answer.headers['x-own']], ['text/own', '2, 1'])
    assert.equal((await gateway.request({ path: '/x', headers: { empty: '1' } })).text(), 'first ')
    assert.equal((await gateway.request({ path: '/x', headers: { zip: '1' } })).text(), 'first second')
    const head = await gateway.request({ path: '/x', headers: { empty: '1' } })
    assert.equal(head.headers['content-length'], '6')
  }
})

describe('request bodies', () => {
  const echo = async (t: Parameters<typeof openGuests>[0]) =>
    startUpstream(t, async (req, res) => {
      const body = await bodyOf(req)
      res.end(`${req.headers['x-read']} | ${body}`)
    })
  const post = { level: 'endpoint', method: 'POST' } as const

  for (const features of [0, BUFFER_REQUEST]) {
    test(`are read and go on whole, ${features === 0 ? 'without' : 'with'} buffer_request`, async t => {
      const up = await echo(t)
      const bytes = guest({ start: [enable(features)], request: [readInto(0), host.set_header_value!(0, 'X-Read', 0, 11)] })
      const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, post)
      assert.equal(
        (await gateway.request({ method: 'POST', path: '/x', body: 'hello world' })).text(),
        'hello world | hello world'
      )
    })
  }

  test('are replaced by what is written', async t => {
    const up = await echo(t)
    const bytes = guest({ request: [host.write_body!(0, 'one '), host.write_body!(0, 'two')] })
    for (const level of ['endpoint', 'backend'] as const) {
      const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { ...post, level })
      assert.equal((await gateway.request({ method: 'POST', path: '/x', body: 'old' })).text(), 'undefined | one two')
    }
  })

  test('are refused beyond max_body_bytes where the guest may read them, and stream past where it cannot', async t => {
    const up = await echo(t)
    const reads = guest({ request: [readInto(0)] })
    const passes = guest({ request: [host.set_header_value!(0, 'X-Read', 'no')] })
    const body = 'x'.repeat(2000)
    const at = { ...post, root: { max_body_bytes: 1000 } }
    const { gateway, log } = await openGuests(t, up.host, { 'guest.wasm': reads }, at)
    assert.equal((await gateway.request({ method: 'POST', path: '/x', body })).status, 413)
    assert.ok(!/\[Plugin: guest\]/.test(log.text), 'no fault of the guest')
    const other = await openGuests(t, up.host, { 'guest.wasm': passes }, at)
    assert.equal((await other.gateway.request({ method: 'POST', path: '/x', body })).text(), `no | ${body}`)
  })

  test('what a guest writes is bounded too', async t => {
    const up = await echo(t)
    const bytes = guest({ request: [host.write_body!(0, 0, 900), host.write_body!(0, 0, 900)] })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { ...post, root: { max_body_bytes: 1000 } })
    assert.equal((await gateway.request({ method: 'POST', path: '/x', body: 'x' })).status, 500)
  })
})

describe('response bodies', () => {
  test('a response over max_body_bytes fails where the guest may read it', async t => {
    const up = await startUpstream(t, (_req, res) => res.end('x'.repeat(2000)))
    const bytes = guest({ start: [enable(BUFFER_RESPONSE)], response: [readInto(1)] })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { root: { max_body_bytes: 1000 } })
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
  })

  for (const [what, parts] of Object.entries({
    'no handle_response': { request: [host.set_header_value!(0, 'a', 'b')] },
    'a handle_response that edits fields': { start: [enable(BUFFER_RESPONSE)], response: [host.set_header_value!(1, 'a', 'b')] },
    'one that may read, without buffer_response': { request: [drop(host.read_body!(0, 0, 9))], response: [drop(1)] }
  })) {
    test(`stream past: ${what}`, async t => {
      const end = deferred('the end of the body')
      const up = await startUpstream(t, async (_req, res) => {
        res.write('first')
        await end.promise
        res.end('last')
      })
      const { origin } = await openGuests(t, up.host, { 'guest.wasm': guest(parts) })
      const answer = await fetch(`${origin}/x`)
      const reader = answer.body!.getReader()
      const first = await within('the first bytes', reader.read())
      assert.equal(Buffer.from(first.value!).toString(), 'first')
      end.resolve()
      const last = await within('the last bytes', reader.read())
      assert.equal(Buffer.from(last.value!).toString(), 'last')
    })
  }

  test('trailers: those of the upstream are read once it is held, those of the guest are sent', async t => {
    const up = await startUpstream(t, (_req, res) => {
      res.writeHead(200, { Trailer: 'X-Sum' })
      res.write('body')
      res.addTrailers({ 'X-Sum': '42' })
      res.end()
    })
    const bytes = guest({
      start: [enable(BUFFER_RESPONSE | TRAILERS)],
      response: [
        readInto(1),
        store(300, low(host.get_header_values!(3, 'x-sum', 304, 99))),
        host.set_header_value!(1, 'X-Seen', 304, 2),
        host.set_header_value!(3, 'X-More', 'yes')
      ]
    })
    const { port } = await openGuests(t, up.host, { 'guest.wasm': bytes })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    assert.match(text, /x-seen: 42/i)
    assert.match(text, /x-sum: 42/i)
    assert.match(text, /x-more: yes/i)
  })
})

describe('instances', () => {
  test('a trap ends the instance of that request alone', async t => {
    const up = await startUpstream(t, json({ ok: true }))
    const bytes = guest({ request: [when(low(host.get_header_values!(0, 'x-trap', 0, 9)), trap)] })
    const { gateway, log } = await openGuests(t, up.host, { 'guest.wasm': bytes })
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, i) => gateway.request({ path: '/x', headers: i % 4 === 0 ? { 'x-trap': '1' } : {} }))
    )
    assert.deepEqual(
      all.map(answer => answer.status),
      all.map((_, i) => (i % 4 === 0 ? 500 : 200))
    )
    assert.match(await log.line(/unreachable/), /\[Plugin: guest\].*guest\.wasm: RuntimeError: unreachable/)
  })

  test('a trap in handle_response is 500, and nothing of the upstream is left open', async t => {
    const up = await startUpstream(t, (_req, res) => res.write('never ends'))
    const bytes = guest({ response: [trap] })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes })
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    await until(() => up.open.size === 0, 'the call to the upstream to end')
  })

  test('requests in flight have an instance each, and their context comes back to them', async t => {
    const release = deferred('all requests to be there')
    let here = 0
    const up = await startUpstream(t, async (req, res) => {
      here++
      if (here === 20) release.resolve()
      await release.promise
      res.end(req.headers['x-id'])
    })
    // keeps the first byte of x-id at 500 until the response
    const bytes = guest({
      start: [enable(BUFFER_RESPONSE)],
      request: [store(600, low(host.get_header_values!(0, 'x-id', 500, 9)))],
      result: (7n << 32n) | 1n,
      response: [host.set_header_value!(1, 'X-Kept', 500, 2), when(context, host.set_header_value!(1, 'X-Context', 'yes'))]
    })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes })
    const ids = Array.from({ length: 20 }, (_, i) => String(i + 10))
    const answers = await Promise.all(ids.map(id => gateway.request({ path: '/x', headers: { 'x-id': id } })))
    assert.deepEqual(
      answers.map(answer => answer.headers['x-kept']),
      ids
    )
    assert.ok(answers.every(answer => answer.headers['x-context'] === 'yes'))
  })

  test('a plugin further in that never answers holds no instance longer than its exchange', async () => {
    const bytes = guest({ response: [drop(1)] })
    const module = await WebAssembly.compile(bytes)
    const plan = {
      module,
      wasi: [],
      config: new Uint8Array(),
      logs: () => false,
      log() {},
      counts: new GuestCounts(new BusyLines(silentLogger, 'guest.wasm'))
    }
    const pool = new GuestPool(
      () => new HttpGuest(plan),
      gone => gone.gone(),
      1
    )
    let answer = (_response: ResponseMessage): void => assert.fail('next was not called')
    const next = (): Promise<ResponseMessage> => new Promise(resolve => (answer = resolve))
    const { handle } = new HttpHandler({
      pool,
      counts: plan.counts,
      next,
      isBackend: false,
      reads: false,
      handlesResponses: true
    })
    const request = requestOf()
    const handled = handle(request) as Promise<unknown>
    handled.catch(() => {})
    assert.equal(pool.busy, 1)
    request.exchange.close()
    request.exchange.finished()
    await until(() => pool.busy === 0, 'the instance to be free')
    answer(ResponseMessage.text('late'))
    await assert.rejects(within('the late response', handled), { code: 'SLUICE_ERR_CLIENT_ABORTED' })
    assert.deepEqual([pool.busy, plan.counts.instances, plan.counts.memoryBytes], [0, 0, 0])
  })

  test('a failure further in: handle_response hears of it, and it goes on', async t => {
    const bytes = guest({ response: [when(isError, host.log!(1, 'no response'))] })
    const { gateway, log } = await openGuests(t, `http://127.0.0.1:${await freePort()}`, { 'guest.wasm': bytes })
    assert.equal((await gateway.request({ path: '/x' })).status, 500)
    await log.line(/WARNING: \[PLUGIN: guest\] no response/)
  })

  test('a client that leaves while the upstream works frees the instance', async t => {
    const reached = deferred('the request at the upstream')
    const up = await startUpstream(t, () => reached.resolve())
    const bytes = guest({ response: [when(isError, host.log!(1, 'no response'))] })
    const { port, log } = await openGuests(t, up.host, { 'guest.wasm': bytes })
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    await reached.promise
    socket.destroy()
    await log.line(/no response/)
  })
})

test('a JavaScript plugin and two guests in one chain, in any order', async t => {
  const up = await startUpstream(t, (req, res) => res.end(req.headers['x-way']))
  const adds = (name: string): Buffer => guest({ request: [host.add_header_value!(0, 'X-Way', name)] })
  const module = handlers({
    script: (_c, _e, next) => request => {
      request.headers.append('X-Way', 'script')
      return next(request)
    }
  })
  const files = { 'one.wasm': adds('one'), 'two.so.wasm': adds('two') }
  for (const names of [
    ['one', 'script', 'two'],
    ['script', 'two', 'one'],
    ['two', 'one', 'script']
  ]) {
    for (const level of LEVELS) {
      const { gateway } = await openGuests(t, up.host, files, { level, names, modules: [module] })
      assert.equal((await gateway.request({ path: '/x' })).text(), [...names].reverse().join(', '))
    }
  }
})

test('a script, a guest and a token stage over a large body: the first bytes at once, all of them unchanged', async t => {
  const item = '{"id":12345678901234567890,"price":1.10},'
  const end = deferred('the rest to be sent')
  const up = await startUpstream(t, async (_req, res) => {
    res.setHeader('Content-Type', 'application/json')
    res.write(`[${item}`)
    await end.promise
    for (let i = 0; i < 500; i++) if (!res.write(item.repeat(100))) await once(res, 'drain')
    res.end('1.0]')
  })
  const bytes = guest({
    start: [enable(BUFFER_RESPONSE)],
    request: [host.set_header_value!(0, 'X-Guest', 'in')],
    response: [host.set_header_value!(1, 'X-Guest', 'out')]
  })
  for (const level of LEVELS) {
    const at = { level, names: ['tap', 'guest', 'tokens'], modules: [PASSING_SCRIPTS], root: { max_body_bytes: 10_000 } }
    const { origin } = await openGuests(t, up.host, { 'guest.wasm': bytes }, at)
    const answer = await fetch(`${origin}/x`)
    assert.equal(answer.headers.get('x-guest'), 'out')
    const reader = answer.body!.getReader()
    const first = await within('the first bytes', reader.read())
    assert.match(Buffer.from(first.value!).toString(), /^\[\{"id":12345678901234567890/)
    end.resolve()
    let size = first.value!.length
    for (let part = await reader.read(); !part.done; part = await reader.read()) size += part.value.length
    assert.equal(size, 1 + item.length + 500 * 100 * item.length + '1.0]'.length)
  }
})
