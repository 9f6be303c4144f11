import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { decodePath } from '../../src/http/path.js'
import { parseTarget } from '../../src/http/target.js'
import { identityOf } from '../../src/identity.js'
import { ReadableSource } from '../../src/message/byte-flow.js'
import type { RequestMessage } from '../../src/message/request.js'
import type { ResponseMessage } from '../../src/message/response.js'
import { compileMissAnswers, redirectLocation } from '../../src/router/own-responses.js'
import { goTime, reservedRoutes } from '../../src/router/reserved.js'
import { createRouter } from '../../src/router/router.js'
import { type GatewayLogger, silentLogger } from '../../src/telemetry/logger.js'
import { requestOf } from '../support/request.js'

function requestFor(method: string, target: string, raw: string[] = [], body?: string): RequestMessage {
  const { path, query } = parseTarget(target)
  const source = body === undefined ? undefined : new ReadableSource(Readable.from([Buffer.from(body)]), 'a stream failed')
  return requestOf({ method, target, path, query, routePath: decodePath(path), raw, source })
}

async function seen(response: ResponseMessage): Promise<{ status: number; fields: string[]; text: string }> {
  return { status: response.status, fields: [...response.raw], text: await response.body.text() }
}

const PLAIN = { errorBody404: undefined, errorBody405: undefined }
const identity = identityOf('krakend', false)

test('answers 404 and 405 with the standard fields', async () => {
  const answers = compileMissAnswers(PLAIN, identity)
  const request = requestFor('GET', '/x')
  assert.deepEqual(await seen(answers({ kind: 'not-found' }, request)), {
    status: 404,
    fields: ['Content-Type', 'text/plain', 'X-Krakend', 'Version 2.13.8', 'X-Krakend-Completed', 'false'],
    text: '404 page not found'
  })
  const one = answers({ kind: 'method-not-allowed', allow: 'GET, POST' }, request)
  const two = answers({ kind: 'method-not-allowed', allow: 'GET, POST' }, request)
  one.headers.set('X-Mine', '1')
  assert.equal(two.headers.get('x-mine'), undefined)
  assert.equal(two.headers.get('allow'), 'GET, POST')
  assert.equal((await seen(two)).text, '405 method not allowed')
})

test('answers the configured error bodies', async () => {
  const answers = compileMissAnswers(
    { errorBody404: { error: 'Not here', n: [1] }, errorBody405: 'no' },
    identityOf('krakend', true)
  )
  const missing = await seen(answers({ kind: 'not-found' }, requestFor('GET', '/x')))
  assert.deepEqual(missing.fields.slice(0, 4), [
    'Content-Type',
    'application/json; charset=utf-8',
    'X-Krakend',
    'Version undefined'
  ])
  assert.equal(missing.text, '{"error":"Not here","n":[1]}')
  assert.equal((await seen(answers({ kind: 'method-not-allowed', allow: 'GET' }, requestFor('PUT', '/x')))).text, '"no"')
})

test('answers OPTIONS and refused parameters', async () => {
  const answers = compileMissAnswers(PLAIN, identity)
  assert.deepEqual(await seen(answers({ kind: 'auto-options', allow: 'GET' }, requestFor('OPTIONS', '/x'))), {
    status: 200,
    fields: ['Allow', 'GET', 'X-Krakend', 'Version 2.13.8'],
    text: ''
  })
  assert.deepEqual(await seen(answers({ kind: 'bad-params', text: 'error: encoded url params' }, requestFor('GET', '/x'))), {
    status: 400,
    fields: ['Content-Type', 'text/plain; charset=utf-8'],
    text: 'error: encoded url params'
  })
})

test('redirects with a page for GET and nothing for others', async () => {
  const answers = compileMissAnswers(PLAIN, identity)
  const page = await seen(
    answers({ kind: 'redirect', status: 301, path: '/a', prefixed: true }, requestFor('GET', '/a/?x=1&y="'))
  )
  assert.deepEqual(page, {
    status: 301,
    fields: ['Content-Type', 'text/html; charset=utf-8', 'Location', '/a?x=1&y="'],
    text: '<a href="/a?x=1&amp;y=&#34;">Moved Permanently</a>.\n\n'
  })
  const post = await seen(answers({ kind: 'redirect', status: 307, path: '/a', prefixed: false }, requestFor('POST', '/A')))
  assert.deepEqual(post, { status: 307, fields: ['Location', '/a'], text: '' })
  const head = await seen(answers({ kind: 'redirect', status: 307, path: '/a', prefixed: false }, requestFor('HEAD', '/A')))
  assert.match(head.text, /Temporary Redirect/)
})

