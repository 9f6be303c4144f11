import assert from 'node:assert/strict'
import { test } from 'node:test'
import { set, withBlock } from './support.js'

const all = { input_headers: ['*'], input_query_strings: ['*'] }

test('fields of requests: set, add, remove, copy', async t => {
  const group = {
    'fifo.Group': {
      scope: ['request'],
      modifiers: [
        set('x-set', 'n\u00e9w '),
        { 'header.Append': { NAME: 'X-One', value: '2' } },
        { 'header.Blacklist': { names: ['x-gone', 'user-agent', 'host', 'X-Absent'] } },
        { 'header.Copy': { from: 'X-One', to: 'X-Copy' } },
        { 'header.Copy': { from: 'X-Absent', to: 'X-Empty' } },
        { 'header.Copy': { from: 'Host', to: 'X-Asked' } },
        { 'header.Id': {} },
        { 'header.Id': { header: 'X-One' } }
      ]
    }
  }
  const { gateway, seen, authority } = await withBlock(t, group, { endpoint: all })
  const { status } = await gateway.request({ path: '/a', headers: { 'X-One': '1', 'X-Gone': '1', 'X-Set': 'old' } })
  assert.equal(status, 200)
  const { headers } = seen[0]!
  assert.deepEqual(
    ['x-set', 'x-one', 'x-gone', 'user-agent', 'x-copy', 'x-empty', 'x-asked', 'host'].map(name => headers[name]),
    [Buffer.from('n\u00e9w').toString('latin1'), '1, 2', undefined, 'Go-http-client/1.1', '1', '', authority, authority]
  )
  assert.match(String(headers['x-krakend-id']), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
})

test('fields of responses; a scope that is empty never runs', async t => {
  const group = {
    'fifo.Group': {
      modifiers: [
        set('X-Set', 's', ['response']),
        set('X-Never', 'n', []),
        set('Host', 'h', ['response']),
        { 'header.Append': { scope: ['response'], name: 'X-Up', value: '2' } },
        { 'header.Blacklist': { scope: ['response'], names: ['server'] } },
        { 'header.Copy': { scope: ['response'], from: 'X-Up', to: 'X-Copy' } }
      ]
    }
  }
  const { gateway, seen } = await withBlock(t, group, {
    answer: (_, res) => res.setHeader('X-Up', '1').setHeader('Server', 'secret').end('whole')
  })
  const answer = await gateway.request({ path: '/a' })
  const value = (name: string): unknown => answer.headers[name]
  assert.deepEqual(['x-set', 'x-never', 'host', 'x-up', 'server', 'x-copy', 'content-length'].map(value), [
    's',
    undefined,
    undefined,
    '1, 2',
    undefined,
    '1',
    '5'
  ])
  assert.equal(answer.text(), 'whole')
  assert.equal(seen[0]!.headers['x-set'], undefined)
})

test('Host may be set; empty it is that of the upstream', async t => {
  const one = await withBlock(t, set('Host', 'other.test', ['request']))
  await one.gateway.request({ path: '/a' })
  assert.equal(one.seen[0]!.headers.host, 'other.test')
  const none = await withBlock(t, {
    'fifo.Group': { modifiers: [set('host', '', ['request']), set('User-Agent', '', ['request'])] }
  })
  await none.gateway.request({ path: '/a' })
  assert.equal(none.seen[0]!.headers.host, none.authority)
  assert.equal(none.seen[0]!.headers['user-agent'], undefined)
})

test('the URL: query, path, host, port', async t => {
  const query = await withBlock(t, { 'querystring.Modifier': { name: 'b\u00e9', value: 'x y&' } }, { endpoint: all })
  await query.gateway.request({ path: '/a?z=1&b%C3%A9=1&a=%20&b%C3%A9=2&bad=%zz' })
  assert.equal(query.seen[0]!.url, '/up?a=+&b%C3%A9=x+y%26&z=1')

  const path = await withBlock(t, { 'url.Modifier': { path: 'x/\u00e9 %41?!', query: 'a=b c#d' } })
  await path.gateway.request({ path: '/a' })
  assert.equal(path.seen[0]!.url, '/x/%C3%A9%20%2541%3F%21?a=b%20c%23d')

  const target = await withBlock(t, set('X-N', '1'))
  const moved = await withBlock(t, { 'url.Modifier': { host: target.authority } })
  assert.equal((await moved.gateway.request({ path: '/a' })).status, 200)
  assert.equal(moved.seen.length, 0)
  assert.equal(target.seen[0]!.headers.host, moved.authority, 'the Host field stays')

  const port = Number(target.authority.split(':')[1])
  const ported = await withBlock(t, {
    'fifo.Group': { modifiers: [{ 'port.Modifier': { port } }, { 'stash.Modifier': { headerName: 'X-Was' } }] }
  })
  const answer = await ported.gateway.request({ path: '/a' })
  assert.equal(target.seen[1]!.headers['x-was'], `http://${target.authority}/up`)
  assert.equal(answer.headers['x-was'], `http://${target.authority}/up`)
})

test('bodies: a request of any method gets one, its length is known', async t => {
  const { gateway, seen } = await withBlock(
    t,
    { 'body.Modifier': { scope: ['request'], contentType: 'text/x', body: 'aGVs\nbG8=' } },
    { endpoint: { ...all, method: 'POST' } }
  )
  await gateway.request({ method: 'POST', path: '/a', headers: { 'Content-Encoding': 'gzip' }, body: 'whatever it was' })
  const { headers, body } = seen[0]!
  assert.deepEqual(
    [body, headers['content-length'], headers['content-type'], headers['content-encoding'], headers['transfer-encoding']],
    ['hello', '5', 'text/x', undefined, undefined]
  )
})

test('bodies of responses have their own length, and honour one range', async t => {
  const block = { 'body.Modifier': { scope: ['response'], contentType: 'text/x', body: 'MDEyMzQ1Njc4OQ==' } }
  const { gateway } = await withBlock(t, block, {
    endpoint: all,
    answer: (_, res) => res.setHeader('Content-MD5', 'x').end('something much longer than ten')
  })
  const ranges: [string | undefined, number, string, string | undefined][] = [
    [undefined, 200, '0123456789', undefined],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-99', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=4-2', 200, '0123456789', undefined],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
    ['lines=1-2', 200, '0123456789', undefined]
  ]
  for (const [range, status, text, content] of ranges) {
    const answer = await gateway.request({ path: '/a', headers: range === undefined ? {} : { Range: range } })
    const { headers } = answer
    assert.deepEqual(
      [answer.status, answer.text(), headers['content-range'], headers['content-length'], headers['content-md5']],
      [status, text, content, String(text.length), undefined],
      range
    )
  }
})

