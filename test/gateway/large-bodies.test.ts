/**
 * Bodies far beyond `max_body_bytes` stream. The long form (`npm run test:long`) moves gigabytes through a gateway in a process of its
 * own and weighs it.
 */

import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { RawClient } from '../server/raw-client.js'
import { begin } from '../support/client.js'
import { type KeptLines, openGateway } from '../support/open-gateway.js'
import { growthDuring, startGateway, startHeavyUpstream } from '../support/process.js'
import { openStreamingUpstream } from '../support/upstream.js'
import { deferred, once } from '../support/waiting.js'

const MIB = 1 << 20
const skip = process.env.SLUICE_LONG !== '1' || process.platform !== 'linux' ? 'npm run test:long (Linux)' : false

const configFor = (host: string): object => ({
  timeout: '300s',
  host: [host],
  extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'INFO', stdout: true } },
  endpoints: [
    { endpoint: '/bytes', output_encoding: 'no-op', input_query_strings: ['mb'], backend: [{ url_pattern: '/bytes' }] },
    { endpoint: '/sink', method: 'POST', output_encoding: 'no-op', input_headers: ['*'], backend: [{ url_pattern: '/sink' }] },
    { endpoint: '/denied', input_query_strings: ['mb'], backend: [{ url_pattern: '/object', deny: ['big'] }] },
    {
      endpoint: '/grouped',
      input_query_strings: ['mb'],
      backend: [{ url_pattern: '/list', is_collection: true, group: 'items' }]
    },
    { endpoint: '/collection', input_query_strings: ['mb'], backend: [{ url_pattern: '/list', is_collection: true }] },
    { endpoint: '/whole', input_query_strings: ['mb'], backend: [{ url_pattern: '/object', group: 'g' }] }
  ]
})

interface Received {
  readonly length: number
  readonly head: string
  readonly tail: string
  readonly complete: boolean
}

/** Reads an answer of any size, keeping its ends. */
async function receive(port: number, path: string, init: Parameters<typeof begin>[2] = {}): Promise<Received> {
  const res = await begin(port, path, init).response
  assert.equal(res.statusCode, 200)
  let length = 0
  let head = ''
  let tail = ''
  for await (const chunk of res as AsyncIterable<Buffer>) {
    length += chunk.length
    if (head.length < 100) head += chunk.toString('latin1', 0, 100)
    tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 100))).slice(-100)
  }
  return { length, head, tail, complete: res.complete }
}

function* blocks(mb: number): Generator<Buffer> {
  const block = Buffer.alloc(MIB, 'upload ')
  for (let i = 0; i < mb; i++) yield block
}

const upload = (port: number, mb: number): Promise<Received> =>
  receive(port, '/sink', { method: 'POST', headers: ['Content-Length', String(mb * MIB)], body: Readable.from(blocks(mb)) })

