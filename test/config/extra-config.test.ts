import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CORE_NAMESPACES, type NamespaceTable } from '../../src/config/namespaces.js'
import { loadConfigObject } from '../support/load-config.js'
import { findingsOf, load, loadBackend, loadEndpoint } from './support.js'

const LIMIT: NamespaceTable = [
  {
    namespace: 'qos/ratelimit/router',
    scopes: ['endpoint'],
    aliases: ['example/limit'],
    schema: {
      type: 'object',
      properties: {
        max_rate: { type: 'number' },
        strategy: { enum: ['ip', 'header'] },
        every: { anyOf: [{ type: 'string' }, { type: 'null' }] }
      },
      required: ['max_rate'],
      additionalProperties: false
    }
  },
  { namespace: 'validation/cel', scopes: ['endpoint', 'backend'] }
]

const levels = (run: () => unknown) => findingsOf(run).map(p => `${p.level} ${p.pointer}: ${p.message}`)
const service = (extra_config: object, tolerant = false) => load({ extra_config }, { tolerant, namespaces: LIMIT })

test('namespaces of KrakenD that Sluice does not have stop the load; tolerant, they are left out', () => {
  const extra = { 'auth/validator': {}, 'auth/api-keys': {}, 'github.com/devopsfaith/krakend-lua/router': {} }
  assert.deepEqual(
    levels(() => service(extra)),
    [
      `error /extra_config/auth~1validator: Sluice does not have the namespace 'auth/validator'`,
      `error /extra_config/auth~1api-keys: Sluice does not have the namespace 'auth/api-keys' (KrakenD Enterprise)`,
      `error /extra_config/github.com~1devopsfaith~1krakend-lua~1router: Sluice does not have the namespace 'modifier/lua-endpoint'`
    ]
  )
  const tolerant = service(extra, true)
  assert.deepEqual(Object.keys(tolerant.extra), [])
  assert.equal(tolerant.problems.filter(p => p.level === 'error').length, 3)
  const agents = { async_agent: [{ name: 'a' }] }
  assert.deepEqual(
    levels(() => load(agents)),
    ['error /async_agent/0: Sluice does not have async agents']
  )
  assert.equal(load(agents, { tolerant: true }).problems.length, 1)
})

test('unknown namespaces warn with the nearest known one and are kept; free keys are dropped', () => {
  const config = service({ 'telemetry/loging': { a: 1 }, '@comment': 'x' })
  assert.equal(config.problems[0]!.suggestion, 'did you mean `telemetry/logging`?')
  assert.deepEqual(Object.keys(config.extra), ['telemetry/loging'])
})

test('a namespace at a level where it does nothing warns and is left out; one that protects stops the load', () => {
  assert.deepEqual(
    levels(() => service({ proxy: {}, 'qos/ratelimit/router': {} })),
    [
      "error /extra_config/qos~1ratelimit~1router: 'qos/ratelimit/router' does nothing at the level of the service",
      "warning /extra_config/proxy: 'proxy' does nothing at the level of the service"
    ]
  )
  const config = service({ proxy: {}, 'qos/ratelimit/router': {} }, true)
  assert.deepEqual(
    config.problems.map(p => [p.message, p.suggestion]),
    [
      [`'proxy' does nothing at the level of the service`, 'it belongs to the endpoint or the backend'],
      [`'qos/ratelimit/router' does nothing at the level of the service`, 'it belongs to the endpoint']
    ]
  )
  assert.deepEqual(Object.keys(config.extra), [])
})

test('the short name wins over the long one, in either order', () => {
  const long = 'github_com/luraproject/lura/router/gin'
  const short = { router: { auto_head: true } }
  for (const extra of [
    { ...short, [long]: { auto_options: true } },
    { [long]: { auto_options: true }, ...short }
  ]) {
    const config = service(extra)
    assert.deepEqual([config.router.autoHead, config.router.autoOptions], [true, false])
    assert.deepEqual(
      config.problems.map(p => p.pointer),
      ['/extra_config/github_com~1luraproject~1lura~1router~1gin']
    )
  }
})

