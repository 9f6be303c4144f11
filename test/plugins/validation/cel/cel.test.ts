import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Next, PluginModule } from '../../../../src/index.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const RETURN_TEXTS = { extra_config: { router: { return_error_msg: true } } }
const cel = (...checks: (string | object)[]): object => ({
  'validation/cel': checks.map(check => (typeof check === 'string' ? { check_expr: check } : check))
})

test('a request that does not satisfy its expression never reaches the upstream', async t => {
  let calls = 0
  const host = await startUpstream(t, (_, res) => {
    calls++
    res.end('{"a":1}')
  })
  const { gateway, log } = await build(t, {
    ...RETURN_TEXTS,
    endpoints: [endpoint('/u/{id}', host, { extra: cel('req_path.startsWith("/u/")', 'int(req_params.Id) % 2 == 0') })]
  })
  assert.equal((await gateway.request({ path: '/u/4' })).status, 200)
  for (const path of ['/u/5', '/u/abc']) {
    const refused = await gateway.request({ path })
    assert.equal(refused.status, 500)
    assert.equal(refused.body.toString(), 'request aborted by evaluator #1')
  }
  assert.equal(calls, 1)
  await log.line(/INFO: \[ENDPOINT: \/u\/:id\]\[CEL\]\[pre\] Evaluator #1 result: false/)
  await log.line(/INFO: \[ENDPOINT: \/u\/:id\]\[CEL\]\[pre\] Evaluator #1 failed: /)
})

test('headers and query are those of the endpoint, repeats kept', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/h', host, {
        input_headers: ['X-Role'],
        input_query_strings: ['a'],
        extra: cel("req_headers['X-Role'] == ['x'] && req_querystring.a == ['1', 'ä'] && !('b' in req_querystring)")
      })
    ]
  })
  assert.equal((await gateway.request({ path: '/h?a=1&b=2&a=%C3%A4', headers: { 'x-role': 'x' } })).status, 200)
  assert.equal((await gateway.request({ path: '/h?a=1', headers: { 'x-role': 'x' } })).status, 500)
})

test('an answer that does not satisfy its expression is not sent', async t => {
  const host = await startUpstream(t, (_, res) => res.end('{"ok":"no","secret":1}'))
  const { gateway, log } = await build(t, {
    ...RETURN_TEXTS,
    endpoints: [
      endpoint('/yes', host, { extra: cel("resp_data.ok == 'no' && resp_completed && resp_metadata_status == 0") }),
      endpoint('/no', host, { extra: cel('now != ""', "resp_data.ok == 'yes'") }),
      endpoint('/dyn', host, { extra: cel('resp_data.ok') })
    ]
  })
  const yes = await gateway.request({ path: '/yes' })
  assert.deepEqual([yes.status, yes.body.toString()], [200, '{"ok":"no","secret":1}'])
  const no = await gateway.request({ path: '/no' })
  assert.deepEqual([no.status, no.body.toString()], [500, 'request aborted by evaluator #0'])
  assert.equal((await gateway.request({ path: '/dyn' })).status, 500)
  await log.line(/\[ENDPOINT: \/dyn\]\[CEL\]\[post\] Evaluator #0 result: not a boolean \(string\)/)
})

test('data that return_error_details made of a failure tells its status', async t => {
  const host = await startUpstream(t, (_, res) => res.writeHead(404, { 'Content-Type': 'text/plain' }).end('gone'))
  const backend = { host: [host], url_pattern: '/x', extra_config: { 'backend/http': { return_error_details: 'b' } } }
  const { gateway } = await build(t, {
    endpoints: [404, 200, 0].map(status => ({
      endpoint: `/s${status}`,
      backend: [backend],
      extra_config: { 'validation/cel': [{ check_expr: `resp_metadata_status == ${status}` }] }
    }))
  })
  const statuses = await Promise.all(['/s404', '/s200', '/s0'].map(async path => (await gateway.request({ path })).status))
  assert.deepEqual(statuses, [200, 500, 500])
})

test('an answer that passes through shows its status and fields, not its body', async t => {
  const host = await startUpstream(t, (req, res) => {
    res.setHeader('X-Kind', 'k')
    res.writeHead(req.url === '/up' ? 201 : 404).end('not json')
  })
  const extra = cel("resp_metadata_status == 201 && resp_metadata_headers['X-Kind'][0] == 'k' && size(resp_data) == 0")
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/ok', host, { output_encoding: 'no-op', extra }),
      endpoint('/no', host, { output_encoding: 'no-op', extra, url: '/other' })
    ]
  })
  assert.equal((await gateway.request({ path: '/ok' })).body.toString(), 'not json')
  assert.equal((await gateway.request({ path: '/no' })).status, 500)
})

