import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const graphql = (options: object): object => ({ 'backend/graphql': options })

/** Sends back what it got. */
function reporter(t: TestContext): Promise<string> {
  return startUpstream(t, async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    res.end(
      JSON.stringify({
        method: req.method,
        url: req.url,
        type: req.headers['content-type'] ?? '',
        length: req.headers['content-length'] ?? '',
        body
      })
    )
  })
}

interface Report {
  method: string
  url: string
  type: string
  length: string
  body: string
}

test('a query takes its variables from parameters', async t => {
  const host = await reporter(t)
  const options = {
    type: 'QUERY',
    query: '{ find(id: $id) { name } }',
    operationName: 'op',
    variables: { nope: '{unknown}', id: '{Id}', lim: 1.5, fixed: 'x{id}' }
  }
  const { gateway, log } = await build(t, {
    endpoints: [endpoint('/q/{id}', host, { url: '/graphql?t=1', backendExtra: graphql(options) })]
  })
  const report = (await gateway.request({ path: '/q/a%22b' })).json() as Report
  assert.deepEqual([report.method, report.url, report.type], ['POST', '/graphql?t=1', 'application/json'])
  assert.equal(report.length, String(Buffer.byteLength(report.body)))
  assert.equal(
    report.body,
    '{"query":"{ find(id: $id) { name } }","operationName":"op","variables":{"fixed":"x{id}","id":"a\\"b","lim":1.5,"nope":""}}'
  )
  await log.line(/WARNING: .*\[GraphQL\] The endpoint has no parameter "unknown"/)
})

test('what is empty is not sent, and the body of the client is not either', async t => {
  const host = await reporter(t)
  const { gateway } = await build(t, {
    endpoints: [endpoint('/q', host, { method: 'POST', backendExtra: graphql({ type: 'query', query: '{ a }' }) })]
  })
  const report = (await gateway.request({ method: 'POST', path: '/q', body: 'anything' })).json() as Report
  assert.equal(report.body, '{"query":"{ a }"}')
})

test('a mutation takes its variables from the body, and the configured ones where it has none', async t => {
  const host = await reporter(t)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/m/{id}', host, {
        method: 'POST',
        backendExtra: graphql({ type: 'mutation', query: 'mutation', variables: { x: 'dflt', y: 1, id: '{id}' } })
      })
    ]
  })
  const send = async (body: string): Promise<[number, string]> => {
    const answer = await gateway.request({ method: 'POST', path: '/m/7', body })
    return [answer.status, answer.status === 200 ? (answer.json() as Report).body : answer.text()]
  }
  assert.deepEqual(await send('{"z":1.10,"x":{"n":12345678901234567890},"__proto__":{}}'), [
    200,
    '{"query":"mutation","variables":{"__proto__":{},"id":"7","x":{"n":12345678901234567890},"y":1,"z":1.10}}'
  ])
  for (const bad of ['', '[]', 'null', '1', '{']) assert.deepEqual(await send(bad), [500, ''], bad)
})

test('variables that are no object are the fault of the client where statuses follow HTTP', async t => {
  const { gateway } = await build(t, {
    extra_config: { router: { error_status: 'http', return_error_msg: true } },
    endpoints: [endpoint('/m', NOWHERE, { method: 'POST', backendExtra: graphql({ type: 'mutation', query: 'm' }) })]
  })
  const answer = await gateway.request({ method: 'POST', path: '/m', body: '[]' })
  assert.deepEqual([answer.status, answer.text()], [400, 'the variables of a mutation must be a JSON object'])
})

test('GET sends the query, which KrakenD loses', async t => {
  const host = await reporter(t)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/g/{id}', host, {
        url: '/graphql?t=1',
        method: 'POST',
        backendExtra: graphql({
          type: 'query',
          method: 'get',
          query: '{ a(n: $n) }',
          operationName: 'o p',
          variables: { n: '{id}' }
        })
      }),
      endpoint('/plain', host, { backendExtra: graphql({ type: 'query', method: 'GET', query: '{a}' }) })
    ]
  })
  const report = (await gateway.request({ method: 'POST', path: '/g/%C3%A4', body: '{}' })).json() as Report
  const url = new URL(report.url, 'http://x')
  assert.deepEqual(
    [report.method, report.body, report.type, url.pathname, [...url.searchParams]],
    [
      'GET',
      '',
      'application/json',
      '/graphql',
      [
        ['t', '1'],
        ['query', '{ a(n: $n) }'],
        ['operationName', 'o p'],
        ['variables', '{"n":"ä"}']
      ]
    ]
  )
  assert.equal(((await gateway.request({ path: '/plain' })).json() as Report).url, '/up?query=%7Ba%7D')
})

