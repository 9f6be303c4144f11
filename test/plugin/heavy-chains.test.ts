/** Chains over more than memory holds, and the first event of a stream: minutes, run by `npm run test:long`, which prints the figures. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { growthDuring, startGateway, startHeavyUpstream } from '../support/process.js'
import { once } from '../support/waiting.js'
import { startUpstream } from './support.js'
import { fixture, GO } from './wasm/go-fixtures.js'
import { drop, guest, host } from './wasm/guest.js'
import { folderWith } from './wasm/support.js'

const MIB = 1 << 20
const skip = process.env.SLUICE_LONG !== '1' || process.platform !== 'linux' ? 'npm run test:long (Linux)' : false

const times = (count: number, name: string): string[] => Array.from({ length: count }, () => name)

/** A gateway in a process of its own with no-op endpoints under the plugins' names. */
function serve(
  t: TestContext,
  host: string,
  endpoints: Readonly<Record<string, { from: string; names: readonly string[] }>>,
  modules: readonly string[] = []
) {
  return startGateway(t, {
    timeout: '300s',
    host: [host],
    plugin: { folder: './test/plugin/', pattern: 'heavy-plugins', modules },
    extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'INFO', stdout: true } },
    endpoints: Object.entries(endpoints).map(([endpoint, { from, names }]) => ({
      endpoint,
      output_encoding: 'no-op',
      input_query_strings: ['mb'],
      backend: [{ url_pattern: from, encoding: 'no-op' }],
      extra_config: { 'plugin/http-server': { name: names, 'server-example': { path: '/hijack-me' } } }
    }))
  })
}

/** Reads an answer of any size; answers its length and its digest. */
async function receive(port: number, target: string): Promise<{ length: number; digest: string }> {
  const [response] = await once<[IncomingMessage]>(get({ port, host: '127.0.0.1', path: target, agent: false }), 'response')
  assert.equal(response.statusCode, 200)
  const hash = createHash('sha1')
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    hash.update(chunk)
    length += chunk.length
  }
  assert.ok(response.complete)
  return { length, digest: hash.digest('hex') }
}

const figure = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`

test('1 GiB through eight byte stages at constant memory', { skip }, async t => {
  const { pid, port } = await serve(t, await startHeavyUpstream(t), {
    '/one': { from: '/bytes', names: times(8, 'flip') },
    '/none': { from: '/bytes', names: [] }
  })
  await receive(port, '/one?mb=128') // code and heap have their working size
  const plain = await receive(port, '/none?mb=1024')
  const started = performance.now()
  const grown = await growthDuring(pid, async () => {
    assert.deepEqual(await receive(port, '/one?mb=1024'), plain)
  })
  t.diagnostic(`1 GiB through 8 byte stages: grew by ${figure(grown)} in ${Math.round(performance.now() - started)} ms`)
  assert.ok(grown < 64 * MIB)
})

test('a collection of 200 MB through four token stages at constant memory', { skip }, async t => {
  const { pid, port } = await serve(t, await startHeavyUpstream(t), {
    '/four': { from: '/list', names: times(4, 'tokens') },
    '/none': { from: '/list', names: [] }
  })
  const plain = await receive(port, '/none?mb=200')
  const started = performance.now()
  const grown = await growthDuring(pid, async () => {
    assert.deepEqual(await receive(port, '/four?mb=200'), plain) // digits and spelling too
  })
  t.diagnostic(
    `200 MB through 4 token stages: grew by ${figure(grown)} in ${Math.round(performance.now() - started)} ms, from a cold start`
  )
  assert.ok(grown < 96 * MIB)
})

test('200 MB through scripts, a Go plugin, a WebAssembly guest and a token stage at constant memory', { skip }, async t => {
  const bytes = guest({
    start: [drop(host.enable_features!(2))],
    request: [host.set_header_value!(0, 'X-Guest', 'in')],
    response: [host.set_header_value!(1, 'X-Guest', 'out')]
  })
  const modules = [path.join(await folderWith(t, { 'guest.wasm': bytes }), 'guest.wasm')]
  if (GO === undefined) t.diagnostic('without a Go plugin: there is no Go')
  else modules.push(path.join(await fixture('server-example'), 'server-example.so.wasm'))
  const go = GO === undefined ? [] : ['server-example']
  const endpoints = {
    '/mixed': { from: '/list', names: ['tap', 'guest', ...go, 'tokens', 'guest', 'flip', 'flip', ...go] },
    '/none': { from: '/list', names: [] }
  }
  const { pid, port } = await serve(t, await startHeavyUpstream(t), endpoints, modules)
  const plain = await receive(port, '/none?mb=200')
  const started = performance.now()
  const grown = await growthDuring(pid, async () => {
    assert.deepEqual(await receive(port, '/mixed?mb=200'), plain)
  })
  t.diagnostic(
    `200 MB through scripts, Go, guests and a token stage: grew by ${figure(grown)} in ${Math.round(performance.now() - started)} ms`
  )
  assert.ok(grown < 96 * MIB)
})

test('the first event of a stream passes eight plugins at once', { skip }, async t => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.flushHeaders()
    setTimeout(() => response.write(`data: ${performance.now()}\n\n`), 20)
  })
  const names = [...times(3, 'mark'), ...times(3, 'tap'), ...times(2, 'flip')]
  const { port } = await serve(t, upstream.host, { '/events': { from: '/', names } })
  const waited: number[] = []
  for (let i = 0; i < 50; i++) {
    const request = get({ port, host: '127.0.0.1', path: '/events', agent: false })
    const [response] = await once<[IncomingMessage]>(request, 'response')
    const [chunk] = await once<[Buffer]>(response, 'data')
    waited.push(performance.now() - Number(chunk.toString().slice(6)))
    request.destroy()
  }
  const [first] = waited
  waited.sort((a, b) => a - b)
  t.diagnostic(
    `first event through 8 plugins: ${first!.toFixed(1)} ms on the first connection; of 50: median ${waited[25]!.toFixed(1)} ms, most ${waited[49]!.toFixed(1)} ms`
  )
  assert.ok(waited[49]! < 50)
})
