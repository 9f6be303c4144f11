/** Requests without a port are refused as those on a port, and rejected only where a response breaks off. */

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { endpoint, startUpstream } from '../plugins/scripted-upstream.js'
import { ask } from '../support/client.js'
import { KeptLines, openGateway } from '../support/open-gateway.js'

const fields = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, '1']))

const REFUSED = [
  { name: 'a head over max_header_bytes', status: 431, request: { path: '/a', headers: { 'x-long': 'a'.repeat(110_000) } } },
  { name: 'too many fields', status: 431, request: { path: '/a', headers: fields(2001) } },
  { name: 'a long target', status: 414, request: { path: `/a?${'q'.repeat(70_000)}` } },
  { name: 'a target that is none', status: 400, request: { path: 'a' } },
  { name: 'an unknown method', status: 400, request: { method: 'BREW', path: '/a' } },
  { name: 'a bad host', status: 400, request: { path: '/a', headers: { host: 'a b' } } },
  { name: 'an unknown expectation', status: 417, request: { path: '/a', headers: { expect: 'wonders' } } },
  { name: 'CONNECT', status: 404, request: { method: 'CONNECT', path: 'example.org:443' } }
]

test('a request that a listener refuses is refused in process', async t => {
  const upstream = await startUpstream(t, (_, res) => void res.end('{}'))
  const { gateway, log } = await openGateway(t, {
    max_header_bytes: 100_000,
    endpoints: [endpoint('/a', upstream)],
    extra_config: { 'telemetry/logging': { level: 'ERROR', stdout: true, access_log_format: 'json' } }
  })
  for (const { name, status, request } of REFUSED) {
    const response = await gateway.request(request)
    assert.equal(response.status, status, name)
    assert.match(response.text(), new RegExp(`^${status} `), name)
    await log.line(new RegExp(`"status":${status},.*"error":"SLUICE_ERR_CLIENT`))
  }
  assert.equal((await gateway.request('/a')).status, 200)
})

test('heads within the limit pass, also beyond what node:http allows by default', async t => {
  const upstream = await startUpstream(t, (_, res) => void res.end('{}'))
  const { gateway, port } = await openGateway(t, { endpoints: [endpoint('/a', upstream)] })
  const headers = { 'x-long': 'a'.repeat(900_000) }
  assert.equal((await gateway.request({ path: '/a', headers })).status, 200)
  assert.equal((await ask(port, '/a', { headers: Object.entries(headers).flat() })).status, 200)
})

test('a response head of any size is returned', async t => {
  const { gateway } = await openGateway(
    t,
    { endpoints: [] },
    {
      wrapService: next => async request => {
        const response = await next(request)
        for (let i = 0; i < 3000; i++) response.headers.append(`x-${i}`, 'v'.repeat(20))
        return response
      }
    }
  )
  const { status, headers } = await gateway.request('/none')
  assert.equal(status, 404)
  assert.equal(headers['x-2999'], 'v'.repeat(20))
})

test('bytes behind the request change nothing, a body that breaks off rejects', async t => {
  const upstream = await startUpstream(t, (req, res) => void req.resume().on('end', () => res.end('{}')))
  const log = new KeptLines()
  const up = endpoint('/up', upstream, { method: 'POST' })
  const { gateway } = await openGateway(t, { endpoints: [up] }, { logOutput: log })
  const request = { method: 'POST', path: '/up' }
  assert.equal((await gateway.request({ ...request, headers: { 'content-length': '2' }, body: 'abc' })).status, 200)
  const broken = new Readable({ read: () => {} })
  broken.push('half')
  setImmediate(() => broken.destroy(new Error('the source is gone')))
  await assert.rejects(gateway.request({ ...request, body: broken }), /the source is gone/)
})