/** What each shape of `mb` MiB looks like at the client. */
const SHAPES: Readonly<Record<string, (got: Received, mb: number) => void>> = {
  '/denied': got => assert.deepEqual(JSON.parse(got.head), { id: 1, name: 'small' }),
  '/grouped': (got, mb) => {
    assert.match(got.head, /^\{"items":\{"collection":\[\{"id":12345678901234567890,/)
    assert.match(got.tail, /"price":1\.10\},\{"last":true\}\]\}\}$/)
    assert.ok(got.length > mb * MIB)
  },
  '/collection': (got, mb) => {
    assert.match(got.head, /^\{"collection":\[\{"id":12345678901234567890,/)
    assert.match(got.tail, /\{"last":true\}\]\}$/)
    assert.ok(got.length > mb * MIB)
  },
  '/whole': (got, mb) => {
    assert.match(got.head, /^\{"g":\{"id":1,"big":\[/)
    assert.match(got.tail, /\],"name":"small"\}\}$/)
    assert.ok(got.length > mb * MIB)
  }
}

test('JSON beyond max_body_bytes is shaped while it flows', async t => {
  const { port } = await openGateway(t, configFor(await startHeavyUpstream(t)))
  for (const [path, check] of Object.entries(SHAPES)) {
    const got = await receive(port, `${path}?mb=12`)
    assert.ok(got.complete, path)
    check(got, 12)
  }
})

/** A client in the middle of a body beyond `max_body_bytes` that is shaped while it flows. */
async function inTheMiddle(
  t: TestContext
): Promise<{ upstream: ServerResponse; client: RawClient; freed: Promise<unknown>; log: KeptLines }> {
  const asked = deferred<ServerResponse>('the upstream to be asked')
  const { origin } = await openStreamingUpstream(t, (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' })
    res.write(`{"kept":"${'x'.repeat(5000)}","list":[1`)
    asked.resolve(res)
  })
  const { port, log } = await openGateway(t, {
    timeout: '60s',
    max_body_bytes: 2000,
    endpoints: [{ endpoint: '/x', backend: [{ host: [origin], url_pattern: '/', deny: ['gone'] }] }],
    extra_config: { 'telemetry/logging': { level: 'ERROR', stdout: true, access_log_format: 'json' } }
  })
  const client = await RawClient.open(port)
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  const upstream = await asked.promise
  const freed = once(upstream, 'close')
  await client.heard('xxx')
  return { upstream, client, freed, log }
}

const BREAKS: Readonly<Record<string, (res: ServerResponse) => void>> = {
  'turns out not to be JSON': res => res.write('}}'),
  'ends too early': res => res.end(),
  'is cut': res => res.destroy()
}

for (const [what, happens] of Object.entries(BREAKS)) {
  test(`a body that ${what} while it is shaped is never given out as whole`, async t => {
    const { upstream, client, freed, log } = await inTheMiddle(t)
    happens(upstream)
    const heard = await client.ended()
    assert.match(heard, /^HTTP\/1\.1 200 /)
    assert.ok(!heard.endsWith('0\r\n\r\n'), 'the last chunk does not come')
    await freed
    assert.match(await log.line(/"\/x"/), /SLUICE_ERR_UPSTREAM_(DECODE|RESET)/)
  })
}

test('a client that vanishes from a body that is shaped frees the upstream', async t => {
  const { client, freed, log } = await inTheMiddle(t)
  client.socket.destroy()
  await freed
  assert.match(await log.line(/"\/x"/), /SLUICE_ERR_CLIENT_ABORTED/)
})

test('2 GiB pass down and up at constant memory', { skip }, async t => {
  const { pid, port } = await startGateway(t, configFor(await startHeavyUpstream(t)))
  await receive(port, '/bytes?mb=256') // code and heap have their working size
  await upload(port, 256)
  const down = await growthDuring(pid, async () => {
    assert.equal((await receive(port, '/bytes?mb=2048')).length, 2048 * MIB)
  })
  const up = await growthDuring(pid, async () => {
    assert.equal((await upload(port, 2048)).head, String(2048 * MIB))
  })
  t.diagnostic(`2 GiB down: ${(down / MIB).toFixed(1)} MiB; up: ${(up / MIB).toFixed(1)} MiB`)
  assert.ok(down < 64 * MIB)
  assert.ok(up < 64 * MIB)
})

for (const [path, check] of Object.entries(SHAPES)) {
  test(`200 MB of JSON through ${path} at constant memory`, { skip }, async t => {
    const { pid, port } = await startGateway(t, configFor(await startHeavyUpstream(t)))
    await receive(port, '/bytes?mb=1')
    const started = performance.now()
    const grown = await growthDuring(pid, async () => check(await receive(port, `${path}?mb=200`), 200))
    t.diagnostic(`${(grown / MIB).toFixed(1)} MiB in ${Math.round(performance.now() - started)} ms, from a cold start`)
    assert.ok(grown < 128 * MIB)
  })
}
