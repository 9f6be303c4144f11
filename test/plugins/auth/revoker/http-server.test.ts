import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { NotEverywhere } from '../../../../plugins/auth/revoker/book-record.js'
import { bytesOf } from '../../../../plugins/auth/revoker/filter-size.js'
import { createHttpServer } from '../../../../plugins/auth/revoker/http-server.js'
import type { OpenBook } from '../../../../plugins/auth/revoker/revocation-book.js'
import type { FilterForm, SlidingFilter } from '../../../../plugins/auth/revoker/sliding-filter.js'
import { once, until } from '../../../support/waiting.js'
import { openBook } from './book.js'

const FORM: FilterForm = { n: 1000, p: 0.001, hash: 'optimal' }

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
}

interface Running {
  readonly filter: SlidingFilter
  readonly failures: Error[]
  readonly port: number
  send(method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>
}

async function run(t: TestContext, token = '', form = FORM, more: Partial<OpenBook> = {}): Promise<Running> {
  const book = { ...openBook(t, form), ...more }
  const { filter } = book
  const failures: Error[] = []
  const server = createHttpServer(() => ({ book, ttlSeconds: 60, token, failed: error => void failures.push(error) }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.after(() => server.close())
  const send: Running['send'] = async (method, path, body, headers = {}) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false })
    sent.on('error', () => undefined)
    const answered = once<[IncomingMessage]>(sent, 'response')
    sent.end(body)
    const [response] = await answered
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(chunks) }
  }
  return { filter, failures, port, send }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const BYTES = { 'content-type': 'application/octet-stream' }
const json = (answer: Answer): unknown => JSON.parse(answer.bytes.toString())

test('adds and checks', async t => {
  const { send, filter } = await run(t)
  const added = await send('POST', '/add', '{"elems":["jti-a","sub-ü"]}', JSON_TYPE)
  assert.deepEqual([added.status, json(added)], [200, { count: 2 }])
  assert.equal(added.headers['cache-control'], 'no-store')
  const checked = await send('POST', '/check', '{"elems":["jti-a","jti-b","sub-ü"]}', JSON_TYPE)
  assert.deepEqual(json(checked), { checks: [true, false, true] })
  assert.equal(filter.has(Buffer.from('sub-ü')), true)
})

test('a filter goes from one gateway to another', async t => {
  const from = await run(t)
  const to = await run(t)
  await from.send('POST', '/add', '{"elems":["jti-a"]}', JSON_TYPE)
  const filter = await from.send('GET', '/filter')
  assert.equal(filter.headers['content-type'], 'application/octet-stream')
  const united = await to.send('POST', '/union', filter.bytes, BYTES)
  assert.equal(united.status, 200)
  assert.ok((json(united) as { capacity: number }).capacity > 0)
  assert.equal(to.filter.has(Buffer.from('jti-a')), true)
})

const wrong: [name: string, status: number, method: string, path: string, body?: string, headers?: Record<string, string>][] = [
  ['another path', 404, 'GET', '/'],
  ['another method', 405, 'GET', '/add'],
  ['a filter by POST', 405, 'POST', '/filter', '{}', JSON_TYPE],
  ['no type', 415, 'POST', '/add', '{"elems":[]}'],
  ['a type that pages of browsers may send', 415, 'POST', '/add', '{"elems":["x"]}', { 'content-type': 'text/plain' }],
  ['no JSON', 400, 'POST', '/add', '{', JSON_TYPE],
  ['no list', 400, 'POST', '/add', '{"elems":"jti-a"}', JSON_TYPE],
  ['another name', 400, 'POST', '/check', '{"elements":["jti-a"]}', JSON_TYPE],
  ['null', 400, 'POST', '/check', 'null', JSON_TYPE],
  ['an item that is no text', 400, 'POST', '/add', '{"elems":["a",1]}', JSON_TYPE],
  ['an empty element', 400, 'POST', '/add', '{"elems":[""]}', JSON_TYPE],
  ['an element of 64 KiB and a byte', 400, 'POST', '/add', JSON.stringify({ elems: ['x'.repeat(65_537)] }), JSON_TYPE],
  ['no filter', 400, 'POST', '/union', 'none', BYTES],
  ['a page of a browser', 403, 'POST', '/add', '{"elems":["a"]}', { ...JSON_TYPE, origin: 'https://page.test' }],
  ['a name that leads here', 403, 'POST', '/add', '{"elems":["a"]}', { ...JSON_TYPE, host: 'page.test' }]
]