test('puts a harmless X-Forwarded-Prefix before trailing-slash redirects', () => {
  const slash = { kind: 'redirect', status: 301, path: '/a', prefixed: true } as const
  assert.equal(redirectLocation(slash, '/a/?q', '/api'), '/api/a?q')
  assert.equal(redirectLocation(slash, '/a/', '//evil.test//x/'), '/eviltest/x/a')
  assert.equal(redirectLocation(slash, '/a/', 'http://evil'), '/http/evil/a')
  assert.equal(redirectLocation(slash, '/a/', '/'), '/a')
  assert.equal(redirectLocation({ ...slash, prefixed: false }, '/A', '/api'), '/a')
  assert.equal(redirectLocation(slash, '/a/?\xe9', undefined), '/a?%E9')
})

function reserved(
  logger: GatewayLogger,
  more = {}
): (method: string, target: string, raw?: string[], body?: string) => Promise<ResponseMessage> {
  const config = {
    debugEndpoint: true,
    echoEndpoint: true,
    maxBodyBytes: 100,
    router: { disableHealth: false, healthPath: '/__health' },
    ...more
  }
  const router = createRouter(reservedRoutes(config, logger), {
    autoHead: false,
    autoOptions: true,
    disableHandleMethodNotAllowed: false,
    disablePathDecoding: false,
    disableRedirectFixedPath: false,
    disableRedirectTrailingSlash: false,
    removeExtraSlash: false,
    disableRest: false
  })
  return async (method, target, raw, body) => {
    const request = requestFor(method, target, raw, body)
    const found = router.lookup(method, request.path)
    assert.equal(found.kind, 'route')
    if (found.kind !== 'route') throw new Error()
    request.params = found.params
    return found.value.answer(request)
  }
}

test('answers health', async () => {
  const { status, fields, text } = await seen(await reserved(silentLogger)('GET', '/__health'))
  assert.equal(status, 200)
  assert.deepEqual(fields, ['Content-Type', 'application/json; charset=utf-8'])
  const body = JSON.parse(text)
  assert.deepEqual(Object.keys(body), ['agents', 'now', 'status'])
  assert.equal(body.status, 'ok')
  assert.match(body.now, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})? [+-]\d{4} \S+ m=\+\d+\.\d{9}$/)
})

test('prints times as Go does', () => {
  assert.doesNotMatch(goTime(1_700_000_000_000), /\d\.\d+ [+-]/)
  assert.match(goTime(1_700_000_000_120), /:\d\d\.12 /)
})

test('answers debug with six log lines', async () => {
  const lines: string[] = []
  const logger: GatewayLogger = { ...silentLogger, enabled: () => true, debug: (...values) => lines.push(values.join(' ')) }
  const raw = ['Host', 'gw.test', 'user-agent', 'curl', 'X-H', '1', 'x-h', '2']
  const response = await reserved(logger)('POST', '/__debug/foo?x=1&a=2&x=3', raw, 'abc')
  assert.equal((await seen(response)).text, '{"message":"pong"}')
  assert.deepEqual(lines, [
    '[ENDPOINT: /__debug/*] Method: POST',
    '[ENDPOINT: /__debug/*] URL: /__debug/foo?x=1&a=2&x=3',
    '[ENDPOINT: /__debug/*] Query: map[a:[2] x:[1 3]]',
    '[ENDPOINT: /__debug/*] Params: [{param /foo}]',
    '[ENDPOINT: /__debug/*] Headers: map[User-Agent:[curl] X-H:[1 2]]',
    '[ENDPOINT: /__debug/*] Body: abc'
  ])
})

test('echoes the request', async () => {
  const raw = ['Host', 'gw.test', 'Connection', 'close', 'X-H', '1', 'Transfer-Encoding', 'chunked']
  const { text } = await seen(await reserved(silentLogger)('POST', '/__echo/a%20b?x=1&x=2', raw, '{"z":1}'))
  assert.equal(
    text,
    '{"req_uri":"/__echo/a%20b?x=1&x=2","req_uri_details":{"fragment":"","host":"gw.test","path":"/__echo/a b","query":"x=1&x=2","user":""},' +
      '"req_method":"POST","req_querystring":{"x":["1","2"]},"req_body":"{\\"z\\":1}","req_headers":{"Connection":["close"],"X-H":["1"]}}'
  )
})

test('holds no more of a body than the limit', async () => {
  await assert.rejects(reserved(silentLogger)('POST', '/__echo/', [], 'x'.repeat(101)))
})

test('leaves out what is switched off', () => {
  const config = { debugEndpoint: false, echoEndpoint: false, maxBodyBytes: 1, router: { disableHealth: true, healthPath: '/h' } }
  assert.deepEqual(reservedRoutes(config, silentLogger), [])
  const [health] = reservedRoutes({ ...config, router: { disableHealth: false, healthPath: '/alive' } }, silentLogger)
  assert.equal(health!.path, '/alive')
  assert.equal(health!.method, 'GET')
})
