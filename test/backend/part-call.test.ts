import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { allocateBytes, freeBytes } from '../../src/message/slab.js'
import type { GatewayRequest, GatewayResponse, LazyObject, PluginModule } from '../../src/plugin/index.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { answer, rawUpstream } from '../support/raw-upstream.js'
import { openStreamingUpstream } from '../support/upstream.js'
import { deferred, once, until } from '../support/waiting.js'
import { checkKeptBodies, long, numbered } from './numbered-bodies.js'

/** A merge of `/a`, which answers well, and `/b`, which each test writes itself. */
const merge = (host: string, more: object = {}, endpoint: object = {}): object => ({
  timeout: '60s',
  host: [host],
  endpoints: [{ endpoint: '/x', ...endpoint, backend: [{ url_pattern: '/a' }, { url_pattern: '/b', ...more }] }]
})

/** Whether it ends in order or is cut. */
const closed = (socket: Socket): Promise<unknown> => once(socket, 'close')

const GOOD = answer('200 OK', '{"a":1}')

test('a refused status fails its part before the body has come', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    socket.write(head.startsWith('GET /a') ? GOOD : 'HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\n')
  })
  const { port } = await openGateway(t, merge(upstream.origin))
  const got = await ask(port, '/x')
  assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.text], [200, 'false', '{"a":1}'])
})

test('a refused body is read for a while to keep the connection, a long one is cut', async t => {
  let cut: Promise<unknown> | undefined
  const upstream = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /a')) return socket.write(GOOD)
    cut = closed(socket)
    socket.write(`HTTP/1.1 500 No\r\nContent-Length: 9999999\r\n\r\n${'x'.repeat(80 * 1024)}`)
  })
  const { port } = await openGateway(t, merge(upstream.origin))
  assert.equal((await ask(port, '/x')).text, '{"a":1}')
  await cut
})

test('the body of a refused status is read where its details are wanted, and no further than the limit', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    socket.write(head.startsWith('GET /a') ? GOOD : answer('503 No', 'why not', 'Content-Type: text/plain\r\n'))
  })
  const details = { extra_config: { 'backend/http': { return_error_details: 'b' } } }
  const whole = await ask((await openGateway(t, merge(upstream.origin, details))).port, '/x')
  const error_b = { http_status_code: 503, http_body: 'why not', http_body_encoding: 'text/plain' }
  assert.deepEqual(whole.json(), { a: 1, error_b })
  const tight = { max_body_bytes: 7 }
  const held = await ask((await openGateway(t, merge(upstream.origin, details, tight))).port, '/x')
  assert.deepEqual(held.json(), { a: 1, error_b })
  const tighter = { max_body_bytes: 6 }
  assert.equal((await ask((await openGateway(t, merge(upstream.origin, details, tighter))).port, '/x')).status, 500)
})

test('a body in pieces is joined; one that breaks off is no part', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /a')) return socket.write(GOOD)
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"b":\r\n'
    if (!head.includes('break=1')) return socket.write(`${chunked}3\r\n22}\r\n0\r\n\r\n`)
    socket.write(chunked, () => socket.destroy())
  })
  const config = merge(upstream.origin, {}, { input_query_strings: ['break'] })
  assert.deepEqual((await ask((await openGateway(t, config)).port, '/x')).json(), { a: 1, b: 22 })
  const broken = await ask((await openGateway(t, config)).port, '/x?break=1')
  assert.deepEqual([broken.headers['x-krakend-completed'], broken.text], ['false', '{"a":1}'])
})

