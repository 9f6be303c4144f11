/** A script, a Go plugin, a guest of http-wasm and a token stage in one chain over a large body: 200 MB with `npm run test:long`, else 16. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import type { OpenGateway } from '../../support/open-gateway.js'
import { deferred, once, until, within } from '../../support/waiting.js'
import { type LEVELS, startUpstream, type Upstream } from '../support.js'
import { fixture, needsGo } from './go-fixtures.js'
import { drop, guest, host } from './guest.js'
import { PASSING_SCRIPTS } from './passing-scripts.js'
import { openGuests } from './support.js'

const MEGABYTE = 1_000_000
const SIZE = (process.env.SLUICE_LONG === '1' ? 200 : 16) * MEGABYTE
/** Most bytes that may lie on the way while the client does not read: sockets of both sides, a chunk for each plugin. */
const ON_THE_WAY = 12 * MEGABYTE
const ITEM = '{"id":12345678901234567890,"price":1.10,"text":"café"},'
const CHUNK = ITEM.repeat(1000)

/** A list that begins at once; the rest comes when `rest` says so. */
interface Source {
  readonly up: Upstream
  readonly sent: () => number
  readonly digest: () => string
}

async function startSource(t: TestContext, rest: Promise<void>): Promise<Source> {
  let sent = 0
  let hash = createHash('sha256')
  const up = await startUpstream(t, async (_req, res) => {
    sent = 0
    hash = createHash('sha256')
    const write = (text: string): boolean => {
      sent += Buffer.byteLength(text)
      hash.update(text)
      return res.write(text)
    }
    res.setHeader('Content-Type', 'application/json')
    write(`[${ITEM}`)
    await rest
    while (sent < SIZE) if (!write(CHUNK)) await once(res, 'drain')
    hash.update('1.0]')
    res.end('1.0]')
  })
  return { up, sent: () => sent, digest: () => hash.digest('hex') }
}

async function openChain(t: TestContext, up: string, level: (typeof LEVELS)[number], names: string[]): Promise<OpenGateway> {
  const guestBytes = guest({
    start: [drop(host.enable_features!(2))],
    request: [host.set_header_value!(0, 'X-Guest', 'in')],
    response: [host.set_header_value!(1, 'X-Guest', 'out')]
  })
  const go = path.join(await fixture('behaviours'), 'behaviours.so.wasm')
  return openGuests(
    t,
    up,
    { 'guest.wasm': guestBytes },
    {
      level,
      names,
      modules: [PASSING_SCRIPTS],
      plugin: { modules: [go] },
      root: { max_body_bytes: 10_000, timeout: '300s', write_timeout: '300s' }
    }
  )
}

for (const [level, go] of [
  ['service', 'pass'],
  ['endpoint', 'status'],
  ['endpoint', 'embedded'],
  ['backend', 'direct']
] as const) {
  test(
    `${level}, Go plugin ${go}: the first bytes come while the rest is held back, and no more lies on the way than fits`,
    needsGo,
    async t => {
      const rest = deferred('the rest to be asked for')
      const { up, sent, digest } = await startSource(t, rest.promise)
      const { port } = await openChain(t, up.host, level, ['tap', go, 'guest', 'tokens'])
      const request = get({ port, host: '127.0.0.1', path: '/x', agent: false })
      const [response] = await within('the head', once<[IncomingMessage]>(request, 'response'))
      assert.deepEqual([response.statusCode, response.headers['x-guest']], [200, 'out'])
      const [first] = await within('the first bytes', once<[Buffer]>(response, 'data'))
      response.pause()
      assert.match(first.toString(), /^\[\{"id":12345678901234567890,"price":1\.10/)
      assert.ok(sent() < 200, 'the upstream holds the rest back')
      const hash = createHash('sha256').update(first)
      rest.resolve()
      await until(() => sent() > MEGABYTE, 'the upstream to send')
      // the client does not read: what is sent stands still
      let before = -1
      await until(async () => {
        const stands = sent() === before
        before = sent()
        if (!stands) await new Promise(resolve => setTimeout(resolve, 100))
        return stands
      }, 'the upstream to wait')
      assert.ok(before < Math.min(ON_THE_WAY, SIZE), `${before} bytes were sent to a client that does not read`)
      let size = first.length
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length
        hash.update(chunk)
      }
      assert.ok(response.complete)
      assert.equal(size, sent() + '1.0]'.length)
      assert.equal(hash.digest('hex'), digest())
    }
  )
}
