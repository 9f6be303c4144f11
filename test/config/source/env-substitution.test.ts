// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references are what is tested
/** `${NAME}` and `${NAME:-default}` behind `env_substitution`. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lintConfig } from '../../../src/config/lint.js'
import { type SubstitutionFault, substituteEnvironment } from '../../../src/config/source/env-substitution.js'
import { ConfigError } from '../../../src/errors.js'
import { loadConfigFile } from '../../support/load-config.js'
import { configFile, errorsOf, findingsOf, load, loadBackend } from '../support.js'

const ENV = { HOST: 'orders', PORT: '9001', EMPTY: '', LIST: '${HOST}' }
const filled = (root: object): { value: object; faults: readonly SubstitutionFault[] } => {
  const value = structuredClone(root)
  return { faults: substituteEnvironment(value, ENV), value }
}
const on = (root: object) => filled({ env_substitution: true, ...root })
const textOf = (text: string): unknown => (on({ t: text }).value as { t: string }).t
const faultsOf = (text: string): string[] => on({ t: text }).faults.map(fault => `${fault.pointer} ${fault.message}`)

test('fills in variables, defaults and escapes', () => {
  for (const [text, expected] of [
    ['http://${HOST}:${PORT}/', 'http://orders:9001/'],
    ['${NONE:-fallback}', 'fallback'],
    ['${NONE:-}', ''],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${HOST:-other}', 'orders'],
    ['${EMPTY}', ''],
    ['${EMPTY:-filled}', 'filled'],
    ['$${HOST}', '${HOST}'],
    ['$$${HOST}', '$${HOST}'],
    ['a $HOST $ {HOST} {HOST} $', 'a $HOST $ {HOST} {HOST} $'],
    // What a variable holds is not looked at again.
    ['${LIST}', '${HOST}']
  ] as const) {
    assert.equal(textOf(text), expected, text)
    assert.deepEqual(faultsOf(text), [], text)
  }
})

test('an unset variable, and what is no reference, is a fault', () => {
  assert.deepEqual(faultsOf('${NONE} ${OTHER}'), [
    '/t the environment variable NONE is not set',
    '/t the environment variable OTHER is not set'
  ])
  for (const text of ['${}', '${1}', '${a.b}', '${MY-VAR}', '${HOST-x}', '${HOST', '${HOST:x}', '${NONE:-${HOST}}', '${ HOST }'])
    assert.match(faultsOf(text)[0] ?? '', /is no variable$/, text)
})

test('reads every text, no key, and no note', () => {
  const { value, faults } = on({
    '@note': '${NONE}',
    'a${HOST}': '${HOST}',
    list: ['${HOST}', { deep: ['${PORT}'] }, 5, null, true],
    endpoints: [{ _note: '${NONE}', endpoint: '/${HOST}' }],
    extra_config: { '#note': '${NONE}', 'own/one': { $ref: '${HOST}', '@id': ['${PORT}'] } }
  })
  assert.deepEqual(faults, [])
  assert.deepEqual(JSON.parse(JSON.stringify(value)), {
    env_substitution: true,
    '@note': '${NONE}',
    'a${HOST}': 'orders',
    list: ['orders', { deep: ['9001'] }, 5, null, true],
    endpoints: [{ _note: '${NONE}', endpoint: '/orders' }],
    extra_config: { '#note': '${NONE}', 'own/one': { $ref: 'orders', '@id': ['9001'] } }
  })
})

test('acts behind its switch alone', () => {
  const nameWith = (root: object): string => (filled({ ...root, name: '${HOST}' }).value as { name: string }).name
  for (const off of [{}, ...[false, 'false', 0, null, {}].map(value => ({ env_substitution: value }))])
    assert.equal(nameWith(off), '${HOST}')
  for (const spelled of [{ env_substitution: 'true' }, { Env_Substitution: true }, { env_substitution: 1 }])
    assert.equal(nameWith(spelled), 'orders')
})

test('files of each format are filled in before they are read', async () => {
  const texts = {
    'a.json': '{"version":3,"env_substitution":true,"port":"${PORT}","host":["http://${HOST}"]}',
    'a.yaml': 'version: 3\nenv_substitution: true\nport: ${PORT}\nhost: ["http://${HOST}"]\n',
    'a.toml': 'version = 3\nenv_substitution = true\nport = "${PORT}"\nhost = ["http://${HOST}"]\n'
  }
  for (const [name, text] of Object.entries(texts)) {
    const config = await loadConfigFile(await configFile(name, text), { namespaces: [], env: ENV })
    assert.deepEqual([config.port, config.hosts, config.problems], [9001, ['http://orders'], []], name)
  }
  const overridden = await loadConfigFile(await configFile('a.json', texts['a.json']), {
    namespaces: [],
    env: { ...ENV, KRAKEND_PORT: '9002', KRAKEND_NAME: '${HOST}' }
  })
  assert.deepEqual([overridden.port, overridden.name], [9002, '${HOST}'])
})

test('an unset variable stops the start with its place, also tolerantly, and tells nothing that follows from it', async () => {
  const file = await configFile(
    'a.json',
    '{"version":3,"env_substitution":true,\n "timeout":"${T}",\n "host":["${H}"],\n "bogus":1}'
  )
  for (const tolerant of [false, true]) {
    const error = await loadConfigFile(file, { namespaces: [], env: {}, tolerant }).then(
      () => assert.fail('started'),
      (cause: unknown) => cause
    )
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(
      error.problems.map(({ pointer, line, column, message }) => [pointer, line, column, message]),
      [
        ['/timeout', 2, 2, 'the environment variable T is not set'],
        ['/host/0', 3, 10, 'the environment variable H is not set'],
        ['/bogus', 4, 2, `unknown key 'bogus' is ignored`]
      ]
    )
  }
})

test('objects are filled in from the environment they are given', () => {
  assert.deepEqual(load({ env_substitution: true, host: ['http://${HOST}'] }, { env: ENV }).hosts, ['http://orders'])
  assert.match(errorsOf(() => load({ env_substitution: true, name: '${HOST}' })).join(), /^\/name: .*HOST is not set/)
})

test('the schema sees what was filled in', async () => {
  const file = await configFile('a.json', '{"version":3,"env_substitution":true,"timeout":"${T}"}')
  assert.deepEqual(await lintConfig(file, { env: { T: '2s' } }), [])
  assert.equal((await lintConfig(file, { env: { T: 'soon' } })).length, 1)
})

test('a host with a placeholder names the switch that fills it in', () => {
  const suggestionFor = (host: string): string =>
    findingsOf(() => loadBackend({ host: [host] }))
      .map(one => one.suggestion ?? '')
      .join()
  assert.match(suggestionFor('http://${HOST}'), /"env_substitution": true/)
  assert.match(suggestionFor('http://{{ .host }}'), /FC_ENABLE=1/)
})