test('bodies of any size come whole, in pieces and side by side, over connections that are used again', async t => {
  const sizes = [0, 50, 3000, 5000, 20_000, 40_000, 65_536, 65_537, 200_000]
  const bodyOf = (name: string, size: number): string => `{"${name}":"${`${name}${size}-`.repeat(size).slice(0, size)}"}`
  const upstream = await openStreamingUpstream(t, (req, res) => {
    const { pathname, searchParams } = new URL(req.url!, 'http://upstream')
    const body = Buffer.from(bodyOf(pathname.slice(1), Number(searchParams.get('size'))))
    const pieces = Number(searchParams.get('pieces'))
    res.writeHead(200, { 'Content-Length': body.length })
    if (pieces === 1) return void res.end(body)
    res.flushHeaders()
    const step = Math.ceil(body.length / pieces)
    const write = (from: number): void => {
      if (from >= body.length) return void res.end()
      res.write(body.subarray(from, from + step))
      setImmediate(write, from + step)
    }
    setImmediate(write, 0)
  })
  const { port } = await openGateway(t, merge(upstream.origin, {}, { input_query_strings: ['size', 'pieces'] }))
  for (let round = 0; round < 3; round++) {
    const asked = sizes.flatMap(size => [1, 2, 7].map(pieces => ({ size, pieces })))
    const got = await Promise.all(asked.map(({ size, pieces }) => ask(port, `/x?size=${size}&pieces=${pieces}`)))
    for (const [i, { size, pieces }] of asked.entries())
      assert.equal(got[i]!.text, `${bodyOf('a', size).slice(0, -1)},${bodyOf('b', size).slice(1)}`, `${size} in ${pieces}`)
  }
})

test('a body that is shorter than its length is no part', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /a')) return socket.write(GOOD)
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"b":2}', () => socket.end())
  })
  const got = await ask((await openGateway(t, merge(upstream.origin))).port, '/x')
  assert.deepEqual([got.headers['x-krakend-completed'], got.text], ['false', '{"a":1}'])
})

test('a coding that was meant for this hop alone is none', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    const hop = 'Connection: Content-Encoding\r\nContent-Encoding: gzip\r\n'
    socket.write(head.startsWith('GET /a') ? GOOD : answer('201 Made', '{"b":2}', hop))
  })
  assert.deepEqual((await ask((await openGateway(t, merge(upstream.origin))).port, '/x')).json(), { a: 1, b: 2 })
})

test('a client that leaves is no error of the parts that were cancelled for it', async t => {
  const both = deferred('both calls')
  const upstream = await rawUpstream(t, () => {
    if (upstream.heads.length === 2) both.resolve()
  })
  const { port, log } = await openGateway(t, merge(upstream.origin))
  const client = connect(port, '127.0.0.1')
  client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await both.promise
  const ended = [...upstream.sockets].map(socket => closed(socket))
  client.destroy()
  await Promise.all(ended)
  assert.deepEqual(
    log.lines.filter(line => line.includes('ERROR')),
    []
  )
})

const oneBackend = (host: string, endpoint: object = {}, backend: object = {}): object => ({
  timeout: '20s',
  host: [host],
  endpoints: [{ endpoint: '/x/{n}', backend: [{ url_pattern: '/{n}', ...backend }], ...endpoint }]
})

/** Requests of a client that reads late: 26 MB of responses. */
const LATE = 1600

test('each of many bodies in a row is its own, also for clients that read late', async t => {
  const upstream = await numbered(t)
  const extra_config = { router: { unread_answer_timeout: '600s' } }
  const { port } = await openGateway(t, { ...oneBackend(upstream.origin), extra_config })
  const late = await Promise.all(
    Array.from({ length: 1 }, async (_, i) => {
      const socket = connect(port, '127.0.0.1')
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      socket.pause()
      // more than sockets hold: the last ones wait in the gateway
      for (let k = 0; k < LATE; k++) socket.write(`GET /x/${1000 + i} HTTP/1.1\r\nHost: x\r\n\r\n`)
      return socket
    })
  )
  let seen = 0
  let looks = 0
  const rests = (): boolean => {
    looks = upstream.seen.length === seen ? looks + 1 : 0
    seen = upstream.seen.length
    return seen > 0 && looks > 30
  }
  await until(rests, 'the gateway asks no more, since the client does not read')
  assert.ok(seen < LATE)
  for (let round = 0; round < 8; round++) {
    const numbers = Array.from({ length: 10 }, (_, i) => `${2000 + round * 10 + i}`)
    const texts = await Promise.all(numbers.map(async number => (await ask(port, `/x/${number}`)).text))
    assert.deepEqual(texts, numbers.map(long))
  }
  for (const [i, socket] of late.entries()) {
    const chunks: Buffer[] = []
    let size = 0
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
    })
    socket.resume()
    const whole = long(`${1000 + i}`)
    const sizeOfOne = (): number => chunks[0]!.indexOf('\r\n\r\n') + 4 + whole.length
    await until(() => size > 0 && size === LATE * sizeOfOne(), 'all responses of a late reader')
    const bodies = Buffer.concat(chunks)
      .toString()
      .split('HTTP/1.1 200 OK\r\n')
      .slice(1)
      .map(one => one.split('\r\n\r\n')[1])
    assert.equal(bodies.length, LATE)
    assert.ok(
      bodies.every(body => body === whole),
      `client ${i}`
    )
  }
})

