/** What every component has in common, as `plugins/README.md` says it. */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { components as shipped } from '../../plugins/index.js'
import { type Component, type ComponentContext, OptionReader } from '../../src/plugin/index.js'
import { GatewayRecord } from '../../src/telemetry/gateway-state.js'
import { ROOT } from '../docs/pages.js'

interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: unknown
}

const at = (...parts: string[]): string => path.join(ROOT, ...parts)
const isFolder = (file: string): boolean => existsSync(file) && statSync(file).isDirectory()

function declares(folder: string): boolean {
  const file = at('plugins', folder, 'index.ts')
  return existsSync(file) && readFileSync(file, 'utf8').includes('defineComponent(')
}

const components = await Promise.all(shipped.map(async one => (await one.load()).default))

/** Folders below `plugins/` whose `index.ts` declares a component. */
function componentFolders(below = ''): string[] {
  const names = readdirSync(at('plugins', below)).filter(name => isFolder(at('plugins', below, name)))
  return names
    .map(name => path.posix.join(below, name))
    .filter(folder => folder !== '_shared' && folder !== 'named')
    .flatMap(folder => (declares(folder) ? [folder, ...componentFolders(folder)] : componentFolders(folder)))
}

test('every folder with an index.ts is a component in the list, and the folder is its namespace', () => {
  assert.deepEqual(shipped.map(one => one.namespace).sort(), componentFolders().sort())
  assert.deepEqual(
    components.map(one => one.namespace),
    shipped.map(one => one.namespace)
  )
})

test('the schema of every component is one', () => {
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false })
  for (const { namespace, schema } of components) assert.equal(ajv.validateSchema(schema), true, namespace)
})

for (const component of components) {
  const { namespace } = component
  const schema = component.schema as Schema
  const options = schema.properties ?? schema.items?.properties ?? {}

  test(`${namespace}: README.md shows an example and explains every option`, () => {
    const text = readFileSync(at('plugins', namespace, 'README.md'), 'utf8')
    assert.ok(text.startsWith(`# ${namespace}\n`), 'the heading is the namespace')
    assert.ok(text.includes(`"${namespace}"`), 'an example')
    assert.deepEqual(
      Object.keys(options).filter(key => !text.includes(`\`${key}`)),
      []
    )
  })

  test(`${namespace}: the schema describes the component and each option, and refuses others`, () => {
    assert.ok((schema.description ?? '').length > 10)
    if (Object.keys(options).length === 0) return
    assert.equal((schema.items ?? schema).additionalProperties, false)
  })

  test(`${namespace}: has tests of its own`, () => {
    const folder = `test/plugins/${namespace}`
    const files = existsSync(at(folder)) ? readdirSync(at(folder)) : []
    assert.ok(
      files.some(name => name.endsWith('.test.ts')),
      `${folder}/ has no *.test.ts`
    )
  })

  if (component.guard === true) {
    for (const [key, option] of Object.entries(options)) {
      if (/effect|^service level/i.test(option.description ?? '') || option.type === undefined) continue
      test(`${namespace}: as a guard it tells a fault of ${key}`, () => assertTold(component, key))
    }
  }
}

test('options are read by OptionReader alone', () => {
  const files = readdirSync(at('plugins'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.startsWith('named'))
    .map(name => at('plugins', name))
  const casting = files.filter(file => /\boptions\.value as (?!object \| boolean)|\boptions as /.test(readFileSync(file, 'utf8')))
  assert.deepEqual(casting, [])
})

const KEYS = at('fixtures/specs/keys/jwks-private.json')

/** Options that each guard takes, so that the one faulty key is all that it can tell. */
const LAWFUL: Readonly<Record<string, object>> = {
  'auth/client-credentials': { client_id: 'c', client_secret: 's', token_url: 'http://127.0.0.1:1/' },
  'auth/signer': { alg: 'RS256', kid: 'rsa', keys_to_sign: ['x'], jwk_local_path: KEYS },
  'auth/revoker': { N: 1, P: 0.1, hash_name: 'default', TTL: 1, token_keys: ['jti'] },
  'auth/validator': { alg: 'RS256', jwk_local_path: KEYS },
  'qos/ratelimit/proxy': { max_rate: 1 },
  'governance/quota': { quota_name: 'q', tier_key: 'x', tiers: [{}] },
  'qos/ratelimit/router': { max_rate: 1, client_max_rate: 1, strategy: 'ip' },
  'qos/ratelimit/router/redis': { connection_name: 'x', max_rate: 1, client_max_rate: 1, strategy: 'ip' },
  'qos/ratelimit/service': { max_rate: 1, client_max_rate: 1, strategy: 'ip' },
  'qos/ratelimit/tiered': { tier_key: 'x', tiers: [{}] },
  'qos/ratelimit/service/redis': { connection_name: 'x', max_rate: 1, client_max_rate: 1, strategy: 'ip' }
}
const REMOTE = { jwk_local_path: '', jwk_url: 'https://127.0.0.1:1/' }
/** What must stand beside an option for it to be read. */
const BESIDE: Readonly<Record<string, object>> = {
  jwk_url: { jwk_local_path: '' },
  disable_jwk_security: REMOTE,
  jwk_fingerprints: REMOTE,
  jwk_local_ca: REMOTE,
  cipher_suites: REMOTE,
  allowed_hosts_are_regex: { allowed_hosts: ['x'] }
}

/** Compiles with a value that no option can have. A guard gets options without repair, so it must tell the fault or refuse. */
async function assertTold(component: Component, key: string): Promise<void> {
  const told: string[] = []
  const ends: (() => unknown)[] = []
  const sink = {
    fail(pointer: string): never {
      told.push(pointer)
      throw new Refusal(pointer)
    },
    report: (pointer: string) => void told.push(pointer),
    onClose: (end: () => unknown) => void ends.push(end)
  }
  const context = contextWith(component, sink)
  const wrong = { ...LAWFUL[component.namespace], ...BESIDE[key], [key]: Symbol.for('no value') }
  try {
    await component.compile(new OptionReader(wrong, context), context)
  } catch (cause) {
    assert.ok(cause instanceof Refusal, `throws another error: ${String(cause)}`)
  } finally {
    for (const end of ends) await end()
  }
  assert.ok(
    told.some(pointer => pointer.startsWith(`/${key}`)),
    `told ${JSON.stringify(told)}`
  )
}

class Refusal extends Error {}

const silent = (): void => {}
const LOGGER = { debug: silent, info: silent, warning: silent, error: silent, critical: silent, fatal: silent }

function contextWith(component: Component, sink: Pick<ComponentContext, 'fail' | 'report' | 'onClose'>): ComponentContext {
  const scope = component.scopes.find(one => component.slots[one] !== undefined) ?? 'service'
  return {
    name: component.namespace,
    scope,
    tag: '',
    logger: LOGGER,
    signal: new AbortController().signal,
    shared: new Map(),
    service: {
      name: '',
      version: '0',
      userAgent: '',
      returnErrorMsg: false,
      errorStatus: 'krakend',
      tolerant: true,
      healthPath: '/__health',
      namespaces: [],
      wrapped: false,
      env: {}
    },
    endpointFacts: undefined,
    backendFacts: undefined,
    buildsOn: silent,
    onListen: silent,
    observe: silent,
    status: silent,
    pools: () => [],
    gateway: new GatewayRecord(),
    offerMetric: silent,
    offeredMetrics: () => [],
    workers: undefined,
    keep: (_, create) => create(LOGGER),
    reads: silent,
    fingerprint: () => '',
    keepHere: (_, create) => create(LOGGER),
    ...sink
  }
}
