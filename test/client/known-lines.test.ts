import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { type TestContext, test } from 'node:test'
import { type FieldsOfHead, shortened } from '../../src/client/known-lines.js'
import type { OriginPool } from '../../src/client/pool.js'
import { GatewayError } from '../../src/errors.js'
import { within } from '../support/waiting.js'
import { type Held, holdUpstream, openPool, ProbeCall } from './probe.js'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

const STATUS = 'HTTP/1.1 200 OK\r\n'

/** What is left for undici, and the fields as they stand around it; `?` = undici's to parse. */
function seen(text: string): { rest: string; fields: string[] } | undefined {
  const fields: FieldsOfHead = []
  const chunk = latin1(text)
  const rest = shortened(chunk, fields)
  if (rest !== undefined) return { rest: rest.toString('latin1'), fields: fields.map(part => part?.toString('latin1') ?? '?') }
  assert.equal(chunk.toString('latin1'), text)
  return undefined
}

/** Lets a head come so often that what may be known is. */
function learn(text: string): ReturnType<typeof seen> {
  for (let i = 0; i < 40; i++) seen(text)
  return seen(text)
}

const A = 'Server: learned\r\n'
const B = 'X-Body-Type: learned/b\r\n'

test('lines that came before are taken out, others stay with the body, and the order of all is kept', () => {
  learn(`${STATUS}${A}Content-Length: 4\r\n${B}\r\nbody`)
  assert.deepEqual(seen(`${STATUS}X-New: 1\r\n${A}Content-Length: 9\r\n${B}X-Last: \xe9\r\n\r\n body\r\n\r\n`), {
    rest: `${STATUS}X-New: 1\r\nContent-Length: 9\r\nX-Last: \xe9\r\n\r\n body\r\n\r\n`,
    fields: ['?', '?', 'Server', 'learned', '?', '?', 'X-Body-Type', 'learned/b', '?', '?']
  })
  assert.deepEqual(seen(`${STATUS}${B}${A}${A}\r\n`)?.fields, [
    'X-Body-Type',
    'learned/b',
    'Server',
    'learned',
    'Server',
    'learned'
  ])
})

test('what delimits a response, concerns its connection or is a secret always stays', () => {
  for (const line of [
    'Content-Length: 7',
    'content-length: 7',
    'Transfer-Encoding: chunked',
    'Connection: close',
    'Connection: upgrade',
    'Connection: keep-alive, close',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: close',
    'Upgrade: websocket',
    'Trailer: X-Sum',
    'Set-Cookie: session=secret'
  ]) {
    const found = learn(`${STATUS}${A}${line}\r\n\r\n`)
    assert.equal(found?.rest, `${STATUS}${line}\r\n\r\n`)
    assert.deepEqual(found?.fields, ['Server', 'learned', '?', '?'])
  }
  assert.equal(learn(`${STATUS}Connection: keep-alive\r\n\r\n`)?.rest, `${STATUS}\r\n`)
})

test('a line that undici would refuse, or read otherwise than it stands, is never known', () => {
  for (const line of [
    'No colon',
    'Sp ace: a',
    'Space : a',
    ': a',
    'X-A:b',
    'X-A:  b',
    'X-A: b ',
    'X-A: \tb',
    'X-A: ',
    'X-A: \0',
    'X-A: a\rb',
    'X-\xe9: a'
  ])
    assert.equal(learn(`${STATUS}${A}${line}\r\n\r\n`)?.rest, `${STATUS}${line}\r\n\r\n`, JSON.stringify(line))
})

test('a head with anything unusual stays as it is', () => {
  learn(`${STATUS}${A}${B}\r\n`)
  for (const text of [
    `HTTP/1.0 200 OK\r\n${A}\r\n`,
    `HTTP/1.1 103 Early Hints\r\n${A}\r\n`,
    `HTTP/1.1 200 OK\n${A}\r\n`,
    `HTTP/1.1200 OK\r\n${A}\r\n`,
    `${STATUS}${A} folded\r\n\r\n`,
    `${STATUS}${A}\tfolded\r\n\r\n`,
    `${STATUS}${A}X-Bare: 1\n${B}\r\n`,
    `${STATUS}${A}\rx`,
    `${STATUS}${A}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`,
    `${STATUS}${A}Content-Length: 1\r\ncontent-length: 2\r\n\r\nx`,
    `${STATUS}X-Unknown: 1\r\n\r\n`,
    `body ${STATUS}${A}\r\n`,
    ''
  ])
    assert.equal(seen(text), undefined, JSON.stringify(text))
})

