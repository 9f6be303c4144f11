/** The two examples of KrakenD's manual, in their shape: their story, and the lines that it tells. */

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { openGuestServices } from '../../../../src/cli/guest-services.js'
import { inspectPlugin } from '../../../../src/plugin/load/inspect.js'
import { fetch } from '../../../support/waiting.js'
import { echoUpstream, endpointsOf, fixture, needsGo, openWithGo } from '../go-fixtures.js'

test('the server example responds on its path and passes everything else on', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(t, endpointsOf(up.host, [{ path: '/normal' }]), {
    fixture: 'server-example',
    root: { extra_config: { 'plugin/http-server': { name: ['server-example'], 'server-example': { path: '/hijack-me' } } } }
  })
  const hijacked = await fetch(`${origin}/hijack-me`)
  assert.deepEqual([hijacked.status, await hijacked.text()], [200, 'Hello, "/hijack-me"'])
  assert.equal(hijacked.headers.get('content-type'), 'text/plain; charset=utf-8')
  const normal = await fetch(`${origin}/normal`)
  assert.equal(((await normal.json()) as { url: string }).url, '/echo')
  assert.equal((await fetch(`${origin}/none`)).status, 404)
  for (const line of [
    /DEBUG \[PLUGIN: server-example\] Logger loaded/,
    /INFO \[SERVICE: Handler Plugin\] Total plugins loaded: 1/,
    /DEBUG The plugin is now hijacking the path \/hijack-me/,
    /DEBUG \[PLUGIN: Server\] Injecting plugin server-example/,
    /DEBUG request: \/hijack-me/
  ]) {
    await log.line(line)
  }
})

test('the client example responds in place of the backend, or makes its call', needsGo, async t => {
  const up = await echoUpstream(t)
  const pattern = '/__debug/{optional}'
  const endpoint = (name: string, own: object): object => ({
    endpoint: '/test/{optional}',
    backend: [{ host: [up.host], url_pattern: pattern, extra_config: { 'plugin/http-client': { name, 'client-example': own } } }]
  })
  const { origin, log } = await openWithGo(t, [endpoint('client-example', { path: '/__debug/hijack-me' })], {
    fixture: 'client-example'
  })
  assert.deepEqual(await (await fetch(`${origin}/test/hijack-me`)).json(), { message: '/__debug/hijack-me' })
  assert.deepEqual(up.calls, [])
  const normal = (await (await fetch(`${origin}/test/normal`)).json()) as { url: string; headers: Record<string, string> }
  assert.equal(normal.url, '/__debug/normal')
  assert.match(normal.headers['user-agent']!, /^KrakenD/)
  assert.deepEqual(up.calls, ['GET /__debug/normal'])
  await log.line(/DEBUG \[PLUGIN: client-example\] Logger loaded/)
  await log.line(/INFO \[SERVICE: Executor Plugin\] Total plugins loaded: 1/)
  await log.line(/The plugin is now hijacking the path \/__debug\/hijack-me/)
})

test('a factory that returns an error stops the start, or leaves the plugin out', needsGo, async t => {
  const up = await echoUpstream(t)
  const root = { extra_config: { 'plugin/http-server': { name: ['server-example'] } } }
  const start = (plugin: object): Promise<unknown> =>
    openWithGo(t, endpointsOf(up.host, [{ path: '/a' }]), { fixture: 'server-example', root, plugin })
  await assert.rejects(start({}), /plugin 'server-example' \(.*server-example\.so\.wasm\): configuration not found/)
  await start({ on_error: 'skip' })
})

test('a file says what it is and what it registers', needsGo, async t => {
  const services = openGuestServices()
  t.after(() => services.close())
  const report = await inspectPlugin(path.join(await fixture('server-example'), 'server-example.so.wasm'), services)
  assert.match(report.about.join(), /^Go plugin of KrakenD: module server-example, compiled by go1\.\d+(?:\.\d+)? for border 2$/)
  assert.deepEqual(
    report.symbols.map(({ symbol, names }) => [symbol, names]),
    [['HandlerRegisterer', ['server-example']]]
  )
})
