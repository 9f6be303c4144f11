import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { SmallFetch } from '../../../../plugins/_shared/keys/small-fetch.js'
import { parseToken, TokenSource } from '../../../../plugins/auth/client-credentials/token-source.js'
import type { ConfigInput } from '../../../../src/config/input.js'
import { createGateway } from '../../../../src/gateway.js'
import { silentLogger } from '../../../../src/telemetry/logger.js'
import { openGateway } from '../../../support/open-gateway.js'
import { stopClock } from '../../../support/time.js'
import { fetch, LIMIT_MS } from '../../../support/waiting.js'
import { sendJson, serve, serveEcho } from '../support.js'

type Owner = Parameters<typeof openGateway>[0]

/** A token server: keeps the forms and fields it got. */
async function tokenServer(t: Owner, answer: (res: ServerResponse, form: string, req: IncomingMessage) => void) {
  const forms: { form: string; authorization: string | undefined }[] = []
  const server = await serve(t, (req, res) => {
    let form = ''
    req.setEncoding('utf8')
    req.on('data', chunk => {
      form += chunk
    })
    req.on('end', () => {
      forms.push({ form, authorization: req.headers.authorization })
      answer(res, form, req)
    })
  })
  return { url: `${server.url}/token`, forms }
}

function configOf(upstream: string, tokenUrl: string, more: object = {}): object {
  const options = { client_id: 'c id', client_secret: 's&cret', token_url: tokenUrl, ...more }
  const backend = { host: [upstream], url_pattern: '/in', extra_config: { 'auth/client-credentials': options } }
  return { timeout: '30s', endpoints: [{ endpoint: '/x', input_headers: ['authorization'], backend: [backend] }] }
}

const sentTo = async (origin: string): Promise<string | undefined> => {
  const response = await fetch(`${origin}/x`, { headers: { authorization: 'Bearer of-the-client' } })
  return ((await response.json()) as { headers: Record<string, string> }).headers.authorization
}

test('sends its own token, fetched once, instead of what the client sent', async t => {
  const upstream = await serveEcho(t)
  const tokens = await tokenServer(t, res => sendJson(res, { access_token: 'issued', token_type: 'bearer', expires_in: 3600 }))
  const more = { scopes: 's1, s2', endpoint_params: { resource: ['r1', 'r2'] } }
  const { origin } = await openGateway(t, configOf(upstream.url, tokens.url, more))
  assert.deepEqual(await Promise.all([sentTo(origin), sentTo(origin)]), ['Bearer issued', 'Bearer issued'])
  assert.equal(await sentTo(origin), 'Bearer issued')
  assert.deepEqual(tokens.forms, [
    {
      form: 'grant_type=client_credentials&resource=r1&resource=r2&scope=s1+s2',
      authorization: `Basic ${Buffer.from('c+id:s%26cret').toString('base64')}`
    }
  ])
})

test('tells who it is in the form when the server wants it there, and remembers that', async t => {
  let left = 2
  const tokens = await tokenServer(t, (res, form) => {
    if (!form.startsWith('client_id=c+id&client_secret=s%26cret&')) return sendJson(res, { error: 'invalid_client' }, 401)
    sendJson(res, { access_token: `t${left--}`, expires_in: '10' })
  })
  const upstream = await serveEcho(t)
  const { origin } = await openGateway(t, configOf(upstream.url, tokens.url))
  assert.equal(await sentTo(origin), 'Bearer t2')
  assert.equal(await sentTo(origin), 'Bearer t1', 'a token that ends within ten seconds is not used again')
  assert.equal(tokens.forms.length, 3)
})