test('a head that is not whole stays as it is, wherever it ends', () => {
  const head = `${STATUS}${A}Content-Length: 0\r\n${B}\r\n`
  learn(head)
  for (let end = 0; end < head.length; end++) assert.equal(seen(head.slice(0, end)), undefined, `${end}`)
  assert.equal(seen(head)?.rest, `${STATUS}Content-Length: 0\r\n\r\n`)
})

test('random heads keep every field, whatever shares the place of their lines', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  for (let turn = 0; turn < 20_000; turn++) {
    const fields = Array.from({ length: random(6) }, () => [`X-${random(40)}`, `v${random(30)}`])
    const text = `${STATUS}${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\nX-1: v1\r\n\r\n`
    const found = seen(text)
    if (found === undefined) continue
    const left = found.rest.slice(STATUS.length, found.rest.indexOf('\r\n\r\n')).split(/\r\n|: /)
    const all = found.fields.map(part => (part === '?' ? left.shift()! : part))
    assert.deepEqual(all, fields.flat())
    assert.ok(found.rest.endsWith('\r\n\r\nX-1: v1\r\n\r\n'))
  }
})

/** A call that tells its fields. */
class FieldsCall extends ProbeCall {
  fields: string[] = []

  protected override onHead(status: number, raw: readonly Buffer[] = []): void {
    this.fields = raw.map(part => part.toString('latin1'))
    super.onHead(status)
  }
}

async function fieldsOf(pool: OriginPool, method = 'GET'): Promise<string[]> {
  const call = new FieldsCall().start(pool, '/', { method })
  const outcome = await within('the outcome of the call', call.outcome)
  if (outcome instanceof GatewayError) throw outcome
  assert.equal(outcome.body, method === 'HEAD' ? '' : 'body')
  return call.fields
}

const HEAD = `${STATUS}Server: of this test\r\nContent-Length: 4\r\nX-Repeats: twice\r\nX-Repeats: twice\r\n\r\n`
const FIELDS = ['Server', 'of this test', 'Content-Length', '4', 'X-Repeats', 'twice', 'X-Repeats', 'twice']

async function repeating(t: TestContext, write: (held: Held) => void): Promise<OriginPool> {
  const { upstream, origin } = await holdUpstream(t)
  upstream.onRequest = write
  const pool = openPool(t, origin)
  t.after(() => assert.equal(upstream.accepted, 1))
  return pool
}

test('calls get all fields of heads that come again and again, over one connection', async t => {
  const pool = await repeating(t, ({ socket }) => socket.write(`${HEAD}body`))
  for (let i = 0; i < 20; i++) assert.deepEqual(await fieldsOf(pool), FIELDS)
})

test('and of heads behind interim responses', async t => {
  const pool = await repeating(t, ({ socket }) =>
    socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nServer: of this test\r\n\r\n${HEAD}body`)
  )
  for (let i = 0; i < 20; i++) assert.deepEqual(await fieldsOf(pool), FIELDS)
})

test('and of heads that arrive in two parts, wherever these meet', async t => {
  let at = 0
  const pool = await repeating(t, ({ socket }) => {
    const text = `${HEAD}body`
    socket.write(text.slice(0, at))
    setImmediate(() => setImmediate(() => socket.write(text.slice(at))))
  })
  for (at = 1; at < HEAD.length + 4; at++) assert.deepEqual(await fieldsOf(pool), FIELDS)
})

test('a tool that watches undici sees heads as they came', async t => {
  const pool = await repeating(t, ({ socket }) => socket.write(`${HEAD}body`))
  for (let i = 0; i < 20; i++) await fieldsOf(pool)
  let watched: string[] = []
  const watch = (message: unknown): void => {
    watched = (message as { response: { headers: Buffer[] } }).response.headers.map(part => part.toString())
  }
  diagnostics.subscribe('undici:request:headers', watch)
  t.after(() => diagnostics.unsubscribe('undici:request:headers', watch))
  assert.deepEqual(await fieldsOf(pool), FIELDS)
  assert.deepEqual(watched, FIELDS)
})

test("a response behind the one that was asked for ends the connection, and is nobody's", async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  upstream.onRequest = ({ socket }) => socket.write(`${HEAD}body`)
  for (let i = 0; i < 20; i++) await fieldsOf(pool)
  upstream.onRequest = ({ socket }) => socket.write(`${HEAD}body${HEAD}evil`)
  assert.deepEqual(await fieldsOf(pool), FIELDS)
  upstream.onRequest = ({ socket }) => socket.write(`${HEAD}body`)
  assert.deepEqual(await fieldsOf(pool), FIELDS)
  assert.equal(upstream.accepted, 2)
})
