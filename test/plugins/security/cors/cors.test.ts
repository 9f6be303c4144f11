import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CorsRules, compilePolicy, originProblem } from '../../../../plugins/security/cors/policy.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const RULES: CorsRules = {
  allowOrigins: ['*'],
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['*'],
  exposeHeaders: [],
  allowCredentials: false,
  allowPrivateNetwork: false,
  maxAgeSeconds: 0
}
const ASKED = { origin: 'http://a.test', method: 'GET', headers: undefined, privateNetwork: false }

test('origins match exactly or around one wildcard, whatever their case', () => {
  const policy = compilePolicy({ ...RULES, allowOrigins: ['http://A.test', 'https://*.b.test'] })
  for (const origin of ['http://a.test', 'HTTP://a.TEST', 'https://x.b.test', 'https://x.y.b.test']) {
    assert.deepEqual(policy.actual(origin, 'GET'), ['Access-Control-Allow-Origin', origin])
  }
  for (const origin of ['http://a.test:80', 'https://b.test', 'https://x.b.test.evil', 'null', 'http://x.b.test']) {
    assert.equal(policy.actual(origin, 'GET'), 'origin not allowed', origin)
  }
  assert.equal(policy.actual(undefined, 'GET'), 'no origin')
  assert.equal(policy.actual('', 'GET'), 'no origin')
})

test('a wildcard does not let prefix and suffix overlap', () => {
  const policy = compilePolicy({ ...RULES, allowOrigins: ['http://aa*aa'] })
  assert.equal(policy.actual('http://aaa', 'GET'), 'origin not allowed')
  assert.equal(typeof policy.actual('http://aaaa', 'GET'), 'object')
})

test('methods and headers must be allowed, headers whatever their case', () => {
  const policy = compilePolicy({ ...RULES, allowHeaders: ['X-One', 'content-type'] })
  assert.equal(policy.preflight({ ...ASKED, method: 'DELETE' }), 'method not allowed')
  assert.equal(policy.preflight({ ...ASKED, method: 'get' }), 'method not allowed')
  assert.equal(policy.preflight({ ...ASKED, headers: 'x-two' }), 'headers not allowed')
  assert.equal(policy.preflight({ ...ASKED, headers: 'x-one, x-two' }), 'headers not allowed')
  assert.deepEqual(policy.preflight({ ...ASKED, headers: 'x-one,Content-Type, ' }), [
    'Access-Control-Allow-Origin',
    '*',
    'Access-Control-Allow-Methods',
    'GET',
    'Access-Control-Allow-Headers',
    'x-one,Content-Type, '
  ])
  assert.equal(typeof policy.preflight({ ...ASKED, method: 'OPTIONS' }), 'object')
  assert.equal(policy.actual('http://a.test', 'DELETE'), 'method not allowed')
  assert.equal(compilePolicy({ ...RULES, allowMethods: [] }).actual('http://a.test', 'OPTIONS'), 'method not allowed')
})

test('credentials, private networks and ages are said where they are allowed', () => {
  const policy = compilePolicy({ ...RULES, allowCredentials: true, allowPrivateNetwork: true, maxAgeSeconds: 60 })
  const fields = policy.preflight({ ...ASKED, privateNetwork: true }) as readonly string[]
  assert.deepEqual(fields.slice(4), [
    'Access-Control-Allow-Credentials',
    'true',
    'Access-Control-Allow-Private-Network',
    'true',
    'Access-Control-Max-Age',
    '60'
  ])
  assert.ok(!(policy.preflight(ASKED) as readonly string[]).includes('Access-Control-Allow-Private-Network'))
  assert.match(policy.preflightVary, /Access-Control-Request-Private-Network$/)
  const never = compilePolicy({ ...RULES, maxAgeSeconds: -5 }).preflight(ASKED) as readonly string[]
  assert.deepEqual(never.slice(-2), ['Access-Control-Max-Age', '0'])
})

test('entries that cannot match are told', () => {
  assert.equal(originProblem('https://*.a.test'), undefined)
  assert.match(originProblem('*.*')!, /more than one/)
  assert.match(originProblem('')!, /empty/)
})

const cors = (options: object) => ({ 'security/cors': options })
const PREFLIGHT = { Origin: 'http://a.test', 'Access-Control-Request-Method': 'GET' }

test('a preflight is answered before routes, health and plugins', async t => {
  const { gateway, log } = await build(t, { extra_config: cors({ max_age: '2h' }), endpoints: [endpoint('/a', NOWHERE)] })
  for (const path of ['/a', '/nowhere', '/__health']) {
    const answer = await gateway.request({ method: 'OPTIONS', path, headers: PREFLIGHT })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.equal(answer.headers['access-control-max-age'], '7200')
    assert.equal(answer.headers['x-krakend'], undefined)
  }
  assert.equal((await gateway.request({ method: 'OPTIONS', path: '/a', headers: { Origin: 'http://a.test' } })).status, 405)
  await log.line(/\[SERVICE: Router\]\[CORS\] Enabled CORS for all requests/)
})

