/** Modifiers in Go: what counts at which scope, as in KrakenD. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetch } from '../../../support/waiting.js'
import { type Echo, echoUpstream, endpointsOf, needsGo, openWithGo } from '../go-fixtures.js'

test('edits of requests', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [
      { path: '/edit/{id}', to: '/echo/{id}', modifiers: ['m-edit'] },
      { path: '/param/{id}', to: '/echo/{id}', modifiers: ['m-param'] },
      { path: '/own', method: 'POST', backendModifiers: ['m-own'] },
      { path: '/both', modifiers: ['m-both', 'm-both'] },
      { path: '/count', server: 'count' }
    ])
  )
  const echo = async (path: string, init?: RequestInit): Promise<Echo> =>
    (await fetch(`${origin}${path}`, init)).json() as Promise<Echo>
  const edited = await echo('/edit/5?a=1')
  assert.equal(edited.headers['x-edit'], 'GET /edit/5 map[Id:5] cfg')
  assert.equal(edited.url, '/echo/5?a=1&added=1')
  assert.equal((await echo('/param/5')).url, '/echo/changed', 'a modifier that returns nothing has edited in place')
  const own = await echo('/own?keep=1', { method: 'POST', body: 'abc' })
  assert.deepEqual([own.method, own.url, own.body, own.headers['x-own']], ['PUT', '/echo/own?keep=1', 'own:abc', '1'])
  await fetch(`${origin}/both`)
  assert.equal(await (await fetch(`${origin}/count?of=both`)).text(), '2', 'on requests only')
})

test('refusals of modifiers', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin, log } = await openWithGo(
    t,
    endpointsOf(up.host, [
      { path: '/refuse', modifiers: ['m-refuse'] },
      { path: '/plain', modifiers: ['m-plain-error'] },
      { path: '/panics', modifiers: ['m-panics'] },
      { path: '/after', modifiers: ['m-after'], decoded: true }
    ]),
    { root: { extra_config: { router: { return_error_msg: true } } } }
  )
  const refused = await fetch(`${origin}/refuse`)
  assert.deepEqual(
    [refused.status, refused.headers.get('content-type'), refused.headers.get('x-refused'), await refused.text()],
    [403, 'application/problem+json', 'yes', '{"title":"no"}']
  )
  assert.deepEqual(await fetch(`${origin}/plain`).then(async plain => [plain.status, await plain.text()]), [500, 'plain'])
  assert.equal((await fetch(`${origin}/panics`)).status, 500)
  await log.line(/panic: a modifier/)
  assert.equal((await fetch(`${origin}/after`)).status, 409)
})

test('data of responses: numbers keep their spelling, only what changed comes back', needsGo, async t => {
  const up = await echoUpstream(t)
  const { origin } = await openWithGo(
    t,
    endpointsOf(up.host, [
      { path: '/label', to: '/things/1', modifiers: ['m-label'], decoded: true },
      { path: '/backend', to: '/things/1', backendModifiers: ['m-read-only', 'm-label'], decoded: true },
      { path: '/lines', to: '/lines', modifiers: ['m-lines'] }
    ])
  )
  const labelled = await fetch(`${origin}/label`)
  assert.equal(labelled.headers.get('x-label'), 'yes')
  const text = await labelled.text()
  for (const part of ['"big":12345678901234567890', '"copy":12345678901234567890', '"price":1.10', '{"deep":2e3}', '"first"']) {
    assert.ok(text.includes(part), `${part} in ${text}`)
  }
  assert.ok(!text.includes('secret'))
  assert.match(text, /"label":"0 true \d+"/)
  assert.match(await (await fetch(`${origin}/backend`)).text(), /"label":"0 true/)
  const lines = await fetch(`${origin}/lines`)
  assert.deepEqual([lines.headers.get('x-lines'), await lines.text()], ['upper', 'ONE\nTWO\n'])
})
