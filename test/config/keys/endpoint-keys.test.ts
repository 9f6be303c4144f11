import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorsOf, findingsOf, load, loadBackend, loadEndpoint } from '../support.js'

const backend = [{ url_pattern: '/' }]
const messages = (run: () => unknown) => findingsOf(run).map(problem => problem.message)
const pattern = (endpoint: string, url_pattern: string, more: object = {}) =>
  loadEndpoint({ endpoint, backend: [{ url_pattern }], ...more })

test('hosts are cleaned, or refused', () => {
  const clean = (host: string) => loadBackend({ host }).hosts[0]
  assert.equal(clean('localhost:8080'), 'http://localhost:8080')
  assert.equal(clean('https://bar:8443/'), 'https://bar:8443')
  assert.equal(clean('http://host%'), 'http://host')
  for (const host of ['', 'http://a/path/x', 'http://a b', 'http://[::1]:80', 'http://a:1', 'http://u:p@h']) {
    const message = `/endpoints/0/backend/0/host: host ${host} not valid: invalid host`
    assert.deepEqual(
      errorsOf(() => clean(host)),
      [message]
    )
  }
  assert.deepEqual(
    errorsOf(() => load({ host: ['http://a b'], endpoints: [{ endpoint: '/x', backend }] })),
    ['/host: host http://a b not valid: invalid host']
  )
})

test('verbatim hosts must be addresses unless something else than the HTTP client uses them', () => {
  const verbatim = (host: string, more: object = {}) => loadBackend({ host: [host], disable_host_sanitize: true, ...more })
  assert.deepEqual(verbatim('http://h/base').hosts, ['http://h/base'])
  assert.deepEqual(verbatim('service.name', { sd: 'dns' }).hosts, ['service.name'])
  assert.deepEqual(verbatim('queue:x', { extra_config: { 'plugin/http-client': { name: 'q' } } }).hosts, ['queue:x'])
  const fault = (host: string) => messages(() => verbatim(host))
  assert.deepEqual(fault('127.0.0.1:80'), ['parse "127.0.0.1:80": first path segment in URL cannot contain colon'])
  assert.deepEqual(fault('amqp://h'), ['unsupported protocol scheme "amqp"'])
  assert.deepEqual(fault('name'), ['unsupported protocol scheme "" in host "name"'])
  assert.deepEqual(fault('http://h:99999'), ['dial tcp: address 99999: invalid port'])
  assert.deepEqual(fault('http://a b'), ['parse "http://a b": invalid URL'])
  assert.equal(
    loadEndpoint({ backend: [{ host: 'http://h:99999' }] }, { tolerant: true }).broken,
    'dial tcp: address 99999: invalid port'
  )
})

test('an endpoint without a host is served as a 500, with a warning, unless something still answers', () => {
  const endpoint = { endpoint: '/x', backend: [{ url_pattern: '/' }] }
  const none = { host: [], endpoints: [endpoint] }
  const config = load(none)
  assert.equal(config.endpoints[0]!.broken, 'no hosts available')
  assert.deepEqual(
    config.problems.map(problem => problem.level),
    ['warning']
  )
  const withStatic = { ...endpoint, extra_config: { proxy: { static: { data: { a: 1 } } } } }
  assert.equal(load({ host: [], endpoints: [withStatic] }, { tolerant: true }).endpoints[0]!.broken, undefined)
  const half = { endpoint: '/y', backend: [{ host: 'http://h:80' }, {}] }
  assert.equal(load({ host: [], endpoints: [half] }, { tolerant: true }).endpoints[0]!.broken, undefined)
})

test('what takes the rest of a path is its last segment, and one of its kind', () => {
  const [middle] = messages(() => loadEndpoint({ endpoint: '/w/{a...}/b' }))
  assert.equal(middle, "the path '/w/{a...}/b' goes on behind a parameter that takes all the rest")
  const config = (...paths: string[]) => ({ endpoints: paths.map(endpoint => ({ endpoint, backend })) })
  const [twice] = messages(() => load(config('/v1/*', '/v1/{x...}')))
  assert.match(twice!, /^':x' in new path '\/v1\/\*x' conflicts with .* at \/endpoints\/0/)
  assert.equal(load(config('/v1/*', '/v1/{id}', '/v1/{id}/{x...}')).endpoints.length, 3)
})