test('the fields of an upstream are replaced, its Vary is kept', async t => {
  const host = await startUpstream(t, (req, res) => {
    res.setHeader('Access-Control-Allow-Origin', 'http://other.test')
    res.setHeader('access-control-allow-credentials', 'true')
    res.setHeader('ACCESS-CONTROL-EXPOSE-HEADERS', 'X-Theirs')
    res.setHeader('Vary', req.url === '/origin' ? 'Accept, origin' : 'Accept')
    res.setHeader('X-Kept', '1')
    res.end('body')
  })
  const { gateway } = await build(t, {
    extra_config: cors({ allow_origins: ['http://a.test'], expose_headers: ['x-kept'] }),
    endpoints: [
      endpoint('/a', host, { output_encoding: 'no-op' }),
      endpoint('/b', host, { output_encoding: 'no-op', url: '/origin' })
    ]
  })
  const allowed = await gateway.request({ path: '/a', headers: { Origin: 'http://a.test' } })
  assert.equal(allowed.headers['access-control-allow-origin'], 'http://a.test')
  assert.equal(allowed.headers['access-control-expose-headers'], 'X-Kept')
  assert.equal(allowed.headers['access-control-allow-credentials'], undefined)
  assert.equal(allowed.headers.vary, 'Origin, Accept')
  assert.equal(allowed.headers['x-kept'], '1')
  assert.equal(allowed.text(), 'body')
  const refused = await gateway.request({ path: '/b', headers: { Origin: 'http://evil.test' } })
  assert.deepEqual(
    Object.keys(refused.headers).filter(name => name.startsWith('access-control')),
    []
  )
  assert.equal(refused.headers.vary, 'Accept, origin')
})

test('failures carry the fields too', async t => {
  const { gateway } = await build(t, { extra_config: cors({}), endpoints: [endpoint('/a', NOWHERE)] })
  const failed = await gateway.request({ path: '/a', headers: { Origin: 'http://a.test' } })
  assert.deepEqual([failed.status, failed.headers['access-control-allow-origin'], failed.headers.vary], [500, '*', 'Origin'])
})

test('preflights go on where that is asked for, and have another status', async t => {
  const { gateway } = await build(t, {
    extra_config: { ...cors({ options_passthrough: true }), router: { auto_options: true } },
    endpoints: [endpoint('/a', NOWHERE)]
  })
  const passed = await gateway.request({ method: 'OPTIONS', path: '/a', headers: PREFLIGHT })
  assert.deepEqual([passed.status, passed.headers.allow, passed.headers['access-control-allow-methods']], [200, 'GET', 'GET'])
  const other = await build(t, { extra_config: cors({ options_success_status: 200 }), endpoints: [endpoint('/a', NOWHERE)] })
  assert.equal((await other.gateway.request({ method: 'OPTIONS', path: '/a', headers: PREFLIGHT })).status, 200)
})

test('decisions are logged where that is asked for', async t => {
  const { gateway, log } = await build(t, {
    extra_config: cors({ debug: true, allow_origins: ['http://a.test'] }),
    endpoints: [endpoint('/a', NOWHERE)]
  })
  await gateway.request({ method: 'OPTIONS', path: '/a', headers: PREFLIGHT })
  await gateway.request({ path: '/a', headers: { Origin: 'http://b.test' } })
  await log.line(/DEBUG: \[CORS\] Preflight request: added Access-Control-Allow-Origin, Access-Control-Allow-Methods/)
  await log.line(/DEBUG: \[CORS\] Actual request: origin not allowed/)
})

test('options that cannot be honoured stop the start and say where', async t => {
  const refuse = (options: unknown, wanted: RegExp): Promise<void> =>
    assert.rejects(build(t, { extra_config: { 'security/cors': options }, endpoints: [endpoint('/a', NOWHERE)] }), wanted)
  await refuse({ allow_origins: 'http://a.test' }, /security~1cors\/allow_origins/)
  await refuse({ allow_origins: ['http://a.test', 'http://*.*'] }, /security~1cors\/allow_origins\/1: .*more than one/)
  await refuse({ max_age: '12' }, /security~1cors\/max_age: expected a duration/)
  await refuse({ options_success_status: 404 }, /options_success_status/)
  await refuse([], /security~1cors/)
})

test('in tolerant mode what cannot be read allows nothing', async t => {
  const { gateway, log } = await build(
    t,
    { extra_config: cors({ allow_origins: 'http://a.test', max_age: 'x' }), endpoints: [endpoint('/a', NOWHERE)] },
    { tolerant: true }
  )
  const answer = await gateway.request({ method: 'OPTIONS', path: '/a', headers: PREFLIGHT })
  assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [204, undefined])
  await log.line(/ERROR: .*security~1cors\/allow_origins: .* must be array/)
})

test('credentials for everybody are pointed out', async t => {
  const { log } = await build(t, { extra_config: cors({ allow_credentials: true }), endpoints: [endpoint('/a', NOWHERE)] })
  await log.line(/WARNING: .*allow_credentials has no effect/)
})