for (const [name, status, ...call] of wrong) {
  test(`refuses ${name} with ${status}`, async t => {
    const { send, filter, failures } = await run(t)
    const answer = await send(...call)
    assert.equal(answer.status, status)
    assert.equal(typeof (json(answer) as { error: string }).error, 'string')
    assert.equal(filter.fill, 0)
    assert.deepEqual(failures, [])
  })
}

test('a body over the limit is refused by its length, or where it becomes too long', async t => {
  const { send } = await run(t)
  const long = `{"elems":["${'x'.repeat(5_000_000)}"]}`
  assert.equal((await send('POST', '/add', long, { ...JSON_TYPE, 'content-length': String(long.length) })).status, 413)
  assert.equal((await send('POST', '/add', long, { ...JSON_TYPE, 'transfer-encoding': 'chunked' })).status, 413)
  const tooLarge = Buffer.alloc(200_000)
  assert.equal((await send('POST', '/union', tooLarge, BYTES)).status, 413)
})

test('a token must be sent where one is set', async t => {
  const { send, filter } = await run(t, 'a token of the operator')
  const body = '{"elems":["jti-a"]}'
  const missing = await send('POST', '/add', body, JSON_TYPE)
  assert.deepEqual([missing.status, missing.headers['www-authenticate']], [401, 'Bearer'])
  assert.equal((await send('POST', '/add', body, { ...JSON_TYPE, authorization: 'Bearer a token' })).status, 401)
  assert.equal((await send('GET', '/filter')).status, 401)
  assert.equal(filter.fill, 0)
  const right = { ...JSON_TYPE, authorization: 'Bearer a token of the operator', host: 'revoker.internal' }
  assert.equal((await send('POST', '/add', body, right)).status, 200)
})

test('one whole filter at a time', async t => {
  const { send } = await run(t, '', { n: 2_000_000, p: 0.001, hash: 'optimal' })
  const answers = await Promise.all([send('GET', '/filter'), send('GET', '/filter'), send('GET', '/filter')])
  const statuses = answers.map(answer => answer.status)
  assert.ok(statuses.includes(200) && statuses.includes(503), statuses.join())
  assert.equal(answers.find(answer => answer.status === 503)!.headers['retry-after'], '1')
  assert.equal((await send('GET', '/filter')).status, 200)
})

test('a client that does not read its filter keeps others from one, until it leaves', async t => {
  const { filter, port, send } = await run(t, '', { n: 6_000_000, p: 0.001, hash: 'optimal' })
  const bits = (): Uint8Array => new Uint8Array(bytesOf(filter.size))
  // more than the buffers of sockets take, also when it is zipped
  await filter.unite({ current: randomFillSync(bits()), next: bits(), previous: bits() })
  const sent = request({ port, host: '127.0.0.1', path: '/filter', agent: false })
  sent.on('error', () => undefined)
  sent.end()
  const [response] = await once<[IncomingMessage]>(sent, 'response')
  assert.equal(response.statusCode, 200)
  assert.equal((await send('GET', '/filter')).status, 503)
  response.on('error', () => undefined)
  sent.destroy()
  await until(async () => (await send('POST', '/union', 'x', BYTES)).status === 400, 'the place of the client that left')
})

test('requests that a page of a browser makes are refused, also those without an Origin', async t => {
  const { send } = await run(t)
  for (const site of ['cross-site', 'same-site', 'same-origin'])
    assert.equal((await send('GET', '/filter', undefined, { 'sec-fetch-site': site })).status, 403, site)
  assert.equal((await send('GET', '/filter', undefined, { 'sec-fetch-site': 'none' })).status, 200)
})

test('an element that not all workers have taken is told', async t => {
  const add = () => Promise.reject(new NotEverywhere('1 worker(s) did not take it in time'))
  const { send, failures } = await run(t, '', FORM, { add })
  const answer = await send('POST', '/add', '{"elems":["jti-a"]}', JSON_TYPE)
  assert.deepEqual([answer.status, json(answer)], [503, { error: '1 worker(s) did not take it in time' }])
  assert.deepEqual(failures, [])
})
