import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { BODY_WINDOW_MS, Connection, LINGER_BYTES, LINGER_MS, MIN_BODY_BYTES } from '../../src/server/connection.js'
import { deferred, once } from '../support/waiting.js'
import { open } from './listening.js'
import { RawClient } from './raw-client.js'

/** A request whose body has begun, seen by a connection whose clock the test turns. */
async function upload(
  t: TestContext,
  first: string
): Promise<{ client: RawClient; connection: Connection; request: IncomingMessage; response: ServerResponse }> {
  const arrived = deferred<[IncomingMessage, ServerResponse]>('the upload')
  const { port } = await open(t, {}, (req, res) => arrived.resolve([req, res]))
  const client = await RawClient.open(port)
  client.send(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n${first}`)
  const [request, response] = await arrived.promise
  const connection = new Connection(request.socket)
  connection.begin(request, response, 1)
  return { client, connection, request, response }
}

async function more(client: RawClient, request: IncomingMessage, bytes: number): Promise<void> {
  let missing = bytes
  client.send('a'.repeat(bytes))
  while (missing > 0) missing -= ((await once(request, 'data')) as [Buffer])[0].length
}

test('finds a body that crawls although the gateway waits for it', async t => {
  const { client, connection, request } = await upload(t, '')
  request.resume()
  assert.equal(connection.crawls(1000), false)
  assert.equal(connection.crawls(1000 + BODY_WINDOW_MS - 1), false)
  await more(client, request, 100)
  assert.equal(connection.crawls(1000 + BODY_WINDOW_MS), true)
})

test('lets a body that keeps the minimum rate pass', async t => {
  const { client, connection, request } = await upload(t, '')
  request.resume()
  let now = 1000
  connection.crawls(now)
  for (let window = 0; window < 3; window++) {
    await more(client, request, MIN_BODY_BYTES)
    now += BODY_WINDOW_MS
    assert.equal(connection.crawls(now), false)
  }
  assert.equal(connection.crawls(now + BODY_WINDOW_MS), true)
})

test('does not count time in which no stage reads, or the response has begun', async t => {
  const { connection, request, response } = await upload(t, 'hello')
  request.pause()
  await once(request, 'readable')
  for (let now = 1000; now < 100_000; now += BODY_WINDOW_MS) assert.equal(connection.crawls(now), false)
  request.read()
  response.writeHead(200)
  response.flushHeaders()
  for (let now = 200_000; now < 300_000; now += BODY_WINDOW_MS) assert.equal(connection.crawls(now), false)
})

test('lingers for some time and some bytes only', async t => {
  const { client, connection, request } = await upload(t, '')
  request.resume()
  connection.linger(1000)
  connection.linger(5000)
  assert.equal(connection.lingeredOut(1000 + LINGER_MS - 1), false)
  assert.equal(connection.lingeredOut(1000 + LINGER_MS), true)
  await more(client, request, LINGER_BYTES + 1)
  assert.equal(connection.lingeredOut(1001), true)
  assert.equal(connection.busy, true)
})

test('lets an exchange go when it is over on both sides, and not before', async t => {
  const { client, connection, request, response } = await upload(t, '')
  connection.forgetExchange()
  assert.equal(connection.request, request, 'the body is on its way')
  request.resume()
  await more(client, request, 10_000_000)
  await once(request, 'end')
  connection.forgetExchange()
  assert.equal(connection.response, response, 'the client waits for the response')
  response.end('done')
  await once(response, 'close')
  connection.forgetExchange()
  assert.equal(connection.request, undefined)
  assert.equal(connection.response, undefined)
  assert.equal(connection.busy, false)
})
