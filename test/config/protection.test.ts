import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meantProtection } from '../../src/config/protection.js'
import { errorsOf, load, loadEndpoint } from './support.js'

const MISSPELLED: readonly (readonly [written: string, meant: string])[] = [
  ['auth/validatr', 'auth/validator'],
  ['Auth/Validator', 'auth/validator'],
  ['auth_validator', 'auth/validator'],
  ['AUTH.VALIDATOR', 'auth/validator'],
  ['aut/validator', 'auth/validator'],
  ['validator', 'auth/validator'],
  ['qos/rate-limit/router', 'qos/ratelimit/router'],
  ['qos/ratelimt/router', 'qos/ratelimit/router'],
  ['ratelimit/router', 'qos/ratelimit/router'],
  ['security/cros', 'security/cors'],
  ['securty/cors', 'security/cors'],
  ['validation/jsonschema', 'validation/json-schema'],
  ['plugin/http-servr', 'plugin/http-server'],
  ['backend/amqp/producr', 'backend/amqp/producer'],
  ['github.com/devopsfaith/krakend-cors', 'security/cors'],
  ['github_com/devopsfaith/krakend-jose/validator', 'auth/validator'],
  ['github.com/devopsfaith/krakend-jose/validatr', 'auth/validator'],
  ['github.com/krakend/krakend-cel', 'validation/cel'],
  ['github.com/devopsfaith/krakend-cor', 'security/cors'],
  ['github.com/devopsfaith/krakend-ratelimit/router', 'qos/ratelimit/router'],
  ['krakend/auth/validator', 'auth/validator'],
  ['github.com/devopsfaith/krakend-ratelimit/juju/router', 'qos/ratelimit/router']
]

test('a namespace near a protecting one is told with what was meant', () => {
  for (const [written, meant] of MISSPELLED) assert.equal(meantProtection(written)?.namespace, meant, written)
})

test('a namespace in a protecting group is told, whatever it is', () => {
  for (const name of ['auth/my-own', 'security/waf', 'QoS/queue', 'validation/x', 'auth.thing']) {
    assert.deepEqual(meantProtection(name), { namespace: undefined }, name)
  }
})

test('other namespaces are not taken for one', () => {
  const others =
    'custom my/plugin telemetry/loging github.com/devopsfaith/krakend-etcd github_com/devopsfaith/krakend-usage author'
  for (const name of [
    ...others.split(' '),
    'github.com/devopsfaith/krakend-flexibleconfig',
    'documentation/html',
    'modifier/martain'
  ]) {
    assert.equal(meantProtection(name), undefined, name)
  }
})

test('a misspelled protection stops a load at every level; tolerant, it is a warning', () => {
  const typo = { 'auth/validatr': { alg: 'RS256' } }
  for (const at of [
    { extra_config: typo },
    { endpoints: [{ endpoint: '/x', extra_config: typo, backend: [{}] }] },
    { endpoints: [{ endpoint: '/x', backend: [{ extra_config: typo }] }] }
  ]) {
    assert.match(errorsOf(() => load(at)).join(), /unknown namespace 'auth\/validatr'/)
    const { problems } = load(at, { tolerant: true })
    assert.deepEqual(
      problems.map(problem => [problem.level, problem.suggestion?.includes('`auth/validator`')]),
      [['warning', true]]
    )
  }
  assert.deepEqual(load({ extra_config: { '#auth/validatr': {}, '_security/waf': {} } }).problems, [])
})

test('components under a misspelled extra_config stop a load too', () => {
  const endpoint = (key: string) => loadEndpoint({ [key]: { 'auth/validator': {} } })
  assert.match(errorsOf(() => endpoint('extra_confg'))[0]!, /unknown key 'extra_confg'/)
  assert.doesNotThrow(() => endpoint('@extra_config'))
  assert.doesNotThrow(() => loadEndpoint({ notes: { owner: 'a' } }))
})

test('tolerant: a transport that is not there fails its backend, and no call takes its place', () => {
  const tolerant = { tolerant: true }
  for (const name of ['backend/amqp/producer', 'github.com/devopsfaith/krakend-lambda', 'backend/soap', 'workflow']) {
    const extra = { extra_config: { [name]: {} } }
    const only = loadEndpoint({ backend: [{ url_pattern: '/', ...extra }] }, tolerant)
    assert.match(only.broken ?? '', /there is no '/, name)
    const half = loadEndpoint({ backend: [{ url_pattern: '/', ...extra }, { url_pattern: '/' }] }, tolerant)
    assert.equal(half.broken, undefined)
    assert.match(half.backends[0]!.broken ?? '', /no other call/)
    assert.equal(half.backends[1]!.broken, undefined)
  }
  assert.match(loadEndpoint({ extra_config: { websocket: {} } }, tolerant).broken ?? '', /websocket/)
})

test('tolerant: hosts of other protocols fail their endpoint and nothing else', () => {
  for (const host of ['kafka://broker:9092', 'ws://h', 'amqp://u:p@h:5672/v', 'nats://h', 'unix:///tmp/x']) {
    for (const disable_host_sanitize of [true, false]) {
      const backend = [{ url_pattern: '/', host: [host], disable_host_sanitize }]
      assert.match(errorsOf(() => loadEndpoint({ backend })).join(), /unsupported protocol scheme/, host)
      assert.match(loadEndpoint({ backend }, { tolerant: true }).broken ?? '', /unsupported protocol scheme/)
    }
  }
})