test('reserved paths and wildcards are refused', () => {
  const refused = (path: string) => messages(() => loadEndpoint({ endpoint: path }))
  for (const path of ['/__debug/x', '/foo/__health', '/__echo', '/a/*x/b']) {
    assert.deepEqual(refused(path), [`ignoring the ' ${path}' endpoint, since it is invalid!!!`])
  }
  assert.match(refused('/a/b*')[0]!, /^wildcards must be named with a non-empty name in path '\/a\/b\*'/)
  assert.deepEqual(
    messages(() => load({ extra_config: { router: { health_path: '/up' } }, endpoints: [{ endpoint: '/up', backend }] })),
    [`handlers are already registered for path '/up': it is the health_path of the router`]
  )
  const off = { router: { health_path: '/up', disable_health: true } }
  assert.equal(load({ extra_config: off, endpoints: [{ endpoint: '/up', backend }] }).endpoints.length, 1)
  assert.match(load({ endpoints: [{ endpoint: '/a?b=c', backend }] }).problems[0]!.message, /is never matched/)
})

test('an endpoint needs a backend, and no-op exactly one', () => {
  const of = (more: object) => messages(() => load({ endpoints: [{ endpoint: '/x', ...more }] }))
  assert.deepEqual(of({}), [`ignoring the ' /x' endpoint, since it has 0 backends defined!`])
  assert.deepEqual(of({ method: 'PUT', backend: [] }), [`ignoring the 'PUT /x' endpoint, since it has 0 backends defined!`])
  const noOp = 'can not use NoOp encoding with more than one backends connected to the same endpoint'
  assert.deepEqual(of({ output_encoding: 'no-op', backend: [{}, {}] }), [noOp])
})

test('an endpoint with an unsupported method is skipped; words that are no method are refused', () => {
  const skipped = load({ endpoints: [{ endpoint: '/x', method: 'head', backend }] })
  assert.deepEqual([skipped.endpoints.length, skipped.problems[0]!.level], [0, 'warning'])
  const config = { endpoints: [{ endpoint: '/x', method: 'update', backend }] }
  const text = '[SERVICE: Router] [ENDPOINT: /x ] Unsupported method UPDATE'
  assert.deepEqual(
    messages(() => load(config)),
    [text]
  )
  const tolerant = load(config, { tolerant: true })
  assert.equal(tolerant.endpoints.length, 0)
  assert.equal(tolerant.problems[0]!.message, text)
})

test('a list of methods must not be empty', () => {
  const empty = { endpoints: [{ endpoint: '/x', method: [], backend }] }
  assert.deepEqual(
    messages(() => load(empty)),
    ['the list of methods is empty']
  )
  assert.deepEqual(
    messages(() => load(empty, { tolerant: true })),
    ['the list of methods is empty']
  )
})

test('parameters are found in whole segments, with disable_rest anywhere', () => {
  const path = (endpoint: string, disable_rest = false) => {
    const { params, ginPath } = load({ disable_rest, endpoints: [{ endpoint, backend }] }).endpoints[0]!
    return [params, ginPath]
  }
  assert.deepEqual(path('/a/{b-c}/{D_1}'), [['b-c', 'D_1'], '/a/:b-c/:D_1'])
  assert.deepEqual(path('/a/pre{id}'), [[], '/a/pre{id}'])
  assert.deepEqual(path('/a/pre{id}.json', true), [['id'], '/a/pre:id.json'])
  assert.deepEqual(path('/x/{a}/{a}'), [['a', 'a'], '/x/:a/:a'])
  assert.equal(loadEndpoint({ endpoint: '/a//b' }).path, '/a/b')
})

test('placeholders of backends are checked and rewritten as KrakenD does it', () => {
  assert.equal(pattern('/{userName}/{a-b}', '/x/{a-b}?u={userName}').backends[0]!.goPattern, '/x/{{.A-b}}?u={{.UserName}}')
  assert.equal(pattern('/x', '/{JWT.sub}/{resp0_a.b}').backends[0]!.goPattern, '/{{.JWT.sub}}/{{.Resp0_a.b}}')
  const fault = (endpoint: string, url: string, more: object = {}) => messages(() => pattern(endpoint, url, more))
  assert.deepEqual(fault('/x/{id}', '/{foo}'), [
    `undefined output param 'foo'! endpoint: GET /x/:id, backend: 0. input: [id], output: [foo]`
  ])
  assert.deepEqual(fault('/x/{id}', '/{foo}/{bar}/{baz}', { method: 'POST' }), [
    'input and output params do not match. endpoint: POST /x/:id, backend: 0. input: [id], output: [bar baz foo]'
  ])
  assert.match(fault('/x', '/{resp0}')[0]!, /^undefined output param 'resp0'!/)
})