test('options of components are checked by their schema', () => {
  const endpoint = (options: unknown, tolerant = false, name = 'qos/ratelimit/router') =>
    loadEndpoint({ extra_config: { [name]: options } }, { namespaces: LIMIT, tolerant })
  assert.deepEqual(
    endpoint({ max_rate: 1 }, false, 'example/limit').extra,
    Object.assign(Object.create(null), { 'qos/ratelimit/router': Object.assign(Object.create(null), { max_rate: 1 }) })
  )
  const base = 'error /endpoints/0/extra_config/qos~1ratelimit~1router'
  assert.deepEqual(
    levels(() => endpoint({ max_rate: 'fast', strategy: 'x', every: 5 })),
    [
      `${base}/max_rate: 'qos/ratelimit/router': 'max_rate' must be number`,
      `${base}/strategy: 'qos/ratelimit/router': 'strategy' must be one of "ip", "header"`,
      `${base}/every: 'qos/ratelimit/router': 'every' has a form that is not allowed`
    ]
  )
  assert.deepEqual(
    endpoint({ max_rate: 1, strategy: 'x' }, true).extra['qos/ratelimit/router'],
    Object.assign(Object.create(null), { max_rate: 1 })
  )
  assert.equal(endpoint({}, true).extra['qos/ratelimit/router'], undefined)
  assert.equal(endpoint('fast', true).extra['qos/ratelimit/router'], undefined)
  const typo = load(
    { endpoints: [{ endpoint: '/x', backend: [{}], extra_config: { 'qos/ratelimit/router': { max_rate: 1, stratgy: 'ip' } } }] },
    { namespaces: LIMIT }
  )
  assert.deepEqual([typo.problems[0]!.level, typo.problems[0]!.suggestion], ['warning', 'did you mean `strategy`?'])
})

test('without a schema objects and lists pass, scalars do not', () => {
  const cel = (value: unknown) => loadBackend({ extra_config: { 'validation/cel': value } }, {}, { namespaces: LIMIT })
  assert.deepEqual(cel([]).extra['validation/cel'], [])
  assert.match(levels(() => cel('x'))[0]!, /expected an object, got string$/)
})

test('every key of the router is read', () => {
  const router = {
    auto_options: true,
    disable_access_log: true,
    disable_handle_method_not_allowed: true,
    disable_health: true,
    disable_path_decoding: true,
    disable_redirect_fixed_path: true,
    disable_redirect_trailing_slash: true,
    error_body: { 404: [1], 405: null },
    forwarded_by_client_ip: false,
    remote_ip_headers: ['X-A'],
    trusted_proxies: ['10.1.2.3'],
    remove_extra_slash: true,
    logger_skip_paths: ['/a'],
    return_error_msg: true,
    health_path: '/up',
    hide_version_header: true,
    use_h2c: true,
    app_engine: true,
    auto_head: true,
    identity: 'sluice',
    error_status: 'http',
    no_op_timeout: 'whole',
    max_request_bytes: 5,
    request_id: true,
    max_connections_per_host: 6,
    max_queued_per_host: 0,
    unread_answer_timeout: '9s',
    shutdown_delay: '3s',
    http2_max_header_fields: 7,
    http2_header_fields_per_second: 8,
    http2_header_bytes_per_second: 9,
    max_multipart_memory: 1
  }
  const config = service({ router })
  assert.deepEqual(config.problems, [])
  assert.deepEqual(config.router, {
    autoOptions: true,
    disableAccessLog: true,
    disableHandleMethodNotAllowed: true,
    disableHealth: true,
    disablePathDecoding: true,
    disableRedirectFixedPath: true,
    disableRedirectTrailingSlash: true,
    errorBody404: [1],
    errorBody405: undefined,
    forwardedByClientIp: false,
    remoteIpHeaders: ['X-A'],
    trustedProxies: ['10.1.2.3'],
    removeExtraSlash: true,
    loggerSkipPaths: ['/a'],
    returnErrorMsg: true,
    healthPath: '/up',
    hideVersionHeader: true,
    useH2c: true,
    tunnelIdleTimeoutMs: 0,
    appEngine: true,
    autoHead: true,
    identity: 'sluice',
    errorStatus: 'http',
    noOpTimeout: 'whole',
    maxRequestBytes: 5,
    requestId: true,
    maxConnectionsPerHost: 6,
    maxQueuedPerHost: 0,
    unreadAnswerTimeoutMs: 9000,
    shutdownDelayMs: 3000,
    http2MaxHeaderFields: 7,
    http2HeaderFieldsPerSecond: 8,
    http2HeaderBytesPerSecond: 9
  })
})