test('a decoded answer is made of the new body', async t => {
  const body = Buffer.from('{"a":[1.10]}').toString('base64')
  const { gateway } = await withBlock(t, { 'body.Modifier': { body, scope: ['response'] } }, { decoded: true })
  assert.equal((await gateway.request({ path: '/a' })).text(), '{"a":[1.10]}')
})

test('statuses are edited before they are judged', async t => {
  const status = (statusCode: number): object => ({ 'status.Modifier': { statusCode } })
  const cases: [object, boolean, number, number, string][] = [
    [status(404), true, 200, 500, ''],
    [status(200), true, 500, 200, '{"ok":true}'],
    [status(418), false, 200, 418, '{"ok":true}'],
    [status(204), false, 200, 204, ''],
    [status(200), false, 204, 200, ''],
    [status(200), false, 304, 200, ''],
    [{ 'status.Modifier': {} }, false, 503, 200, '{"ok":true}'],
    [{ 'status.Modifier': {} }, true, 200, 500, '']
  ]
  for (const [block, decoded, from, to, text] of cases) {
    const { gateway } = await withBlock(t, block, {
      decoded,
      answer: (_, res) => {
        res.statusCode = from
        if (from === 304) res.setHeader('Content-Length', '9')
        res.end(from === 204 || from === 304 ? '' : '{"ok":true}')
      }
    })
    const answer = await gateway.request({ path: '/a' })
    assert.deepEqual([answer.status, answer.text()], [to, text], JSON.stringify(block) + from)
  }
})

test('cookies', async t => {
  const cookie = (more: object): object => ({ 'cookie.Modifier': { name: 'c', value: 'a, "b";', ...more } })
  const request = await withBlock(
    t,
    { 'fifo.Group': { scope: ['request'], modifiers: [cookie({}), cookie({ path: '/x' })] } },
    { endpoint: all }
  )
  await request.gateway.request({ path: '/a', headers: { Cookie: 's=1' } })
  assert.equal(request.seen[0]!.headers.cookie, 's=1; c="a, b"; c="a, b"')
  const response = await withBlock(t, {
    'fifo.Group': {
      scope: ['response'],
      modifiers: [
        cookie({
          Path: '/p;',
          domain: '.d.test',
          expires: '2030-01-02T05:04:05+02:00',
          maxAge: 60,
          httpOnly: true,
          secure: true
        }),
        cookie({ maxAge: -1, domain: 'no domain' })
      ]
    }
  })
  const { headers } = await response.gateway.request({ path: '/a' })
  assert.deepEqual([headers['set-cookie']].flat(), [
    'c="a, b"; Path=/p; Domain=d.test; Expires=Wed, 02 Jan 2030 03:04:05 GMT; Max-Age=60; HttpOnly; Secure',
    'c="a, b"; Max-Age=0'
  ])
})

test('groups: order, priorities, errors', async t => {
  const append = (value: string): object => ({ 'header.Append': { scope: ['request'], name: 'X-O', value } })
  const of = (priority: number | undefined, value: string): object => ({
    ...(priority === undefined ? {} : { priority }),
    modifier: append(value)
  })
  const { gateway, seen } = await withBlock(t, {
    'priority.Group': { modifiers: [of(5, 'five'), of(10, 'ten'), of(5, 'five-b'), of(undefined, 'none'), of(-3, 'minus')] }
  })
  await gateway.request({ path: '/a' })
  assert.equal(seen[0]!.headers['x-o'], 'ten, five-b, five, none, minus')

  const failing = [set('a b', '1'), set('X-After', '1'), { 'url.Modifier': { scheme: 'ftp' } }]
  const texts = async (aggregateErrors: boolean): Promise<string> => {
    const block = { 'fifo.Group': { aggregateErrors, modifiers: failing } }
    const one = await withBlock(t, block, { decoded: true, options: { tolerant: true }, router: { return_error_msg: true } })
    const answer = await one.gateway.request({ path: '/a' })
    assert.deepEqual([answer.status, one.seen.length], [500, 0])
    return answer.text()
  }
  const [first, second] = ['"a b" is no name of a header field', 'calls are made over http and https, not "ftp"']
  assert.equal(await texts(false), first)
  assert.equal(await texts(true), `${first}\n${second}`)
})

test('the body of a response streams through edits of its fields', async t => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const { gateway } = await withBlock(t, set('X-R', '1', ['response']), {
    answer: (_, res) => {
      for (let i = 0; i < 40; i++) res.write(chunk)
      res.end()
    }
  })
  const answer = await gateway.request({ path: '/a' })
  assert.deepEqual([answer.headers['x-r'], answer.text().length], ['1', 40 * chunk.length])
})