test('what a plugin keeps of a body stays as it is when the next bodies come', t =>
  checkKeptBodies(t, (origin, extra) => oneBackend(origin, { extra_config: extra })))

/** A plugin for each way in which a stage looks at a body and keeps nothing of it. */
const LOOKERS: PluginModule = {
  ModifierRegisterer: {
    registerModifiers(register) {
      const edits = (name: string, edit: (response: GatewayResponse) => Promise<void>): void =>
        register(name, () => ({ response: edit }))
      edits('passes', async () => {})
      edits('views', async ({ body }) => {
        const view = (await body.lazyJson()) as LazyObject
        view.set('number', `no ${view.get('number') as string}`)
        body.touchJson()
        body.dropViews()
      })
      const no = (value: { number: string }): { number: string } => ({ ...value, number: `no ${value.number}` })
      edits('edits', ({ body }) => body.editJson(no))
      edits('waits', async ({ body }) => {
        await new Promise(setImmediate)
        await body.editJson(no)
      })
    }
  },
  ClientRegisterer: {
    registerClients: register => register('asks', (_context, _extra, next) => request => next(request))
  }
}

test('bodies of the same size one after the other have the same memory, whatever stages are between', async t => {
  const upstream = await numbered(t)
  const size = long('100').length
  const lua = { post: "local d = response.load():data(); d:set('number', 'no ' .. d:get('number'))" }
  const modifier = (name: string): object => ({ 'plugin/req-resp-modifier': { name: [name] } })
  const cases: readonly (readonly [endpoint: object, backend: object, prefix: string])[] = [
    [{}, {}, ''],
    [{ 'modifier/lua-proxy': lua }, {}, 'no '],
    [{}, { 'modifier/lua-backend': lua }, 'no '],
    [modifier('passes'), {}, ''],
    [{}, { 'plugin/http-client': { name: 'asks' } }, ''],
    ...['views', 'edits', 'waits'].flatMap(name => [
      [modifier(name), {}, 'no '] as const,
      [{}, modifier(name), 'no '] as const,
      [{ 'modifier/lua-proxy': lua }, modifier(name), 'no no '] as const
    ])
  ]
  for (const [endpoint, backend, prefix] of cases) {
    const config = oneBackend(upstream.origin, { extra_config: endpoint }, { extra_config: backend })
    const { port } = await openGateway(t, config, { plugins: [LOOKERS] })
    const mine = allocateBytes(size)
    for (let n = 100; n < 110; n++) {
      mine.fill(0)
      freeBytes(mine)
      assert.equal((await ask(port, `/x/${n}`)).json<{ number: string }>().number, `${prefix}${n}`)
      const next = allocateBytes(size)
      const name = JSON.stringify([endpoint, backend])
      assert.deepEqual([next.buffer, next.byteOffset], [mine.buffer, mine.byteOffset], name)
      assert.equal(next.toString(), long(`${n}`), name)
    }
  }
})