test('without a token the call is not made and the answer is 500; secrets stay out of texts', async t => {
  stopClock(t)
  const upstream = await serveEcho(t)
  const tokens = await tokenServer(t, res => sendJson(res, { error: 's&cret' }, 403))
  const service = { extra_config: { router: { return_error_msg: true } } }
  const gateway = await openGateway(t, { ...configOf(upstream.url, tokens.url), ...service })
  const response = await fetch(`${gateway.origin}/x`)
  assert.equal(response.status, 500)
  assert.equal(await response.text(), 'oauth2: cannot fetch token: status 403')
  assert.equal(upstream.requests.length, 0)
  assert.ok(!gateway.log.text.includes('s&cret'))
  const asked = tokens.forms.length
  assert.equal((await fetch(`${gateway.origin}/x`)).status, 500)
  assert.equal(tokens.forms.length, asked, 'the token server is left alone for a while')
})

test('asks again a second after a failure, and after the end of a token', async t => {
  const state = { now: 1_000_000, ok: false }
  const tokens = await tokenServer(t, res =>
    state.ok ? sendJson(res, { access_token: 'a', expires_in: 60 }) : sendJson(res, {}, 500)
  )
  const fetch = new SmallFetch({ timeoutMs: LIMIT_MS, maxBytes: 10_000, redirects: 0, insecure: false, pins: new Set(), env: {} })
  t.after(() => fetch.close())
  const source = new TokenSource({ fetch, url: tokens.url, clientId: 'c', clientSecret: '', form: 'a=b', now: () => state.now })
  await assert.rejects(source.fetch(), /status 500/)
  state.ok = true
  await assert.rejects(source.fetch(), /status 500/)
  state.now += 1000
  assert.equal(await source.fetch(), 'Bearer a')
  assert.equal(source.current, 'Bearer a')
  state.now += 50_000
  assert.equal(source.current, undefined)
})

test('reads what token servers answer', () => {
  assert.deepEqual(parseToken('application/json', '{"access_token":"a"}'), { value: 'a', type: 'Bearer', lifeSeconds: 0 })
  assert.deepEqual(parseToken('text/plain; charset=utf-8', 'access_token=a&token_type=mac&expires_in=5'), {
    value: 'a',
    type: 'MAC',
    lifeSeconds: 5
  })
  assert.equal(parseToken('application/json', '{"access_token":"a","token_type":"BASIC"}').type, 'Basic')
  assert.equal(parseToken('application/json', '{"access_token":"a","token_type":"DPoP","expires_in":-1}').type, 'DPoP')
  assert.equal(parseToken('application/json', '{"access_token":"a","token_type":"x\\r\\ny"}').type, 'Bearer')
  assert.throws(() => parseToken('application/json', '{"token":"a"}'), /missing access_token/)
  assert.throws(() => parseToken('application/json', 'null'), /missing access_token/)
  assert.throws(() => parseToken('application/json', '{"access_token":"a\\r\\nb"}'), /cannot travel/)
  assert.throws(() => parseToken('application/json', '{"access_token":"secret'), { message: 'the response is not JSON' })
})

test('is left out when it is disabled', async t => {
  const upstream = await serveEcho(t)
  const { origin } = await openGateway(t, configOf(upstream.url, 'http://nowhere.test', { is_disabled: true }))
  assert.equal(await sentTo(origin), 'Bearer of-the-client')
})

const WRONG: [string, object, RegExp][] = [
  ['no token_url', { token_url: undefined }, /token_url.*not an http or https URL/],
  ['no client_id', { client_id: undefined }, /client_id.*missing/],
  [
    'a parameter that the grant fixes',
    { scopes: 'a', endpoint_params: { scope: ['b'] } },
    /endpoint_params\/scope.*cannot overwrite/
  ],
  ['parameters that are no lists', { endpoint_params: { a: 'b' } }, /endpoint_params/]
]

for (const [why, more, message] of WRONG) {
  test(`stops the start, with the place; tolerant: the call is not made: ${why}`, async t => {
    const upstream = await serveEcho(t)
    const config = { version: 3, ...configOf(upstream.url, 'http://nowhere.test/token', more) }
    await assert.rejects(createGateway(config as unknown as ConfigInput, { env: {}, logger: silentLogger }), message)
    const { origin } = await openGateway(t, config, { tolerant: true })
    assert.equal((await fetch(`${origin}/x`)).status, 500)
    assert.equal(upstream.requests.length, 0)
  })
}
