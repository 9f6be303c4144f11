import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withScripts } from '../lua/support.js'

test('edits what the endpoint lets go on', async t => {
  const { gateway, upstream } = await withScripts(
    t,
    {
      endpoint: {
        pre: `local c = ctx.load()
        c:headers('X-Seen', c:method() .. ' ' .. c:url() .. ' ' .. c:params('id') .. ' ' .. c:query('q'))
        c:headers('X-Gone', nil)
        c:host('other.test')
        c:params('id', 'new one')
        c:query('q', 'a b')`
      }
    },
    { endpoint: { input_query_strings: ['q'] } }
  )
  await gateway.request({ path: '/a/7?q=1&r=2', headers: { 'X-Gone': '1' } })
  const [{ url, headers }] = upstream.seen as [(typeof upstream.seen)[0]]
  assert.equal(url, '/b/new%20one?q=a+b')
  assert.equal(headers['x-seen'], 'GET /a/7?q=1&r=2 7 1')
  assert.equal(headers['x-gone'], undefined)
  assert.equal(headers['x-forwarded-host'], 'other.test')
})

test('refuses with the status of custom_error, without a body and fields of its own', async t => {
  const { gateway, upstream, log } = await withScripts(t, {
    endpoint: {
      pre: `local id = ctx.load():params('id'); if id == 'x' then error('no') end; custom_error('{}', tonumber(id), 'application/json')`
    }
  })
  for (const [id, status] of [
    ['403', 403],
    ['0', 200],
    ['204', 204],
    ['999', 999],
    ['100', 500],
    ['-1', 500],
    ['1000', 500],
    ['x', 500]
  ] as const) {
    const answer = await fetchHead(gateway, id)
    assert.equal(answer.status, status, id)
    assert.equal(answer.text, '')
    assert.equal(answer.headers['x-krakend'], undefined)
  }
  assert.equal((await fetchHead(gateway, '403')).headers['content-type'], 'application/json')
  assert.equal(upstream.seen.length, 0)
  await log.line(/ERROR \[ENDPOINT: \/a\/:id\]\[Lua\] no \(pre-script:L1\)/)
})

async function fetchHead(
  gateway: Awaited<ReturnType<typeof withScripts>>['gateway'],
  id: string
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  const answer = await gateway.request(`/a/${id}`)
  return { status: answer.status, text: answer.text(), headers: answer.headers as Record<string, unknown> }
}

test('at the service stands before routes and 404, not before health; any error is 500', async t => {
  const { gateway, upstream } = await withScripts(t, {
    service: {
      pre: `local c = ctx.load(); if c:headers('X-Deny') == '1' then custom_error('denied', 451) end; c:headers('X-Svc', c:params('id'))`
    }
  })
  const headers = { 'X-Deny': '1' }
  assert.equal((await gateway.request({ path: '/a/1', headers })).status, 500)
  assert.equal((await gateway.request({ path: '/nowhere', headers })).status, 500)
  assert.equal((await gateway.request({ path: '/__health', headers })).status, 200)
  assert.equal((await gateway.request('/a/1')).status, 200)
  assert.equal(upstream.seen[0]?.headers['x-svc'], '1')
  assert.equal((await gateway.request('/nowhere')).status, 404)
})

test('post and skip_next are not used', async t => {
  const { gateway, upstream } = await withScripts(t, { endpoint: { pre: '', post: 'error("no")', skip_next: true } })
  assert.equal((await gateway.request('/a/1')).status, 200)
  assert.equal(upstream.seen.length, 1)
})

test('reads a body when the script does, and leaves it as it came', async t => {
  const { gateway, upstream } = await withScripts(
    t,
    { endpoint: { pre: `local c = ctx.load(); if c:body() == 'secret' then c:body('***') end` } },
    { endpoint: { method: 'POST' } }
  )
  for (const body of ['secret', 'open']) await gateway.request({ method: 'POST', path: '/a/1', body })
  assert.deepEqual(
    upstream.seen.map(one => one.body),
    ['***', 'open']
  )
})
