/** The configuration of the real-life table: each of its components does its work, so that the table measures no gateway that only refuses. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { ORDER, ORIGIN, prepareReal, REAL_CASES, realConfig } from '../../../bench/peers/real-life.mjs'
import { serve } from '../../plugins/auth/support.js'
import { openGateway } from '../../support/open-gateway.js'
import { fetch } from '../../support/waiting.js'

interface RealCase {
  readonly id: string
  readonly path: string
  readonly fields: Record<string, string>
  readonly json?: string
  readonly tokens?: { readonly file: string; readonly count: number }
}

let folder: string
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'real-life-'))
})
after(() => rmSync(folder, { recursive: true }))

const small = (cases: readonly { fresh?: boolean }[]): object[] => cases.filter(one => one.fresh !== true)

async function open(t: Parameters<typeof openGateway>[0], bare: boolean) {
  const cases: RealCase[] = prepareReal(small(REAL_CASES), folder)
  const upstream = await serve(t, (req, res) => {
    if (req.url!.endsWith('.json')) res.setHeader('Content-Type', 'application/json')
    if (req.url!.startsWith('/cached/')) res.setHeader('Cache-Control', 'max-age=3600')
    req.resume().on('end', () => res.end(req.url!.endsWith('.json') ? `{"${req.url}":1}` : 'ok'))
  })
  const { port: _, ...config } = realConfig({ port: 0, upstream: upstream.url, folder, bare })
  return { cases, upstream, gateway: await openGateway(t, config) }
}

const ask = (origin: string, one: RealCase, fields: Record<string, string>, body = one.json) =>
  fetch(origin + one.path, {
    headers: { ...fields, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { method: 'POST', body })
  })

test('every case is answered, marked for browsers, and refused without a token', async t => {
  const { cases, gateway } = await open(t, false)
  for (const one of cases) {
    for (let i = 0; i < 2; i++) {
      const response = await ask(gateway.origin, one, one.fields)
      await response.text()
      assert.equal(response.status, 200, one.id)
      assert.equal(response.headers.get('access-control-allow-origin'), ORIGIN, one.id)
      assert.equal(response.headers.get('x-frame-options'), 'DENY', one.id)
    }
    assert.equal((await ask(gateway.origin, one, { Origin: ORIGIN })).status, 401, one.id)
  }
})

test('the schema refuses, and the cache answers', async t => {
  const { cases, gateway, upstream } = await open(t, false)
  const post = cases.find(one => one.id === 'real-post')!
  assert.equal((await ask(gateway.origin, post, post.fields, ORDER.replace('c-4711', 'x'))).status, 400)
  const cached = cases.find(one => one.id === 'real-cached')!
  for (let i = 0; i < 3; i++) assert.equal(await (await ask(gateway.origin, cached, cached.fields)).text(), 'ok')
  assert.equal(upstream.requests.filter(({ url }) => url === '/cached/150.txt').length, 1)
})

test('the same endpoints without components answer everybody', async t => {
  const { cases, gateway } = await open(t, true)
  for (const one of cases) assert.equal((await ask(gateway.origin, one, {})).status, 200, one.id)
})

test('fresh tokens are many, all different, and good', async t => {
  const fresh = prepareReal(
    REAL_CASES.filter((one: { id: string }) => one.id === 'real-es-fresh'),
    folder
  )[0] as RealCase
  const tokens = readFileSync(fresh.tokens!.file, 'utf8').trimEnd().split('\n')
  assert.equal(new Set(tokens).size, fresh.tokens!.count)
  const upstream = await serve(t, (_req, res) => res.end('ok'))
  const { port: _, ...config } = realConfig({ port: 0, upstream: upstream.url, folder, bare: false })
  const { origin } = await openGateway(t, config)
  for (const token of [tokens[0]!, tokens.at(-1)!])
    assert.equal((await ask(origin, fresh, { authorization: `Bearer ${token}` })).status, 200)
})
