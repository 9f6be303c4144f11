/** What counts of what modifiers in Go change, and what their wrappers have. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ask } from '../../support/client.js'
import { deferred, fetch, once, within } from '../../support/waiting.js'
import { type Echo, echoUpstream, endpointsOf, needsGo, openWithGo } from './go-fixtures.js'

test('at an endpoint query, params, headers and body count; at a backend URL, method, headers and body', needsGo, async t => {
  const up = await echoUpstream(t)
  const { port } = await openWithGo(
    t,
    endpointsOf(up.host, [
      { path: '/endpoint/{id}', to: '/echo/{id}', method: 'POST', modifiers: ['m-all'] },
      { path: '/backend/{id}', to: '/echo/{id}', method: 'POST', backendModifiers: ['m-all'] }
    ])
  )
  const echo = async (path: string): Promise<Echo> =>
    JSON.parse((await ask(port, path, { method: 'POST', body: 'a longer body than the new one' })).text) as Echo
  const atEndpoint = await echo('/endpoint/1?kept=1')
  assert.deepEqual(
    [atEndpoint.method, atEndpoint.url, atEndpoint.body, atEndpoint.headers['x-by'], atEndpoint.headers['content-length']],
    ['POST', '/echo/by-param?by=query', 'by body', 'header', '7']
  )
  const atBackend = await echo('/backend/1?kept=1')
  assert.deepEqual(
    [atBackend.method, atBackend.url, atBackend.body, atBackend.headers['x-by'], atBackend.headers['content-length']],
    ['PATCH', '/echo/by-url?kept=1', 'by body', 'header', '7']
  )
})

test('wrappers have contexts and the request of a response; what is no wrapper leaves edits in place', needsGo, async t => {
  const up = await echoUpstream(t)
  const endpoints = endpointsOf(up.host, [
    { path: '/contexts', modifiers: ['m-contexts'] },
    { path: '/stranger', modifiers: ['m-stranger'] },
    { path: '/of-request', modifiers: ['m-of-request'] }
  ]) as { extra_config: Record<string, object> }[]
  Object.assign(endpoints[0]!.extra_config['plugin/req-resp-modifier']!, { number: 3 })
  const { port } = await openWithGo(t, endpoints)
  const echo = async (path: string): Promise<Echo> => JSON.parse((await ask(port, path)).text) as Echo
  assert.equal((await echo('/contexts')).headers['x-config'], 'float64')
  assert.equal((await echo('/stranger')).headers['x-stranger'], 'kept')
  assert.equal((await ask(port, '/of-request')).headers['x-of-request'], 'GET /of-request true')
})

test(
  "the status of a decoded response stays, that of a raw one is the plugin's; raw responses have no data",
  needsGo,
  async t => {
    const up = await echoUpstream(t)
    const { port } = await openWithGo(
      t,
      endpointsOf(up.host, [
        { path: '/decoded', to: '/things/1', modifiers: ['m-status'], decoded: true },
        { path: '/raw', modifiers: ['m-raw', 'm-status'] },
        { path: '/longer', to: '/lines', modifiers: ['m-longer'] }
      ])
    )
    assert.equal((await ask(port, '/decoded')).status, 200)
    const raw = await ask(port, '/raw')
    assert.deepEqual([raw.status, raw.headers['x-raw']], [418, '200 0 true'])
    const longer = await ask(port, '/longer')
    assert.deepEqual([longer.text, longer.headers['content-length']], ['one\ntwo\none\ntwo\n', '16'])
  }
)

test('members that a modifier leaves alone keep their text and their order', needsGo, async t => {
  const up = await echoUpstream(t)
  const { port } = await openWithGo(
    t,
    endpointsOf(up.host, [
      { path: '/same', to: '/things/1', modifiers: ['m-read-only'], decoded: true },
      { path: '/none', to: '/things/1', decoded: true }
    ])
  )
  assert.equal((await ask(port, '/same')).text, (await ask(port, '/none')).text)
})

test('events go through a modifier as they come', needsGo, async t => {
  const rest = deferred('the second event to be sent')
  const events = createServer(async (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write('data: one\n\n')
    await rest.promise
    res.end('data: two\n\n')
  })
  events.listen(0, '127.0.0.1')
  await once(events, 'listening')
  t.after(() => {
    events.closeAllConnections()
    events.close()
  })
  const host = `http://127.0.0.1:${(events.address() as AddressInfo).port}`
  const { origin } = await openWithGo(t, endpointsOf(host, [{ path: '/events', modifiers: ['m-lines'] }]))
  const response = await within('the head', fetch(`${origin}/events`))
  const reader = response.body!.getReader()
  let said = ''
  const more = async (): Promise<boolean> => {
    const { done, value } = await within('more events', reader.read())
    said += Buffer.from(value ?? []).toString()
    return !done
  }
  while (!said.includes('\n\n')) await more()
  assert.equal(said, 'DATA: ONE\n\n')
  rest.resolve()
  while (await more());
  assert.equal(said, 'DATA: ONE\n\nDATA: TWO\n\n')
})
