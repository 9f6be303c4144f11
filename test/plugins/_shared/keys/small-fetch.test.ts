import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { LIMIT_MS } from '../../../support/waiting.js'
import { certText, serve, serveTls } from '../../auth/support.js'
import { openFetch } from './open-fetch.js'

test('gives up on a key server that hangs, and on answers that are too large', async t => {
  const server = await serve(t, (req, res) => {
    if (req.url === '/large') res.end('x'.repeat(30_000))
  })
  await assert.rejects(openFetch(t, { timeoutMs: 50 }).get(`${server.url}/hang`, '*/*'), /no answer within 50 ms/)
  await assert.rejects(openFetch(t).get(`${server.url}/large`, '*/*'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
})

test('follows redirects to where keys may come from, a few times', async t => {
  const server = await serve(t, (req, res) => {
    if (req.url === '/a') res.writeHead(302, { location: '/b' }).end()
    else if (req.url === '/loop') res.writeHead(302, { location: '/loop' }).end()
    else if (req.url === '/file') res.writeHead(302, { location: 'file:///etc/passwd' }).end()
    else res.end('here')
  })
  const fetch = openFetch(t)
  assert.deepEqual(await fetch.get(`${server.url}/a`, '*/*'), { status: 200, contentType: '', text: 'here' })
  await assert.rejects(fetch.get(`${server.url}/loop`, '*/*'), /too many redirects/)
  await assert.rejects(fetch.get(`${server.url}/file`, '*/*'), /not followed/)
  const tls = await serveTls(t, (_req, res) => void res.writeHead(302, { location: `${server.url}/b` }).end())
  const strict = openFetch(t, { insecure: false, ca: [certText('ca.pem')] })
  await assert.rejects(strict.get(`${tls.url}/`, '*/*'), /redirect to http:/)
})

test('asks without a Connection field, and fails at once each time where the name does not fit', async t => {
  const server = await serve(t, (_req, res) => res.end('{}'))
  await openFetch(t).get(`${server.url}/`, '*/*')
  assert.equal(server.requests[0]!.headers.connection, undefined)
  const tls = await serveTls(t, (_req, res) => res.end('{}'))
  const strict = openFetch(t, { insecure: false, ca: [certText('ca.pem')], timeoutMs: LIMIT_MS })
  const other = tls.url.replace('localhost', '127.0.0.1')
  for (let i = 0; i < 12; i++) await assert.rejects(strict.get(`${other}/`, '*/*'), /does not match certificate/)
})

test('wants a certificate that an authority vouches for, or the pinned key', async t => {
  const server = await serveTls(t, (_req, res) => res.end('ok'))
  const spki = (name: string): string =>
    createHash('sha256')
      .update(new X509Certificate(certText(name)).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
  const ca = [certText('ca.pem')]
  await assert.rejects(openFetch(t, { insecure: false }).get(server.url, '*/*'))
  assert.equal((await openFetch(t, { insecure: false, ca }).get(server.url, '*/*')).text, 'ok')
  assert.equal((await openFetch(t, { insecure: true }).get(server.url, '*/*')).text, 'ok')
  const pinned = (name: string, insecure: boolean): Promise<unknown> =>
    openFetch(t, { insecure, ca, pins: new Set([spki(name)]) }).get(server.url, '*/*')
  await pinned('a.pem', false)
  await pinned('a.pem', true)
  await assert.rejects(pinned('b.pem', false), /no pinned key/)
  await assert.rejects(pinned('b.pem', true), /no pinned key/)
  await assert.rejects(
    openFetch(t, { insecure: false, ca, ciphers: 'AES128-SHA', pins: new Set([spki('a.pem')]) }).get(
      server.url.replace('localhost', '127.0.0.1'),
      '*/*'
    )
  )
})

test('asks through the proxy that the environment names', async t => {
  const proxy = await serve(t, (_req, res) => res.end('by proxy'))
  const answer = await openFetch(t, { env: { http_proxy: proxy.url } }).get('http://keys.test/set', '*/*')
  assert.equal(answer.text, 'by proxy')
  const direct = await serve(t, (_req, res) => res.end('direct'))
  const answers = await openFetch(t, { env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' } }).get(
    direct.url,
    '*/*'
  )
  assert.equal(answers.text, 'direct')
})