test('a refusal at a backend costs its part only', async t => {
  const host = await startUpstream(t, (req, res) => res.end(JSON.stringify({ at: req.url })))
  const { gateway } = await build(t, {
    endpoints: [
      {
        endpoint: '/m/{id}',
        backend: [
          { host: [host], url_pattern: '/a', group: 'a', extra_config: cel("req_params.Id != '3'") },
          { host: [host], url_pattern: '/b', group: 'b', extra_config: cel("resp_data.b.at == '/b'") }
        ]
      }
    ]
  })
  const whole = await gateway.request({ path: '/m/2' })
  assert.equal(whole.headers['x-krakend-completed'], 'true')
  assert.deepEqual(JSON.parse(whole.body.toString()).a, { at: '/a' })
  const part = await gateway.request({ path: '/m/3' })
  assert.equal(part.status, 200)
  assert.equal(JSON.parse(part.body.toString()).a, undefined)
})

test('partial responses pass untested unless an expression asks for them', async t => {
  const host = await startUpstream(t, (req, res) => res.writeHead(req.url === '/bad' ? 500 : 200).end('{"a":"x"}'))
  const backend = [
    { host: [host], url_pattern: '/good' },
    { host: [host], url_pattern: '/bad' }
  ]
  const { gateway } = await build(t, {
    endpoints: [
      { endpoint: '/lax', backend, extra_config: cel("resp_data.a == 'y'") },
      { endpoint: '/strict', backend, extra_config: cel({ check_expr: 'resp_completed', check_partial: true }) }
    ]
  })
  assert.equal((await gateway.request({ path: '/lax' })).status, 200)
  assert.equal((await gateway.request({ path: '/strict' })).status, 500)
})

/** Puts claims where the token's validator puts them. */
const claims = (value: object): PluginModule => ({
  HandlerRegisterer: {
    registerHandlers(register) {
      register('claims', (_context, _extra, next) => request => {
        request.state.set('JWT', value)
        return next(request)
      })
    }
  }
})

test('expressions about claims: 401 without a body, also where there is no token at all', async t => {
  const host = await startUpstream(t)
  const noClaims: PluginModule = {
    HandlerRegisterer: { registerHandlers: register => register('none', (_context, _extra, next) => next) }
  }
  const { gateway, log } = await build(
    t,
    {
      ...RETURN_TEXTS,
      endpoints: [
        endpoint('/j', host, { extra: { 'plugin/http-server': { name: 'none' }, ...cel("JWT.sub == 'me'") } }),
        endpoint('/k', host, { extra: { 'plugin/http-server': { name: 'none' }, ...cel('!has(JWT.banned)') } })
      ]
    },
    { plugins: [noClaims] }
  )
  for (const path of ['/j', '/k']) {
    const refused = await gateway.request({ path })
    assert.deepEqual([refused.status, refused.body.length, refused.headers['x-krakend-completed']], [401, 0, undefined])
  }
  await log.line(/\[CEL\] Rejecter #0 failed: no value for JWT/)
})

test('expressions about claims where nothing leaves claims stop the start; in tolerant mode KrakenD decides', async t => {
  const host = await startUpstream(t)
  const texts = ["JWT.sub == 'me'", "JWT.sub == 'me' || req_method == 'GET'", 'JWT.sub == req_params.Id', "JWT.requested == 'x'"]
  const paths = texts.map((_, i) => `/${i}/{id}`)
  for (const text of texts) {
    const refuse = { endpoints: [endpoint('/a/{id}', NOWHERE, { extra: cel(text) })] }
    await assert.rejects(build(t, refuse), /0\/check_expr: JWT is read, and the endpoint has no auth\/validator/)
    const backend = { endpoints: [endpoint('/a/{id}', NOWHERE, { backendExtra: cel(text) })] }
    await assert.rejects(build(t, backend), /no auth\/validator/)
  }
  const endpoints = texts.map((text, i) => endpoint(paths[i]!, host, { extra: cel(text) }))
  const { gateway, log } = await build(t, { endpoints }, { tolerant: true })
  const statuses = await Promise.all(texts.map(async (_, i) => (await gateway.request({ path: `/${i}/7` })).status))
  // KrakenD's validator runs the first one; its request evaluator runs the others, without claims
  assert.deepEqual(statuses, [200, 200, 500, 401])
  await log.line(/ERROR: .*no auth\/validator. The expression is left out/)
})

test('code around the service may leave claims', async t => {
  const host = await startUpstream(t)
  const endpoints = [endpoint('/j', host, { extra: cel("JWT.sub == 'me'") })]
  const wrapEndpoint =
    () =>
    (next: Next): Next =>
    request => {
      request.state.set('JWT', { sub: 'me' })
      return next(request)
    }
  const { gateway } = await build(t, { endpoints }, { wrapEndpoint })
  assert.equal((await gateway.request({ path: '/j' })).status, 200)
})

test('claims may stand beside variables of the request and of the answer', async t => {
  const host = await startUpstream(t, (_, res) => res.end('{"owner":"me"}'))
  const { gateway } = await build(
    t,
    {
      endpoints: [
        endpoint('/u/{id}', host, {
          extra: { 'plugin/http-server': { name: 'claims' }, ...cel('JWT.sub == req_params.Id', 'resp_data.owner == JWT.sub') }
        }),
        endpoint('/b', host, {
          extra: { 'plugin/http-server': { name: 'claims' } },
          backendExtra: cel("JWT.sub == 'you'")
        })
      ]
    },
    { plugins: [claims({ sub: 'me' })] }
  )
  assert.equal((await gateway.request({ path: '/u/me' })).status, 200)
  assert.equal((await gateway.request({ path: '/u/you' })).status, 500)
  assert.equal((await gateway.request({ path: '/b' })).status, 500)
})

test('an expression about request and answer warns at the start, and refuses', async t => {
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, {
    endpoints: [endpoint('/x', host, { extra: cel("req_method == 'GET' && resp_data.ok") })]
  })
  assert.equal((await gateway.request({ path: '/x' })).status, 500)
  await log.line(/WARNING: \[ENDPOINT: \/x\]\[CEL\] An expression that reads both/)
})

