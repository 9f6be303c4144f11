import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigInput, createGateway } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'

const config: ConfigInput = {
  version: 3,
  name: 'typed',
  host: ['http://127.0.0.1:8080'],
  timeout: '1500ms',
  '@comment': 'free',
  tls: { disabled: true, keys: [{ public_key: 'a.pem', private_key: 'b.pem' }], min_version: 'TLS12' },
  endpoints: [
    { endpoint: '/x/{id}', cache_ttl: '1h', _note: 1, backend: [{ url_pattern: '/u/{id}', group: 'g', mapping: { a: 'b' } }] }
  ],
  extra_config: { router: { disable_access_log: true } }
}

test('a configuration written in TypeScript is checked by its type and loads', async () => {
  const gateway = await createGateway(config, { logger: silentLogger, env: {} })
  try {
    assert.equal(gateway.config.name, 'typed')
    assert.equal(gateway.config.timeoutMs, 1500)
    assert.equal(gateway.config.endpoints[0]!.cacheTtlMs, 3_600_000)
    assert.deepEqual(gateway.config.endpoints[0]!.backends[0]!.mapping, [['a', 'b']])
  } finally {
    await gateway.close()
  }
})

test('the type knows every key that the JSON schema knows', async () => {
  const { configSchema } = await import('../../src/config/lint.js')
  const { readFile } = await import('node:fs/promises')
  const schema = JSON.stringify(await configSchema())
  const source = await readFile(new URL('../../src/config/input.ts', import.meta.url), 'utf8')
  const root = JSON.parse(schema) as { properties: Record<string, unknown> }
  const missing = Object.keys(root.properties).filter(
    key => !source.includes(`readonly ${key}?:`) && !source.includes(`readonly ${key}:`)
  )
  assert.deepEqual(missing, [])
})

test('variables of the process override files, not objects; an env that is given overrides both', async () => {
  process.env.KRAKEND_NAME = 'from-the-process'
  try {
    const plain = await createGateway(config, { logger: silentLogger })
    const given = await createGateway(config, { logger: silentLogger, env: { KRAKEND_NAME: 'given' } })
    assert.equal(plain.config.name, 'typed')
    assert.equal(given.config.name, 'given')
    await plain.close()
    await given.close()
  } finally {
    delete process.env.KRAKEND_NAME
  }
})
