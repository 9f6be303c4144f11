/** What a running gateway writes: the lines of its start, the access log in both forms, request ids. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SLUICE_VERSION } from '../../src/index.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream, sendJson } from '../support/upstream.js'

const endpoints = (host: string): object[] => [
  {
    endpoint: '/bytes/{id}',
    method: 'POST',
    output_encoding: 'no-op',
    input_headers: ['*'],
    backend: [{ host: [host], url_pattern: '/b' }]
  },
  { endpoint: '/json/{id}', input_headers: ['X-Request-Id'], backend: [{ host: [host], url_pattern: '/j' }] }
]

const json = { 'telemetry/logging': { level: 'DEBUG', stdout: true, access_log_format: 'json' } }

test('says at its start what KrakenD says, under its own name', async t => {
  const { log, port } = await openGateway(t, {
    endpoints: endpoints('http://127.0.0.1:11'),
    extra_config: { 'telemetry/logging': { level: 'DEBUG', stdout: true } }
  })
  await log.line(/Listening on port/)
  const texts = log.lines.map(line => line.replace(/^SLUICE .* ▶ /, ''))
  const expected = [
    `INFO Starting Sluice v${SLUICE_VERSION}`,
    `INFO Working directory is ${process.cwd()}`,
    'INFO Starting the Sluice instance',
    'DEBUG [ENDPOINT: /bytes/:id] Building the proxy pipe',
    `INFO [SERVICE: Router] Listening on port: ${port}`
  ]
  assert.deepEqual(
    texts.filter(text => expected.includes(text)),
    expected
  )
})

test('the access log says the same of both pipes', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { ok: true }))
  const { port, log } = await openGateway(t, {
    endpoints: endpoints(upstream.origin),
    extra_config: { ...json, router: { request_id: true } }
  })
  const headers = ['User-Agent', 'tester', 'X-Request-Id', 'id-from-a-trusted-peer']
  await ask(port, '/bytes/7?q=1', { method: 'POST', body: 'four', headers: [...headers, 'Content-Length', '4'] })
  await ask(port, '/json/8', { headers })
  const parse = async (pattern: RegExp): Promise<Record<string, unknown>> =>
    JSON.parse(await log.line(pattern)) as Record<string, unknown>
  const steady = ({ time, duration_ms, ttfb_ms, ...rest }: Record<string, unknown>): object => {
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
    assert.ok(Number(ttfb_ms) <= Number(duration_ms))
    return rest
  }
  const common = {
    request_id: 'id-from-a-trusted-peer',
    client: '127.0.0.1',
    status: 200,
    bytes_out: 11,
    upstream: upstream.origin,
    user_agent: 'tester'
  }
  assert.deepEqual(steady(await parse(/"\/bytes\/7"/)), {
    ...common,
    method: 'POST',
    route: '/bytes/{id}',
    path: '/bytes/7',
    query: 'q=1',
    bytes_in: 4
  })
  assert.deepEqual(steady(await parse(/"\/json\/8"/)), {
    ...common,
    method: 'GET',
    route: '/json/{id}',
    path: '/json/8',
    bytes_in: 0
  })
  assert.deepEqual(
    upstream.seen.map(one => one.headers['x-request-id']),
    ['id-from-a-trusted-peer', 'id-from-a-trusted-peer']
  )
})

test('request ids of strangers and nonsense are replaced', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, { id: req.headers['x-request-id'] }))
  const idFor = async (trusted_proxies: string[], sent: string): Promise<string> => {
    const config = { endpoints: endpoints(upstream.origin), extra_config: { router: { request_id: true, trusted_proxies } } }
    const { port } = await openGateway(t, config)
    return (await ask(port, '/json/1', { headers: ['X-Request-Id', sent] })).json<{ id: string }>().id
  }
  assert.equal(await idFor(['127.0.0.1'], 'mine'), 'mine')
  assert.notEqual(await idFor(['10.0.0.1'], 'mine'), 'mine')
  assert.match(await idFor(['127.0.0.1'], 'not an id'), /^[\w-]{16,}$/)
})

test('requests that no endpoint serves have their lines too', async t => {
  const { port, log } = await openGateway(t, { endpoints: endpoints('http://127.0.0.1:11'), extra_config: json })
  await ask(port, '/nowhere')
  await ask(port, '/json/1', { method: 'DELETE' })
  await ask(port, '/__health')
  assert.match(await log.line(/"\/nowhere"/), /"status":404/)
  assert.match(await log.line(/"DELETE"/), /"status":405/)
  assert.match(await log.line(/__health/), /"status":200/)
})

test('a path that is skipped, and a log that is off, leave no line', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { ok: true }))
  const skipping = await openGateway(t, {
    endpoints: endpoints(upstream.origin),
    extra_config: { router: { logger_skip_paths: ['/json/1'] } }
  })
  await ask(skipping.port, '/json/1')
  await ask(skipping.port, '/json/2')
  await skipping.log.line(/\| GET {6}"\/json\/2"/)
  assert.ok(!skipping.log.text.includes('"/json/1"'))
  const silent = await openGateway(t, {
    endpoints: endpoints(upstream.origin),
    extra_config: { router: { disable_access_log: true } }
  })
  await ask(silent.port, '/json/2')
  await silent.gateway.close()
  assert.ok(!silent.log.text.includes('"/json/2"'))
})
