/** What is wrong with a configuration is told at once, whichever phase of the start finds it. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import type { ConfigInput } from '../../src/config/input.js'
import { ConfigError, type ConfigProblem } from '../../src/errors.js'
import { createGateway } from '../../src/gateway.js'
import type { GatewayOptions } from '../../src/generation/gateway-options.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { KeptLines } from '../support/open-gateway.js'

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-faults-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const backend = [{ host: ['http://127.0.0.1:9'], url_pattern: '/', disable_host_sanitize: true }]
const endpoint = (extra_config: object, more: object = {}) => ({ endpoint: '/x', backend, extra_config, ...more })

async function start(config: object, options: GatewayOptions = {}): Promise<readonly ConfigProblem[]> {
  const file = path.join(folder, 'krakend.json')
  writeFileSync(file, JSON.stringify({ version: 3, ...config }, undefined, 1))
  try {
    const gateway = await createGateway(file, { env: {}, logger: silentLogger, ...options })
    await gateway.close()
    return gateway.config.problems
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems
  }
}

const EVERY_PHASE = {
  timeout: 'soon',
  plugin: { folder: '/nowhere/plugins/', pattern: '.js' },
  tls: { keys: [{ public_key: '/nowhere/a.pem', private_key: '/nowhere/a.key' }] },
  client_tls: { ca_certs: ['/nowhere/ca.pem'] },
  extra_config: { 'plugin/http-server': { name: ['absent'] }, 'auth/validatr': {} },
  endpoints: [
    endpoint({ 'modifier/jmespath': {} }),
    endpoint({ 'qos/ratelimit/router': { client_max_rate: 1 } }, { endpoint: '/a' }),
    endpoint({ 'auth/validator': { alg: 'RS256', jwk_local_path: '/nowhere/keys.json' } }, { endpoint: '/b' }),
    endpoint({ 'validation/cel': [{ check_expr: '1 +' }] }, { endpoint: '/c' }),
    endpoint({ 'validation/json-schema': { type: 'nothing' } }, { endpoint: '/d' }),
    endpoint({ 'plugin/req-resp-modifier': { name: ['missing'] } }, { endpoint: '/e', imput_headers: [] })
  ]
}

const EXPECTED = [
  '/timeout',
  '/plugin/folder',
  '/tls/keys/0/public_key',
  '/tls/keys/0/private_key',
  '/client_tls',
  '/extra_config/plugin~1http-server/name',
  '/extra_config/auth~1validatr',
  '/endpoints/0/extra_config/modifier~1jmespath',
  '/endpoints/1/extra_config/qos~1ratelimit~1router',
  '/endpoints/2/extra_config/auth~1validator/jwk_local_path',
  '/endpoints/3/extra_config/validation~1cel/0/check_expr',
  '/endpoints/4/extra_config/validation~1json-schema',
  '/endpoints/5/extra_config/plugin~1req-resp-modifier/name'
]

test('faults of all phases are one list with places, errors first', async () => {
  const problems = await start(EVERY_PHASE)
  const errors = problems.filter(problem => problem.level === 'error')
  for (const pointer of EXPECTED)
    assert.ok(
      errors.some(one => one.pointer.startsWith(pointer)),
      `${pointer} in\n${errors.map(one => one.pointer).join('\n')}`
    )
  for (const one of problems) assert.ok(one.line !== undefined && one.column !== undefined, one.pointer)
  assert.equal(
    problems.findIndex(one => one.level === 'warning'),
    errors.length
  )
  assert.equal(problems.at(-1)?.pointer, '/endpoints/5/imput_headers')
})

test('an object that is handed over is told about in the same way', async () => {
  const config = { version: 3, ...EVERY_PHASE }
  await assert.rejects(
    createGateway(config as unknown as ConfigInput, { env: {}, logger: silentLogger }),
    (error: ConfigError) => {
      for (const pointer of EXPECTED) assert.ok(error.message.includes(pointer), pointer)
      return true
    }
  )
})

test('one place is told about once, at its own spelling', async () => {
  const key = 'github.com/devopsfaith/krakend-jose/validator'
  const problems = await start({ endpoints: [endpoint({ [key]: { alg: 5, jwk_local_path: '/nowhere/k' } })] })
  assert.deepEqual(
    problems.map(one => one.pointer),
    ['alg', 'jwk_local_path'].map(
      option => `/endpoints/0/extra_config/github.com~1devopsfaith~1krakend-jose~1validator/${option}`
    )
  )
})

test('a cause with several places is told once, with their number', async () => {
  const endpoints = ['/a', '/b', '/c'].map(at => endpoint({ 'modifier/jmespath': {} }, { endpoint: at }))
  const { message } = new ConfigError(await start({ endpoints }))
  assert.match(
    message,
    /^`modifier\/jmespath`: 3 places: Sluice does not have the namespace[^\n]*\n {2}\S+:\d+:\d+ \/endpoints\/0/
  )
  assert.equal(message.split('\n').length, 4)
})

test('a start logs one line for all warnings of one cause', async () => {
  const log = new KeptLines()
  const endpoints = ['/a', '/b', '/c'].map(at => endpoint({}, { endpoint: at, colour: 'red' }))
  const extra_config = { 'telemetry/logging': { level: 'WARNING', stdout: true } }
  const gateway = await createGateway({ version: 3, extra_config, endpoints } as ConfigInput, { env: {}, logOutput: log })
  await gateway.close()
  assert.match(await log.line(/unknown key/), /\/endpoints\/0\/colour: unknown key 'colour' is ignored .*; so in 3 places$/)
  assert.equal(log.lines.length, 1)
})

test('tolerant: what is left out is told too', async () => {
  const { tls, client_tls, timeout, ...rest } = EVERY_PHASE
  const problems = await start(rest, { tolerant: true })
  const told = problems.filter(one => one.level === 'error').map(one => one.pointer)
  for (const pointer of EXPECTED.filter(one => !/^\/(tls|client_tls|timeout|extra_config\/auth)/.test(one)))
    assert.ok(
      told.some(one => one.startsWith(pointer)),
      `${pointer} in\n${told.join('\n')}`
    )
})

test('tolerant: without its certificates a gateway does not start', async () => {
  const problems = await start({ tls: EVERY_PHASE.tls }, { tolerant: true })
  assert.deepEqual(
    problems.map(one => one.pointer),
    ['/tls/keys/0/public_key', '/tls/keys/0/private_key']
  )
})

test('what only watches is left out with a warning', async () => {
  const tracing = { exporters: { jaeger: { endpoint: 'http://collector' } } }
  const problems = await start({
    extra_config: { 'telemetry/opencensus': tracing, 'telemetry/influx': {}, 'telemetry/gelf': {} }
  })
  assert.deepEqual([...new Set(problems.map(one => one.level))], ['warning'])
  for (const name of ['opencensus', 'influx', 'gelf']) {
    assert.ok(
      problems.some(one => one.pointer.includes(`telemetry~1${name}`)),
      name
    )
  }
})

test('what builds on a component with a fault has none of its own; without the component it has', async () => {
  const dependents = {
    'auth/revoker': { N: 1000, P: 0.001, TTL: 10, hash_name: 'optimal', connection_name: 'c', token_keys: ['jti'] },
    'qos/ratelimit/service/redis': { connection_name: 'c', max_rate: 10 },
    'governance/processors': {
      quotas: [{ name: 'q', connection_name: 'c', rules: [{ name: 'gold', limits: [{ amount: 4, unit: 'hour' }] }] }]
    }
  }
  const tiers = [{ rule_name: 'gold', tier_value: 'gold', strategy: 'ip' }]
  const endpoints = [
    endpoint({ 'governance/quota': { quota_name: 'q', tier_key: 'X-Plan', tiers } }),
    endpoint({ 'qos/ratelimit/router/redis': { connection_name: 'c', max_rate: 3 } }, { endpoint: '/y' })
  ]
  const errors = async (extra_config: object, options: GatewayOptions = {}): Promise<string[]> =>
    (await start({ endpoints, extra_config }, options)).filter(one => one.level === 'error').map(one => one.pointer)
  const broken = { redis: { connection_pools: [{ name: 'c', address: '' }] }, ...dependents }
  const own = await errors(broken)
  assert.equal(own.length, 1)
  assert.match(own[0]!, /^\/extra_config\/redis/)
  assert.equal((await errors(dependents)).length, 4)

  const log = new KeptLines()
  const logging = { 'telemetry/logging': { level: 'ERROR', stdout: true } }
  const config: object = { version: 3, endpoints, extra_config: { ...broken, ...logging } }
  const gateway = await createGateway(config as ConfigInput, { env: {}, logOutput: log, tolerant: true })
  assert.deepEqual(await Promise.all(['/x', '/y'].map(async path => (await gateway.request(path)).status)), [500, 500])
  await gateway.close()
  await log.line(/\[governance\/quota\] refuses every request: `governance\/processors` has a fault/)
})

test('names that no header field can have stop the start; in lists of what passes they are told', async () => {
  const name = 'X \0'
  const faults = await start({
    extra_config: {
      'qos/ratelimit/tiered': { tier_key: name, tiers: [{ tier_value_as: '*', ratelimit: { max_rate: 1 } }] },
      'security/cors': { allow_headers: ['Accept', name] },
      'security/http': { ssl_redirect: true, ssl_proxy_headers: { [name]: 'https' } }
    },
    endpoints: [
      endpoint(
        { 'qos/ratelimit/router': { client_max_rate: 1, strategy: 'header', key: name } },
        { input_headers: ['X-A', name] }
      ),
      endpoint({ 'auth/validator': { alg: 'RS256', jwk_url: 'https://127.0.0.1/', cookie_key: 'a b' } }, { endpoint: '/c' })
    ]
  })
  assert.deepEqual(
    faults.map(one => `${one.level} ${one.pointer}`),
    [
      'error /extra_config/qos~1ratelimit~1tiered/tier_key',
      'error /extra_config/security~1cors/allow_headers/1',
      `error /extra_config/security~1http/ssl_proxy_headers/${name}`,
      'error /endpoints/0/extra_config/qos~1ratelimit~1router/key',
      'error /endpoints/1/extra_config/auth~1validator/cookie_key',
      'warning /endpoints/0/input_headers/1'
    ].toSorted((a, b) => faults.findIndex(one => a.endsWith(one.pointer)) - faults.findIndex(one => b.endsWith(one.pointer)))
  )
})

test('a warning of a component in hundreds of places is told twenty times, and the number of the others', async () => {
  const log = new KeptLines()
  const override = { 'telemetry/opentelemetry': { exporters_override: { trace_exporters: ['nowhere'] } } }
  const endpoints = Array.from({ length: 300 }, (_, i) => endpoint(override, { endpoint: `/e${i}` }))
  const otlp = [{ name: 'a', host: '127.0.0.1', port: 4317 }]
  const extra_config = {
    'telemetry/logging': { level: 'WARNING', stdout: true },
    'telemetry/opentelemetry': { exporters: { otlp } }
  }
  const gateway = await createGateway({ version: 3, extra_config, endpoints } as ConfigInput, { env: {}, logOutput: log })
  await gateway.close()
  await log.line(/and 280 places more: \[telemetry\/opentelemetry\] .*there is no exporter 'nowhere'/)
  assert.equal(log.lines.filter(line => line.includes("there is no exporter 'nowhere'")).length, 21)
  assert.equal(gateway.config.problems.filter(one => one.message.includes('nowhere')).length, 300)
})