test('wrong router options are errors; tolerant, each keeps its default', () => {
  const router = {
    auto_options: 'yes',
    return_error_msg: true,
    identity: 'slice',
    trusted_proxies: ['10.0.0.0/33', 'x', '::/129', '::1/64'],
    health_path: 'up',
    logger_skip_paths: 'x',
    remote_ip_headers: [1],
    error_body: 5,
    max_request_bytes: 'x',
    max_payload: 5
  }
  assert.deepEqual(
    findingsOf(() => service({ router }))
      .filter(p => p.level === 'error')
      .map(p => p.message),
    [
      `'router.error_body' expected a map or struct, got "float64"`,
      `'router.auto_options' expected type 'bool', got unconvertible type 'string'`,
      `'router.remote_ip_headers' [0] expected type 'string', got unconvertible type 'float64'`,
      'invalid CIDR address: 10.0.0.0/33',
      'invalid CIDR address: x',
      'invalid CIDR address: ::/129',
      `'router.logger_skip_paths' expected a list, got "string"`,
      `the path 'up' must begin with '/'`,
      `'router.identity' 'slice' is not one of "krakend", "sluice"`,
      `'router.max_request_bytes' expected type 'int', got unconvertible type 'string'`
    ]
  )
  const config = service({ router }, true).router
  assert.deepEqual(
    [config.autoOptions, config.returnErrorMsg, config.identity, config.healthPath],
    [false, true, 'krakend', '/__health']
  )
  assert.deepEqual(config.trustedProxies, ['::1/64'])
  assert.equal(service({ router: [] }, true).router.healthPath, '/__health')
})

test('proxy options of endpoints', () => {
  const proxy = (options: object, backends = 2, tolerant = false) =>
    loadEndpoint({ backend: Array(backends).fill({}), extra_config: { proxy: options } }, { tolerant }).proxy
  assert.deepEqual(
    proxy({ sequential: true, sequential_propagated_params: ['resp0_id', 'resp1'], force_sandboxed_request: true }),
    {
      sequential: true,
      sequentialPropagatedParams: ['resp0_id', 'resp1'],
      static: undefined,
      flatmapFilter: [],
      forceSandboxedRequest: true
    }
  )
  const flatmap_filter = [
    { type: 'move', args: ['a', 'b'] },
    { type: 'move', args: ['a'] },
    { type: 'nop', args: [] },
    7,
    { args: ['x'] }
  ]
  assert.deepEqual(proxy({ flatmap_filter }, 2, true).flatmapFilter, [
    { type: 'move', args: ['a', 'b'] },
    { type: 'move', args: ['a'] }
  ])
  assert.equal(levels(() => proxy({ flatmap_filter })).length, 4)
  assert.equal(proxy({ static: { strategy: 'sometimes', data: { a: 1 } } }, 1, true).static!.strategy, 'always')
  assert.equal(proxy({ static: { data: 'x' } }, 1, true).static, undefined)
  const warned = load({
    endpoints: [
      {
        endpoint: '/x',
        backend: [{ extra_config: { proxy: { sequential: true } } }],
        extra_config: {
          proxy: {
            shadow: true,
            combiner: 'x',
            max_payload: 1,
            sequential_propagated_params: ['x', 'resp7'],
            flatmap_filter: [{ type: 'del', args: ['a'] }]
          }
        }
      }
    ]
  })
  assert.deepEqual(
    warned.problems.map(p => p.message),
    [
      `'x' names no result of a backend`,
      `'resp7' names a backend that does not exist`,
      `unknown combiner 'x', the default is used`,
      'flatmap_filter of an endpoint does nothing with one backend',
      `'shadow' does nothing here`,
      `'max_payload' is an Enterprise option that Sluice does not have`,
      `'sequential' does nothing here`
    ]
  )
})

