/** Client plugins in Go, and what modules call. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetch } from '../../../support/waiting.js'
import { echoUpstream, endpointsOf, type GoEndpoint, needsGo, openWithGo } from '../go-fixtures.js'

const client = (name: string, more: Partial<GoEndpoint> = {}): GoEndpoint => ({ path: `/${name}`, client: name, ...more })

test('the gateway makes the call of the backend, other calls go out by themselves', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [
      client('direct', { method: 'POST' }),
      client('direct', { path: '/direct/big', to: '/big' }),
      client('direct', { path: '/direct/decoded', to: '/things/1', decoded: true }),
      client('buffered', { to: '/big' }),
      client('retry', { method: 'POST', to: '/flaky' }),
      client('token'),
      client('rebuilt', { method: 'POST' }),
      client('sniffed', { to: '/lines' })
    ])
  )
  const post = (path: string, body: string): Promise<Response> => fetch(`${origin}${path}`, { method: 'POST', body })
  const direct = await post('/direct', 'x'.repeat(100_000))
  assert.equal(direct.headers.get('x-up'), 'echo')
  assert.equal(((await direct.json()) as { bytes: number }).bytes, 100_000)
  const big = await fetch(`${origin}/direct/big?n=1000000`)
  assert.equal((await big.arrayBuffer()).byteLength, 1_000_000)
  assert.match(await (await fetch(`${origin}/direct/decoded`)).text(), /"big":12345678901234567890/)
  const buffered = await fetch(`${origin}/buffered?n=70000`)
  assert.deepEqual([buffered.headers.get('x-length'), (await buffered.text()).length], ['70000', 70_000])
  const retried = (await (await post('/retry', 'again')).json()) as { headers: Record<string, string>; body: string }
  assert.deepEqual([retried.headers['x-try'], retried.body], ['2', 'again'])
  const token = (await (await fetch(`${origin}/token`)).json()) as { headers: Record<string, string> }
  assert.equal(token.headers.authorization, 'Bearer secret-token')
  const rebuilt = (await (await post('/rebuilt', 'body')).json()) as { url: string; body: string }
  assert.deepEqual([rebuilt.url, rebuilt.body], ['/echo?made=1', 'body'])
  const sniffed = await fetch(`${origin}/sniffed`)
  assert.deepEqual([sniffed.headers.get('content-type'), await sniffed.text()], ['text/plain; charset=utf-8', 'one\ntwo\n'])
})

test("redirects are the plugin's", needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [client('no-redirect', { to: '/redirect' }), client('direct', { to: '/redirect' })])
  )
  const stayed = await fetch(`${origin}/no-redirect`, { redirect: 'manual' })
  assert.deepEqual([stayed.status, stayed.headers.get('location')], [302, '/echo/there'])
  assert.equal(((await (await fetch(`${origin}/direct`)).json()) as { url: string }).url, '/echo/there')
})

test('a response that breaks off is cut or fails, never whole', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [
      client('direct', { to: '/cut' }),
      client('buffered', { to: '/cut' }),
      client('impatient', { to: '/never' }),
      client('impatient', { path: '/impatient/body', to: '/stalls' })
    ])
  )
  await assert.rejects(fetch(`${origin}/direct`).then(cut => cut.text()))
  assert.equal((await fetch(`${origin}/buffered`)).status, 502)
  // 502 where the head came too late as well
  const stalled = fetch(`${origin}/impatient/body`).then(async cut => `${cut.status} ${(await cut.text()).length}`)
  assert.match(await stalled.catch(() => 'cut'), /^(?:cut$|502 )/, 'the time limit of a client within a body')
  const late = await fetch(`${origin}/impatient`)
  assert.deepEqual([late.status, /Client\.Timeout exceeded/.test(await late.text())], [502, true])
})