test('values of earlier answers can be variables', async t => {
  const host = await startUpstream(t, async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    res.end(JSON.stringify(req.url === '/first' ? { id: 'abc' } : { got: JSON.parse(body).variables }))
  })
  const { gateway } = await build(t, {
    endpoints: [
      {
        endpoint: '/s',
        extra_config: { proxy: { sequential: true, sequential_propagated_params: ['resp0_id'] } },
        backend: [
          { host: [host], url_pattern: '/first' },
          {
            host: [host],
            url_pattern: '/graphql',
            extra_config: graphql({ type: 'query', query: '{ a }', variables: { n: '{resp0_id}' } })
          }
        ]
      }
    ]
  })
  assert.deepEqual((await gateway.request({ path: '/s' })).json(), { id: 'abc', got: { n: 'abc' } })
})

test('the document may stand in a file', async t => {
  const host = await reporter(t)
  const folder = mkdtempSync(join(tmpdir(), 'graphql-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a.graphql'), '{ file }')
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/q', host, { backendExtra: graphql({ type: 'query', query_path: join(folder, 'a.graphql') }) }),
      endpoint('/both', host, { backendExtra: graphql({ Type: 'Query', query: '{ a }', query_path: join(folder, 'a.graphql') }) })
    ]
  })
  assert.equal(((await gateway.request({ path: '/both' })).json() as Report).body, '{"query":"{ file }"}', 'the file wins')
  assert.equal(((await gateway.request({ path: '/q' })).json() as Report).body, '{"query":"{ file }"}')
})

test('options that cannot be honoured stop the start and say where', async t => {
  const refuse = (options: object, wanted: RegExp): Promise<void> =>
    assert.rejects(build(t, { endpoints: [endpoint('/a', NOWHERE, { backendExtra: graphql(options) })] }), wanted)
  const at = '/endpoints/0/backend/0/extra_config/backend~1graphql'
  await refuse({ type: 'subscription', query: 'x' }, new RegExp(`${at}/type: must be query or mutation`))
  await refuse({ type: 'query', query: 'x', method: 'PUT' }, new RegExp(`${at}/method: must be POST or GET`))
  await refuse({ type: 'query', query: '' }, new RegExp(`${at}/query`))
  await refuse({ type: 'query' }, new RegExp(at))
  await refuse({ type: 'query', query_path: 'nowhere.graphql' }, new RegExp(`${at}/query_path: cannot be read`))
  await refuse({ type: 'query', query: 'x', variables: [] }, new RegExp(`${at}/variables`))
})

test('every form: query and mutation, by POST and GET, with and without operation, variables of body, parameters and literals', async t => {
  const host = await reporter(t)
  const document = 'query A($id: ID) { a }'
  const variables = { id: '{id}', fixed: { a: [1, null, true] }, text: 'x{id}' }
  const forms = ['query', 'mutation'].flatMap(type =>
    ['POST', 'GET'].flatMap(method => [{}, { operationName: 'A' }].map(named => ({ type, method, named })))
  )
  const { gateway } = await build(t, {
    endpoints: forms.map(({ type, method, named }, i) =>
      endpoint(`/${i}/{id}`, host, {
        method: 'POST',
        backendExtra: graphql({ type, method, query: document, variables, ...named })
      })
    )
  })
  for (const [i, { type, method, named }] of forms.entries()) {
    const sent = { method: 'POST', path: `/${i}/7`, body: '{"text":"of the body","more":1.50}' }
    const report = (await gateway.request(sent)).json() as Report
    const { searchParams } = new URL(report.url, 'http://x')
    const given =
      method === 'POST'
        ? (JSON.parse(report.body) as Record<string, unknown>)
        : { ...Object.fromEntries(searchParams), variables: JSON.parse(searchParams.get('variables')!) as unknown }
    const own = { fixed: variables.fixed, id: '7' }
    const expected = type === 'query' ? { ...own, text: 'x{id}' } : { ...own, more: 1.5, text: 'of the body' }
    const form = `${type} ${method} ${JSON.stringify(named)}`
    assert.equal(report.method, method, form)
    assert.deepEqual(given, { query: document, ...named, variables: expected }, form)
    assert.equal(method === 'POST' ? report.url : report.body, method === 'POST' ? '/up' : '', form)
  }
})
