import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withScripts } from '../lua/support.js'

test('edits method, URL, fields and body of the call', async t => {
  const { gateway, upstream } = await withScripts(
    t,
    {
      backend: {
        pre: `local r = request.load()
          local url = r:url()
          r:headers('X-Was', url:gsub('^http://[^/]*', '') .. '|' .. r:query() .. '|' .. r:path())
          r:url((url:gsub('/b/.*', '/new?x=1')))
          r:method('put')
          r:path('/nothing')
          r:body('{}')`,
        allow_open_libs: true
      }
    },
    { endpoint: { input_query_strings: ['q'] }, backend: { url_pattern: '/b/{id}?own=1' } }
  )
  await gateway.request('/a/7?q=2')
  const [call] = upstream.seen
  assert.deepEqual([call?.method, call?.url, call?.body], ['PUT', '/new?x=1', '{}'])
  assert.equal(call?.headers['x-was'], '/b/7?own=1&q=2|q=2|/b/7?own=1')
})

test('sees the response after its shaping, and its fields reach the client', async t => {
  const { gateway } = await withScripts(
    t,
    {
      backend: {
        post: `local r = response.load(); r:data():set('keys', r:data():keys()); r:headers('x-l', 'a\\r\\nb'); r:headers('x-read', r:headers('x-l') .. '|' .. r:headers('X-L'))`
      }
    },
    { backend: { group: 'g', allow: ['a'] } }
  )
  const answer = await gateway.request('/a/7')
  assert.equal(answer.text(), '{"g":{"a":1},"keys":["g"]}')
  assert.equal((answer.headers as Record<string, unknown>)['x-read'], '|a  b')
})

test('an error costs its part of a merge', async t => {
  const setup = await withScripts(t, {})
  const other = { host: [setup.upstream.origin], url_pattern: '/c', group: 'c' }
  const { gateway } = await withScripts(
    t,
    {},
    {
      endpoint: {
        backend: [
          { ...other, extra_config: { 'modifier/lua-backend': { post: `custom_error('x', 404)` } } },
          { ...other, group: 'd', allow: ['a'] }
        ]
      }
    }
  )
  const answer = await gateway.request('/a/7')
  assert.deepEqual([answer.status, answer.text()], [200, '{"d":{"a":1}}'])
})

test('calls of a merge have parameters of their own', async t => {
  const setup = await withScripts(t, {})
  const part = (group: string, pre: string): object => ({
    host: [setup.upstream.origin],
    url_pattern: '/{id}',
    group,
    allow: ['a'],
    extra_config: { 'modifier/lua-backend': { pre, post: `response.load():data():set(request.load():params('Id'), true)` } }
  })
  const { gateway } = await withScripts(
    t,
    {},
    { endpoint: { backend: [part('x', `request.load():params('Id', 'one')`), part('y', '')] } }
  )
  assert.deepEqual((await gateway.request('/a/7')).json(), { x: { a: 1 }, y: { a: 1 }, one: true, 7: true })
})
