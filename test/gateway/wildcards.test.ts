/** Endpoints that take the rest of a path, and endpoints of several methods. */

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream, type Upstream } from '../support/upstream.js'
import { once } from '../support/waiting.js'

const echo = (t: TestContext): Promise<Upstream> =>
  openUpstream(t, (req, res) => {
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify({ method: req.method, url: req.url }))
  })

/** Asks with the path as it is; `fetch` would clean it. */
async function ask(port: number, path: string, method = 'GET'): Promise<{ status: number; text: string }> {
  const req = request({ host: '127.0.0.1', port, path, method }).end()
  const [res] = (await once(req, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }]
  let text = ''
  for await (const chunk of res) text += chunk
  return { status: res.statusCode, text }
}

test('/* hands the rest to the end of the pattern; other routes win', async t => {
  const upstream = await echo(t)
  const backend = (url_pattern: string): object[] => [{ host: [upstream.origin], url_pattern }]
  const { port } = await openGateway(t, {
    endpoints: [
      { endpoint: '/v1/*', backend: backend('/') },
      { endpoint: '/v1/users/{id}', backend: backend('/one/{id}') },
      { endpoint: '/v1/fixed', backend: backend('/fixed') },
      {
        endpoint: '/v2/{tenant}/*',
        input_query_strings: ['*'],
        output_encoding: 'no-op',
        backend: backend('/t/{tenant}/files?x=1')
      },
      { endpoint: '/v3/*', backend: backend('/before/{wildcard}/after?all={wildcard}') },
      { endpoint: '/v4/{path...}', backend: backend('/p/{path}') },
      { endpoint: '/v5/{path…}', backend: backend('/none') }
    ]
  })
  const urlOf = async (path: string): Promise<string> => JSON.parse((await ask(port, path)).text).url
  assert.equal(await urlOf('/v1/hello'), '/hello')
  assert.equal(await urlOf('/v1/a/b/c.txt'), '/a/b/c.txt')
  assert.equal(await urlOf('/v1/'), '/')
  assert.equal(await urlOf('/v1/users/7'), '/one/7')
  assert.equal(await urlOf('/v1/users/7/more'), '/users/7/more')
  assert.equal(await urlOf('/v1/fixed'), '/fixed')
  assert.equal(await urlOf('/v2/acme/a/b?y=2'), '/t/acme/files/a/b?x=1&y=2')
  assert.equal(await urlOf('/v3/a/b'), '/before/a/b/after?all=a/b')
  assert.equal(await urlOf('/v4/a/b'), '/p/a/b')
  assert.equal(await urlOf('/v5/a/b'), '/none')
  assert.equal(await urlOf('/v1/a%20b/%3B;c'), '/a%20b/%3B;c')
})

test('the rest of a path never leaves what stands before it', async t => {
  const upstream = await echo(t)
  const { port } = await openGateway(t, {
    endpoints: [{ endpoint: '/v1/*', output_encoding: 'no-op', backend: [{ host: [upstream.origin], url_pattern: '/public/' }] }]
  })
  for (const path of ['/v1/../secret', '/v1/%2e%2e/secret', '/v1/a/..%2f..%2fsecret', '/v1/..;/secret', '/v1/a/%00'])
    assert.ok((await ask(port, path)).status >= 400, path)
  assert.deepEqual(upstream.seen, [])
})

test('an endpoint has several methods, or all', async t => {
  const upstream = await echo(t)
  const host = [upstream.origin]
  const { port, gateway } = await openGateway(t, {
    endpoints: [
      { endpoint: '/some', method: ['GET', 'post', 'GET'], backend: [{ host, url_pattern: '/' }] },
      { endpoint: '/all', method: '*', output_encoding: 'no-op', backend: [{ host, url_pattern: '/' }] },
      { endpoint: '/fixed', method: ['POST', 'PUT'], backend: [{ host, url_pattern: '/', method: 'get' }] }
    ]
  })
  const methodOf = async (path: string, method: string): Promise<string> =>
    JSON.parse((await ask(port, path, method)).text).method
  assert.equal(await methodOf('/some', 'GET'), 'GET')
  assert.equal(await methodOf('/some', 'POST'), 'POST')
  assert.equal((await ask(port, '/some', 'DELETE')).status, 405)
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) assert.equal(await methodOf('/all', method), method)
  assert.equal(await methodOf('/fixed', 'PUT'), 'GET')
  assert.equal(gateway.config.endpoints.length, 9)
  await assert.rejects(
    openGateway(t, { endpoints: [{ endpoint: '/a', method: ['GET', 'GTE'], backend: [{ host, url_pattern: '/' }] }] })
  )
})