test('a plugin that reads a body after the response is out gets an error, not the bytes of another exchange', async t => {
  const upstream = await numbered(t)
  const late: (() => Promise<unknown>)[] = []
  const module: PluginModule = {
    ModifierRegisterer: {
      registerModifiers(register) {
        register('late', () => ({
          response({ body }) {
            late.push(
              () => body.json(),
              () => body.text(),
              () => body.lazyJson(),
              () => body.buffer()
            )
          }
        }))
        register('later', () => ({ response: response => void late.push(() => response.body.text()) }))
      }
    },
    HandlerRegisterer: {
      registerHandlers: register =>
        register('outer', (_context, _extra, next) => async request => {
          const response = await next(request)
          late.push(() => response.body.text())
          return response
        })
    }
  }
  const modified = (name: string): object => ({ extra_config: { 'plugin/req-resp-modifier': { name: [name] } } })
  const handled = { extra_config: { 'plugin/http-server': { name: 'outer' } } }
  for (const more of [modified('late'), modified('later'), handled]) {
    const { port } = await openGateway(t, oneBackend(upstream.origin, more), { plugins: [module] })
    assert.equal((await ask(port, '/x/100')).text, long('100'))
    assert.equal((await ask(port, '/x/101')).text, long('101'))
    for (const read of late.splice(0)) await assert.rejects(read, { code: 'SLUICE_ERR_PLUGIN_BODY_TAKEN' })
  }
})

/** A plugin's factory of a handler: what it returns gets each request. */
type HandlerOf = (
  next: (request: GatewayRequest) => Promise<GatewayResponse>
) => (request: GatewayRequest) => Promise<GatewayResponse>

const pluginOf = (modify: (response: GatewayResponse, request: GatewayRequest) => unknown, handle: HandlerOf): PluginModule => ({
  ModifierRegisterer: {
    registerModifiers: register => register('modify', () => ({ response: modify as never }))
  },
  HandlerRegisterer: {
    registerHandlers: register => register('handle', (_context, _extra, next) => handle(next))
  }
})

const BOTH = { extra_config: { 'plugin/req-resp-modifier': { name: ['modify'] }, 'plugin/http-server': { name: ['handle'] } } }

test('bytes of a response that was rendered twice stay as they are', async t => {
  const upstream = await numbered(t)
  const kept: Buffer[] = []
  const first = Symbol('first')
  const module = pluginOf(
    (response, { state }) => {
      const known = state.get(first)
      state.set(first, response)
      return known
    },
    next => async request => {
      kept.push(await (await next(request)).body.buffer())
      return next(request.clone())
    }
  )
  const { port } = await openGateway(t, oneBackend(upstream.origin, BOTH), { plugins: [module] })
  for (let n = 100; n < 110; n++) assert.equal((await ask(port, `/x/${n}`)).text, long(`${n}`))
  for (const [i, bytes] of kept.entries()) assert.equal(bytes.toString(), long(`${100 + i}`))
})

test('a modifier cannot return to one request the response of another that is not out yet', async t => {
  const upstream = await numbered(t)
  const stashed = deferred('the first response has come')
  const refused = deferred('the second request is refused')
  let stash: GatewayResponse | undefined
  const module = pluginOf(
    response => {
      const known = stash
      stash = response
      stashed.resolve()
      return known
    },
    next => async request => {
      const response = await next(request)
      await refused.promise
      return response
    }
  )
  const { port, log } = await openGateway(t, oneBackend(upstream.origin, BOTH), { plugins: [module] })
  const first = ask(port, '/x/100')
  await stashed.promise
  assert.equal((await ask(port, '/x/101')).status, 500)
  await log.line(/a response of another request/)
  refused.resolve()
  assert.equal((await first).text, long('100'))
})

test("a reader that drops views which it has not got takes away no other reader's", async t => {
  const upstream = await numbered(t)
  const views: LazyObject[] = []
  const module = pluginOf(
    async ({ body }) => {
      body.dropViews()
      views.push((await body.lazyJson()) as LazyObject)
    },
    next => request => next(request)
  )
  const { port } = await openGateway(t, oneBackend(upstream.origin, BOTH), { plugins: [module] })
  for (let n = 100; n < 110; n++) assert.equal((await ask(port, `/x/${n}`)).text, long(`${n}`))
  for (const [i, view] of views.entries()) assert.equal(view.get('number'), `${100 + i}`)
})
