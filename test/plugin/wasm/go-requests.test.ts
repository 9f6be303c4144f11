/** What server plugins in Go see of a request and of their writer, and what they may not do. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from '../../support/client.js'
import { passTime } from '../../support/time.js'
import { fetch, until } from '../../support/waiting.js'
import { echoUpstream, endpointsOf, type GoEndpoint, needsGo, openWithGo } from './go-fixtures.js'

const server = (name: string, more: Partial<GoEndpoint> = {}): GoEndpoint => ({ path: `/${name}`, server: name, ...more })

test('a request has what net/http gives it', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, port } = await openWithGo(
    t,
    endpointsOf(up.host, [server('request'), server('request', { path: '/posted', method: 'POST' })])
  )
  const seen = await ask(port, '/request?a=1&b=%20', {
    headers: ['Host', 'gate.test', 'x-two-words', 'one', 'X-Two-Words', 'two']
  })
  assert.equal(seen.text, 'GET|/request|a=1&b=%20|gate.test|[one two]|0|[]|false|true|/request?a=1&b=%20|true')
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('streamed'))
      controller.close()
    }
  })
  const posted = await fetch(`${origin}/posted`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  assert.match(await posted.text(), /^POST\|\/posted\|\|127\.0\.0\.1:\d+\|\[\]\|-1\|\[chunked\]\|false/)
})

test('a body that Go has put in place of another is in the Content-Encoding that its fields name', needsGo, async t => {
  const up = await echoUpstream(t)
  const bodies = ['replace', 'pipe', 'digest'].map(name => server(name, { method: 'POST' }))
  const packed: GoEndpoint = { path: '/packed', to: '/packed-lines', backendModifiers: ['m-lines'] }
  const { origin } = await openWithGo(t, endpointsOf(up.host, [...bodies, packed]))
  for (const { path } of bodies) {
    const response = await fetch(origin + path, { method: 'POST', body: 'ABC', headers: { 'Content-Encoding': 'x-own' } })
    const { headers, body } = (await response.json()) as { headers: Record<string, string>; body: string }
    assert.deepEqual([headers['content-encoding'], body], ['x-own', 'ABC'], path)
  }
  const response = await fetch(`${origin}/packed`)
  assert.deepEqual([response.headers.get('content-encoding'), await response.text()], ['x-own', 'ONE\n'])
})

test('a writer flushes, takes texts and readers, tells of a client that left; it does not hijack', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [server('abilities'), server('written'), server('notified'), server('count')])
  )
  assert.equal(await (await fetch(`${origin}/abilities`)).text(), 'true true true true false <nil>')
  const written = await fetch(`${origin}/written`)
  const { headers } = written
  assert.deepEqual(
    [headers.get('content-type'), headers.get('content-length'), await written.text()],
    ['application/pdf', '15', '%PDF-1.4 copied']
  )
  const counted = async (of: string): Promise<string> => (await fetch(`${origin}/count?of=${of}`)).text()
  const leave = new AbortController()
  const waiting = fetch(`${origin}/notified`, { signal: leave.signal }).catch(() => {})
  await until(async () => (await counted('waiting')) === '1', 'the plugin to wait')
  leave.abort()
  await waiting
  await until(async () => (await counted('notified')) === '1', 'the plugin to hear that the client left')
})

test(
  'fields that were set before next stand beside those of the response, its type in the place of the other one',
  needsGo,
  async t => {
    const up = await echoUpstream(t)
    const { port } = await openWithGo(t, endpointsOf(up.host, [server('typed')]))
    const { headers } = await ask(port, '/typed')
    assert.equal(headers['content-type'], 'application/vnd.own')
    assert.equal(headers['x-up'], 'plugin, echo')
  }
)

test('a factory gets its options as JSON has them; plugins cannot be opened', needsGo, async t => {
  const up = await echoUpstream(t)
  const options = { number: 1.5, list: [1], object: { a: 1 } }
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [server('options', { options }), server('opens'), server('prints')])
  )
  assert.equal(await (await fetch(`${origin}/options`)).text(), 'float64 1.5 []interface {} map[string]interface {}')
  assert.equal(await (await fetch(`${origin}/opens`)).text(), 'plugin: a Go plugin in Sluice cannot open others')
  assert.equal(await (await fetch(`${origin}/prints`)).text(), `${process.cwd()} <nil>`)
})

test('log.Fatal ends the instance, and its last words are logged', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(t, endpointsOf(up.host, [server('fatal'), server('pass')]))
  assert.equal((await fetch(`${origin}/fatal`)).status, 500)
  await log.line(/the module ended and is started again: exit code 1: no way to go on/)
  assert.equal((await fetch(`${origin}/pass`)).status, 200)
})

test('a plugin that does not answer is named at the deadline, one that calls next with strangers at once', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(
    t,
    endpointsOf(up.host, [server('wait', { timeout: '20s' }), server('strange'), server('count')])
  )
  const waiting = fetch(`${origin}/wait`)
  await until(async () => (await (await fetch(`${origin}/count?of=waiting`)).text()) === '1', 'the plugin to wait')
  await passTime(60_000)
  assert.equal((await waiting).status, 500)
  await log.line(/\[ENDPOINT: \/wait\]\[Plugin: wait\] .*behaviours\.so\.wasm: has not answered within timeout=20000ms/)
  assert.equal((await fetch(`${origin}/strange`)).status, 500)
  await log.line(/next\.ServeHTTP was called with a request and a writer that belong to no request of the gateway/)
})

test('at the service a panic is logged with the place and the lines of the plugin', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(t, endpointsOf(up.host, [{ path: '/any' }]), {
    root: { extra_config: { 'plugin/http-server': { name: ['panic'] } } }
  })
  assert.equal((await fetch(`${origin}/any`)).status, 500)
  await log.line(/\[SERVICE: Router\]\[Plugin: panic\] .*behaviours\.so\.wasm: panic: boom/)
  await log.line(/servers\.go:\d+/)
})

test('a factory that does not end stops the start', {
  ...needsGo,
  skip: needsGo.skip || process.env.SLUICE_LONG === undefined ? 'it takes 10 s: SLUICE_LONG=1' : false
}, async t => {
  const up = await echoUpstream(t)
  await assert.rejects(openWithGo(t, endpointsOf(up.host, [server('factory-hangs')])), /plugin 'factory-hangs'/)
})