test('options of the HTTP client of a backend', () => {
  const of = (name: string, options: object) => loadBackend({ extra_config: { [name]: options } })
  assert.deepEqual(of('backend/http', { return_error_code: true }).http, { returnErrorDetails: '', returnErrorCode: true })
  assert.deepEqual(of('backend/http', { return_error_code: true, return_error_details: '' }).http.returnErrorCode, false)
  assert.deepEqual(of('backend/http', { return_error_details: 'a' }).http.returnErrorDetails, 'a')
  assert.deepEqual(of('backend/http/client', { send_body_on_redirect: true, no_redirect: true }).httpClient, {
    sendBodyOnRedirect: true,
    noRedirect: true,
    tls: undefined,
    proxyAddress: undefined
  })
  const { tls } = of('backend/http/client', { client_tls: { ca_certs: ['ca.pem'], min_version: 'TLS12' } }).httpClient
  assert.deepEqual([tls?.caCerts, tls?.minVersion, tls?.allowInsecureConnections], [['ca.pem'], 'TLSv1.2', false])
  const { proxyAddress } = of('backend/http/client', { proxy_address: 'http://u:p@proxy.test:3128' }).httpClient
  assert.equal(proxyAddress, 'http://u:p@proxy.test:3128/')
  assert.equal(of('backend/http/client', { proxy_address: '' }).httpClient.proxyAddress, undefined)
  for (const wrong of ['proxy:3128', 'socks5://proxy:1080', 'http://proxy/path', 'http://', 3128])
    assert.match(levels(() => of('backend/http/client', { proxy_address: wrong }))[0]!, /^(error|fatal)/, String(wrong))
})

test('what is null is left out, unless it was to protect', () => {
  const load = loadBackend({ extra_config: { proxy: null, 'backend/http': null, 'telemetry/opencensus': null } })
  assert.deepEqual(Object.keys(load.extra), [])
  assert.match(levels(() => loadBackend({ extra_config: { 'qos/circuit-breaker': null } }))[0] ?? '', /error/)
})

test('plugins need a name', () => {
  const named = (name: unknown, tolerant = false) =>
    loadBackend({ extra_config: { 'plugin/http-client': { name } } }, {}, { tolerant })
  assert.deepEqual(Object.keys(named(['a', 'b']).extra), ['plugin/http-client'])
  assert.match(levels(() => named(5))[0]!, /needs "name"/)
  assert.deepEqual(Object.keys(named([1], true).extra), [])
  assert.deepEqual(Object.keys(loadEndpoint({ extra_config: { 'plugin/http-server': { name: 'a' } } }).extra), [
    'plugin/http-server'
  ])
})

test('a block without a plugin warns and runs none; a misspelled name is a fault', () => {
  for (const options of [{}, { name: null }, { '@name': 'a', a: {} }]) {
    const { problems, extra } = service({ 'plugin/http-server': options })
    assert.deepEqual(
      problems.map(problem => problem.level),
      ['warning']
    )
    assert.deepEqual(Object.keys(extra), [])
  }
  assert.match(levels(() => service({ 'plugin/http-server': { nmae: ['a'] } }))[0]!, /needs "name"/)
})