test('a bomb in an expression ends its request only', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, {
    endpoints: [
      endpoint('/r', host, { input_headers: ['X-A', 'X-P'], extra: cel("req_headers['X-A'][0].matches(req_headers['X-P'][0])") })
    ]
  })
  const ask = async (text: string, pattern: string): Promise<number> =>
    (await gateway.request({ path: '/r', headers: { 'X-A': text, 'X-P': pattern } })).status
  assert.deepEqual(
    await Promise.all([ask(`${'a'.repeat(5000)}!`, '^(a+)+$'), ask('a', '('), ask('a', 'a'.repeat(4000)), ask('aa', '^a+$')]),
    [500, 500, 500, 200]
  )
})

test('expressions that cannot be honoured stop the start and say where', async t => {
  const refuse = (options: unknown, wanted: RegExp): Promise<void> =>
    assert.rejects(build(t, { endpoints: [endpoint('/a', NOWHERE, { extra: { 'validation/cel': options } })] }), wanted)
  const at = '/endpoints/0/extra_config/validation~1cel'
  await refuse([{ check_expr: 'true' }, { check_expr: 'nope == 1' }], new RegExp(`${at}/1/check_expr: Unknown variable: nope`))
  await refuse([{ check_expr: 'size(req_path)' }], new RegExp(`${at}/0/check_expr: the result is of type int, not bool`))
  await refuse([{ check_expr: "req_path.matches('[')" }], new RegExp(`${at}/0/check_expr: the regular expression`))
  await refuse([{ check_expr: 'true', max_cost: 0 }], new RegExp(`${at}/0/max_cost`))
  await refuse([{ check_expr: 7 }], new RegExp(`${at}/0/check_expr`))
  await refuse([{}], new RegExp(at))
  await refuse({ check_expr: 'true' }, new RegExp(at))
})

test('in tolerant mode each expression does what it does in KrakenD, the others stay', async t => {
  const host = await startUpstream(t)
  const kinds: readonly [text: string, status: number][] = [
    ['this is not cel', 200],
    ["nope == 'req'", 200],
    ['req_params.nope() == 1', 200],
    ['req_params.Id == 7', 200],
    ['1 + 1', 200],
    ['1 == 2', 200],
    ['now', 200],
    ["now.matches('[')", 200],
    ['size(req_path)', 500],
    ["req_params.Id.matches('[')", 500],
    ["resp_data.a.matches('(?=a)')", 500],
    ["req_method == 'GET' || req_params.Id.matches('[')", 200],
    ['req_params.Nope == "7"', 500],
    ['int(req_params.Id) / 0 == 1', 500]
  ]
  const endpoints = kinds.map(([text], i) => endpoint(`/${i}/{id}`, host, { extra: cel(text) }))
  const both = endpoint('/both/{id}', host, { extra: cel('this is not cel', "req_params.Id == '1'") })
  const { gateway, log } = await build(t, { endpoints: [...endpoints, both] }, { tolerant: true })
  const status = async (path: string): Promise<number> => (await gateway.request({ path })).status
  for (const [i, [text, wanted]] of kinds.entries()) assert.equal(await status(`/${i}/7`), wanted, text)
  assert.deepEqual([await status('/both/1'), await status('/both/2')], [200, 500])
  await log.line(/ERROR: \[ENDPOINT: \/both\/:id\]\[validation\/cel\] \/0\/check_expr: .*left out/)
  await log.line(/ERROR: \[ENDPOINT: \/8\/:id\]\[validation\/cel\] .*not bool. Requests are refused/)
})

test('an answer that costs too much to check is not sent, and the rest is served', async t => {
  const host = await startUpstream(t, (_, res) => res.end(JSON.stringify({ a: Array.from({ length: 300_000 }, (_, i) => i) })))
  const { gateway, log } = await build(t, {
    endpoints: [
      endpoint('/costly', host, { extra: cel("resp_data.a.exists(x, x == '1') || true") }),
      endpoint('/wide', host, { extra: cel({ check_expr: "resp_data.a.all(x, x != '')", max_cost: 10_000_000 }) })
    ]
  })
  assert.equal((await gateway.request({ path: '/costly' })).status, 500)
  await log.line(/Evaluator #0 failed: the evaluation takes more than 150000 steps/)
  assert.equal((await gateway.request({ path: '/wide' })).status, 200)
})
