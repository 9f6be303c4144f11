import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendJson } from '../../src/admin/send.js'
import { ask, openAdmin } from './support.js'

const TOKEN = 'a-token-of-enough-length'

async function withRoutes(...given: Parameters<typeof openAdmin>) {
  const open = await openAdmin(...given)
  open.server.route('/shut', { methods: ['GET'], handle: (_, res) => sendJson(res, 200, {}) })
  open.server.route('/open', { methods: ['GET'], open: true, handle: (_, res) => sendJson(res, 200, {}) })
  return open
}

test('without a token a request must name a loopback address', async t => {
  const { port } = await withRoutes(t)
  const statusFor = async (host: string): Promise<number> => (await ask(port, '/shut', { headers: { host } })).status
  for (const host of ['localhost', 'LOCALHOST:9901', `127.0.0.1:${port}`, '127.8.9.1', '[::1]:80', '[::ffff:127.0.0.1]'])
    assert.equal(await statusFor(host), 200, host)
  for (const host of [
    'evil.test',
    'localhost.evil.test:9901',
    '127.0.0.1.nip.io',
    '10.0.0.1',
    '[::2]',
    '127.0.0.1:80:80',
    'localhost@evil'
  ])
    assert.equal(await statusFor(host), 421, host)
})

test('probes are open under any name', async t => {
  const { port } = await withRoutes(t, { token: TOKEN })
  assert.equal((await ask(port, '/open', { headers: { host: '10.1.2.3:9901' } })).status, 200)
})

test('with a token a request must carry it, whatever name it uses', async t => {
  const { port } = await withRoutes(t, { token: TOKEN })
  const statusFor = async (authorization: string): Promise<number> =>
    (await ask(port, '/shut', { headers: { authorization, host: 'gateway.internal' } })).status
  for (const good of [`Bearer ${TOKEN}`, `bearer  ${TOKEN} `]) assert.equal(await statusFor(good), 200, good)
  for (const bad of [
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN} more`
  ])
    assert.equal(await statusFor(bad), 401, bad)
})

test('a refusal tells how to ask, and nothing of what is there', async t => {
  const { port } = await withRoutes(t, { token: TOKEN })
  const there = await ask(port, '/shut')
  const nothing = await ask(port, '/nothing')
  assert.deepEqual([there.status, there.headers['www-authenticate']], [401, 'Bearer realm="sluice"'])
  assert.deepEqual([nothing.status, nothing.body], [there.status, there.body])
})

test('what a page of another site loads is refused, a link from it is followed', async t => {
  const { port } = await withRoutes(t)
  const statusFor = async (site: string, more: Record<string, string> = {}): Promise<number> =>
    (await ask(port, '/shut', { headers: { host: 'localhost', 'sec-fetch-site': site, ...more } })).status
  assert.equal(await statusFor('cross-site', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }), 403)
  assert.equal(await statusFor('same-site', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }), 403)
  assert.equal(await statusFor('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }), 403)
  assert.equal(await statusFor('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }), 200)
  assert.equal(await statusFor('same-origin', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }), 200)
  assert.equal(await statusFor('none'), 200)
})
