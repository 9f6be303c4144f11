/** The life of a Go module: its instance dies, is started again, is let go. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { ConfigInput } from '../../../../src/index.js'
import { begin } from '../../../support/client.js'
import { fetch, until, within } from '../../../support/waiting.js'
import { type Echo, echoUpstream, endpointsOf, fixture, type GoEndpoint, needsGo, openWithGo } from '../go-fixtures.js'

const server = (name: string, more: Partial<GoEndpoint> = {}): GoEndpoint => ({ path: `/${name}`, server: name, ...more })

test('a panic fails its request, and the module lives on', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(
    t,
    endpointsOf(
      up.host,
      ['panic', 'late-panic', 'abort', 'goexit', 'count'].map(name => server(name))
    )
  )
  assert.equal((await fetch(`${origin}/panic`)).status, 500)
  await log.line(/\[ENDPOINT: \/panic\]\[Plugin: panic\] .*behaviours\.so\.wasm: panic: boom/)
  await log.line(/servers\.go:\d+/)
  await assert.rejects(fetch(`${origin}/late-panic`).then(cut => cut.text()))
  await log.line(/panic: boom after the head/)
  await assert.rejects(fetch(`${origin}/abort`), 'the connection is cut')
  assert.ok(!log.text.includes('Plugin: abort'), 'http.ErrAbortHandler is no failure of the plugin')
  assert.equal((await fetch(`${origin}/goexit`)).status, 500)
  assert.equal(await (await fetch(`${origin}/count?of=init`)).text(), '1')
  assert.ok(!log.text.includes('is started again'))
})

for (const [name, cause] of [
  ['exit', 'exit code 7'],
  ['goroutine', 'panic: boom in a goroutine'],
  ['deep', 'stack overflow'],
  ['eat', 'out of memory']
] as const) {
  test(`${name} under 200 requests: those of the module fail, others go on, the next ones are served`, needsGo, async t => {
    const up = await echoUpstream(t)
    const other = { path: '/other', server: 'server-example', options: { path: '/hijack-me' }, method: 'POST' }
    const servers = [server(name), server('wait'), server('count'), server('pass')]
    const { origin, port, log } = await openWithGo(t, endpointsOf(up.host, [...servers, other]), {
      // the upload waits for the end of the test, and on a busy machine that is late
      root: { timeout: '120s', read_timeout: '120s' },
      plugin: { wasm: { max_memory: '100MB' }, modules: [path.join(await fixture('server-example'), 'server-example.so.wasm')] }
    })
    const body = new PassThrough()
    const { response } = begin(port, '/other', { method: 'POST', body })
    const sent = createHash('sha256')
    const send = (text: string): unknown => sent.update(text) && body.write(text)
    send('begun before, ')
    // on a busy machine the upload is open for longer than the window of the minimum body rate
    const trickle = setInterval(send, 1000, '.'.repeat(1000))
    t.after(() => clearInterval(trickle))
    const open = Array.from({ length: 200 }, () => fetch(`${origin}/wait`))
    const reaches = (of: string, count: number): Promise<unknown> =>
      until(async () => Number(await (await fetch(`${origin}/count?of=${of}`)).text()) >= count, `${count} × ${of}`)
    await reaches('waiting', 200)
    await until(() => up.calls.includes('POST /echo'), 'the upload through the other module')
    const died = fetch(`${origin}/${name}`)
    const next = Array.from({ length: 50 }, () => fetch(`${origin}/pass`))
    assert.equal((await died).status, 500)
    assert.deepEqual(new Set((await within('all that were open', Promise.all(open))).map(one => one.status)), new Set([500]))
    for (const one of await within('all that came next', Promise.all(next))) assert.ok(one.status === 200 || one.status === 500)
    assert.equal((await fetch(`${origin}/pass`)).status, 200)
    assert.equal(await (await fetch(`${origin}/count?of=waiting`)).text(), '0', 'a new instance')
    await log.line(/ERROR \[PLUGIN: behaviours\.so\.wasm\] the module ended and is started again/)
    assert.ok(log.text.includes(cause), `${cause} in\n${log.text}`)
    assert.ok(!log.text.includes('[PLUGIN: server-example.so.wasm] the module ended'))
    clearInterval(trickle)
    send('ended after')
    body.end()
    const text = Buffer.concat(await within('the other response', (await response).toArray())).toString()
    assert.match(text, /^\{/, log.text.slice(-3000))
    const echo = JSON.parse(text) as Echo
    assert.equal(echo.sha256, sent.digest('base64'))
  })
}

test('200 panics at once fail their own requests', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(
    t,
    endpointsOf(
      up.host,
      ['panic', 'pass', 'count'].map(name => server(name))
    )
  )
  const statuses = (name: string): Promise<number[]> =>
    Promise.all(Array.from({ length: 200 }, async () => (await fetch(`${origin}/${name}`)).status))
  const [failed, passed] = await within('400 responses', Promise.all([statuses('panic'), statuses('pass')]))
  assert.deepEqual([new Set(failed), new Set(passed)], [new Set([500]), new Set([200])])
  assert.ok(!log.text.includes('is started again'))
})

test('a module that ends again and again stays down', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(t, endpointsOf(up.host, [server('exit'), server('count')]))
  for (let i = 0; i < 6; i++) assert.equal((await fetch(`${origin}/exit`)).status, 500)
  await log.line(/the module ended 6 times within a minute and stays down for 30 s: exit code 7/)
  assert.equal((await fetch(`${origin}/count`)).status, 500)
})

test('a module that is too large is started again, its requests end', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(t, endpointsOf(up.host, [server('grow'), server('count')]), {
    plugin: { wasm: { max_memory: '120MB' } }
  })
  assert.equal(await (await fetch(`${origin}/grow`)).text(), '1')
  assert.equal(await (await fetch(`${origin}/grow`)).text(), '2')
  await log.line(/WARNING \[PLUGIN: behaviours\.so\.wasm\] the module has \d+ MB of memory, plugin\.wasm\.max_memory is 120 MB/)
  await until(async () => (await (await fetch(`${origin}/grow`)).text()) === '1', 'a new instance')
})

test('a busy plugin is named', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(t, endpointsOf(up.host, [server('busy')]))
  await fetch(`${origin}/busy`)
  await log.line(/WARNING .*behaviours\.so\.wasm kept the gateway busy for \d+ ms/)
})

test('timers of plugins run, and end with the gateway', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, gateway } = await openWithGo(t, endpointsOf(up.host, [server('ticks'), server('count')]))
  await until(async () => Number(await (await fetch(`${origin}/count?of=tick`)).text()) > 3, 'some ticks')
  await gateway.close()
})

test('a plugin in many places gives no warning of node', needsGo, async t => {
  const up = await echoUpstream(t)
  const warnings: string[] = []
  const hear = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', hear)
  t.after(() => process.off('warning', hear))
  const places = Array.from({ length: 30 }, (_, i) => server('pass', { path: `/place/${i}` }))
  const { origin } = await openWithGo(t, endpointsOf(up.host, places))
  assert.equal((await fetch(`${origin}/place/29`)).status, 200)
  assert.deepEqual(
    warnings.filter(text => text.includes('listeners')),
    []
  )
})

test('200 requests at once', needsGo, async t => {
  const up = await echoUpstream(t)
  const names = ['pass', 'answer', 'capture', 'status'].map(name => server(name))
  const { origin } = await openWithGo(t, endpointsOf(up.host, [...names, { path: '/direct', client: 'direct' }]))
  const paths = [...names.map(one => one.path), '/direct']
  const all = Array.from({ length: 200 }, async (_, i) => {
    const response = await fetch(`${origin}${paths[i % paths.length]}`)
    await response.arrayBuffer()
    return response.status
  })
  assert.deepEqual(new Set(await within('200 responses', Promise.all(all))), new Set([200, 202]))
})

test('what is wrong with a factory is told at the start', needsGo, async t => {
  const up = await echoUpstream(t)
  const start = (name: string): Promise<unknown> => openWithGo(t, endpointsOf(up.host, [server(name)]))
  await assert.rejects(start('factory-error'), /plugin 'factory-error' \(.*\): a key is missing/)
  await assert.rejects(start('factory-panic'), /plugin 'factory-panic' \(.*\): panic: no options/)
})

test('a reload makes a new instance; the old one ends when its requests have', needsGo, async t => {
  const up = await echoUpstream(t)
  let said = ''
  t.mock.method(process.stderr, 'write', (text: string | Uint8Array) => {
    said += Buffer.from(text as Uint8Array).toString()
    return true
  })
  const servers = [server('grow'), server('ticks'), server('count'), { ...server('pipe'), method: 'POST' }]
  const endpoints = endpointsOf(up.host, servers)
  const { origin, port, gateway } = await openWithGo(t, endpoints)
  const grown = async (): Promise<string> => (await fetch(`${origin}/grow`)).text()
  assert.deepEqual([await grown(), await grown()], ['1', '2'])
  const body = new PassThrough()
  const { response } = begin(port, '/pipe', { method: 'POST', body })
  body.write('begun before, ')
  await until(() => up.calls.includes('POST /echo'), 'the upload at the upstream')

  const plugin = { folder: `${await fixture('behaviours')}/`, pattern: '.so' }
  await gateway.reload({ version: 3, listen_ip: '127.0.0.1', timeout: '30s', name: 'second', plugin, endpoints } as ConfigInput)
  assert.equal(await grown(), '1', 'the new instance has a memory of its own')
  assert.ok(!said.includes('ticks ended'), 'the old instance has a request')

  body.end('ended after')
  const res = await response
  const echo = JSON.parse(Buffer.concat(await within('the response of the old instance', res.toArray())).toString()) as Echo
  assert.equal(echo.body, 'begun before, ended after')
  await until(() => said.includes('ticks ended'), 'the old instance to end')
  assert.equal(await grown(), '2')
  assert.equal(said.match(/ticks ended/g)!.length, 1, 'the new instance goes on')
})