test('logging options are checked; tolerant, faulty ones are left out', () => {
  const options = { level: 'LOUD', prefix: 5, stdout: true, format: 'x', typo: 1 }
  assert.equal(levels(() => service({ 'telemetry/logging': options })).length, 4)
  const kept = service({ 'telemetry/logging': options }, true).extra['telemetry/logging']
  assert.deepEqual({ ...(kept as object) }, { stdout: true, typo: 1 })
  assert.equal(service({ 'telemetry/logging': [] }, true).extra['telemetry/logging'], undefined)
  assert.deepEqual(service({ 'telemetry/logging': { level: 'debug', access_log_format: 'json' } }).problems, [])
})

test('the core has ten namespaces', () => assert.equal(CORE_NAMESPACES.length, 10))

const GUARD: NamespaceTable = [
  {
    namespace: 'auth/validator',
    scopes: ['endpoint'],
    guard: true,
    caseless: true,
    schema: { type: 'object', properties: { alg: {}, roles: { type: 'array' } }, additionalProperties: false }
  },
  {
    namespace: 'validation/cel',
    scopes: ['endpoint'],
    caseless: true,
    schema: { type: 'array', items: { type: 'object', properties: { check_expr: {} }, additionalProperties: false } }
  }
]

test('a misspelled option of a protection stops the load; tolerant, it is a warning', () => {
  const endpoint = (options: object, tolerant = false) =>
    loadEndpoint({ extra_config: { 'auth/validator': options } }, { namespaces: GUARD, tolerant })
  const base = '/endpoints/0/extra_config/auth~1validator'
  for (const key of ['role', 'rols', 'roles_', 'r-o-l-e-s']) {
    const [problem, ...others] = findingsOf(() => endpoint({ [key]: ['a'] }))
    assert.deepEqual(others, [], key)
    assert.equal(`${problem!.level} ${problem!.pointer}`, `error ${base}/${key}`)
    assert.equal(problem!.suggestion, 'did you mean `roles`?')
    assert.doesNotMatch(problem!.message, /ignored/)
    assert.doesNotThrow(() => endpoint({ [key]: ['a'] }, true))
  }
  for (const key of ['@roles', 'something_else']) assert.doesNotThrow(() => endpoint({ [key]: 1 }), key)
})

test('where KrakenD does, options are found whatever the case of their names', () => {
  const extra = (namespace: string, options: unknown) =>
    JSON.stringify(loadEndpoint({ extra_config: { [namespace]: options } }, { namespaces: GUARD }).extra[namespace])
  assert.equal(extra('auth/validator', { Roles: ['a'], ALG: 'x' }), '{"alg":"x","roles":["a"]}')
  assert.equal(extra('auth/validator', { ROLES: ['a'], roles: ['b'], Roles: ['c'] }), '{"roles":["b"]}')
  assert.equal(extra('auth/validator', { Roles: ['c'], ROLES: ['a'] }), '{"roles":["c"]}')
  assert.equal(extra('validation/cel', [{ Check_Expr: 'x' }]), '[{"check_expr":"x"}]')
})

test('an element of a list with a fault is left out, and the others stay', () => {
  const schema = { type: 'array', items: { type: 'object', properties: { text: { type: 'string' } } } }
  const namespaces = [{ namespace: 't/list', scopes: ['service'], schema, guard: false }] as const
  const options = [{ text: 'a' }, { text: 1 }, { text: 'b' }]
  const { extra } = loadConfigObject(
    { version: 3, extra_config: { 't/list': options }, endpoints: [] },
    { env: {}, namespaces: [...namespaces], tolerant: true }
  )
  assert.deepEqual(JSON.parse(JSON.stringify(extra['t/list'])), [{ text: 'a' }, { text: 'b' }])
})