test('warns of results of earlier backends that no backend fills', () => {
  const backends = [{ url_pattern: '/a' }, { url_pattern: '/b/{resp0_id}' }]
  const config = load({ endpoints: [{ endpoint: '/x', backend: backends }] })
  assert.deepEqual(
    config.problems.map(p => [p.level, p.pointer]),
    [['warning', '/endpoints/0/backend/1/url_pattern']]
  )
  const sequential = { endpoint: '/x', backend: backends, extra_config: { proxy: { strategy: 'sequential' } } }
  assert.deepEqual(load({ endpoints: [sequential] }).problems, [])
})

test('parameters that differ only in the first letter are refused; tolerant, served as a 500', () => {
  const text = `the parameters 'id' and 'Id' are one and the same to backends`
  assert.deepEqual(
    messages(() => loadEndpoint({ endpoint: '/{id}/{Id}' })),
    [text]
  )
  assert.equal(loadEndpoint({ endpoint: '/{id}/{Id}' }, { tolerant: true }).broken, text)
})

test('an endpoint of shadows only is refused', () => {
  const shadow = { extra_config: { proxy: { shadow: true } } }
  assert.deepEqual(
    messages(() => loadEndpoint({ backend: [shadow] })),
    ['all endpoints must have at least one backend']
  )
  const backends = loadEndpoint({ timeout: '1s', backend: [{}, shadow] }).backends
  assert.equal(backends[1]!.proxy.shadowTimeoutMs, 1000)
})

test('conflicting routes name both endpoints', () => {
  const of = (...paths: (string | [string, string])[]) => {
    const endpoints = paths.map(p => ({
      endpoint: typeof p === 'string' ? p : p[1],
      method: typeof p === 'string' ? '' : p[0],
      backend
    }))
    return () => load({ endpoints })
  }
  assert.deepEqual(errorsOf(of('/x', ['get', '//x'])), [
    `/endpoints/1/endpoint: handlers are already registered for path '//x': GET /x at /endpoints/1 and at /endpoints/0`
  ])
  assert.deepEqual(errorsOf(of('/x/{a}', '/x/{b}/c')), [
    `/endpoints/1/endpoint: ':b' in new path '/x/:b/c' conflicts with existing wildcard ':a' in existing prefix '/x/:a': GET /x/{b}/c and GET /x/{a} at /endpoints/0`
  ])
  assert.equal(of('/x/{a}', '/x/b', ['POST', '/x/{c}'], '/x/{a}/b', '/x')().endpoints.length, 5)
  const mixed = (a: string, b: string) => () =>
    load({ disable_rest: true, endpoints: [a, b].map(endpoint => ({ endpoint, backend })) })
  assert.equal(mixed('/f/{a}.json', '/f/{b}.xml')().endpoints.length, 2)
  assert.equal(errorsOf(mixed('/f/{a}.json', '/f/{b}.json')).length, 1)
})

test('unknown keys warn and say what was meant', () => {
  const endpoint = {
    endpoint: '/x',
    input_header: ['A'],
    headers_to_pass: [],
    '@note': 1,
    backend: [{ whitelist: ['a'], concurrent_calls: 2, timeout: '1s' }]
  }
  const { problems } = load({ surprise: 1, _x: 1, $schema: '', '#': 1, endpoints: [endpoint] })
  assert.deepEqual(
    problems.map(p => [p.level, p.pointer, p.suggestion]),
    [
      ['warning', '/endpoints/0/backend/0/timeout', 'set it in the endpoint'],
      ['warning', '/endpoints/0/backend/0/whitelist', 'version 3 calls it `allow`'],
      ['warning', '/endpoints/0/backend/0/concurrent_calls', 'set it in the endpoint'],
      ['warning', '/endpoints/0/input_header', 'did you mean `input_headers`?'],
      ['warning', '/endpoints/0/headers_to_pass', 'version 3 calls it `input_headers`'],
      ['warning', '/surprise', 'remove it, or start it with @ $ _ # to keep it as a note']
    ]
  )
})

test('an unknown service discovery stops a load; tolerant, hosts are static', () => {
  assert.match(messages(() => loadBackend({ sd: 'consul' }))[0]!, /unknown word 'consul'/)
  assert.equal(loadBackend({ sd: 'consul' }, {}, { tolerant: true }).sd, 'static')
})
