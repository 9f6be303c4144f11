import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { createGateway } from '../../src/gateway.js'
import { watchedFiles } from '../../src/generation/watched-files.js'
import { loadConfigObject } from '../support/load-config.js'

const load = (root: object) => loadConfigObject({ version: 3, endpoints: [], ...root }, { env: {}, namespaces: [] })

test('the file, its template’s folders and the plugin folder are watched', () => {
  const config = load({ plugin: { folder: './plugins', pattern: '.js' } })
  const env = { FC_ENABLE: '1', FC_SETTINGS: './settings', FC_TEMPLATES: './templates' }
  assert.deepEqual(watchedFiles('a.tmpl', config, env), ['./plugins', 'a.tmpl', './settings', './templates'])
  assert.deepEqual(watchedFiles('a.tmpl', config, { ...env, FC_PARTIALS: './partials' }).at(-1), './partials')
})

test('without FC_ENABLE its folders do not count, and an object has no file', () => {
  const config = load({})
  assert.deepEqual(watchedFiles('a.json', config, { FC_SETTINGS: './settings' }), ['a.json'])
  assert.deepEqual(watchedFiles({ version: 3, endpoints: [] }, config, {}), [])
})

test('certificates towards backends are watched', () => {
  const client_tls = { ca_certs: ['ca.pem'], client_certs: [{ certificate: 'c.pem', private_key: 'c.key' }] }
  assert.deepEqual(watchedFiles('a.json', load({ client_tls }), {}), ['ca.pem', 'c.pem', 'c.key', 'a.json'])
})

test('files that components have read are watched', async t => {
  const keys = 'fixtures/specs/keys/jwks-public.json'
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-watched-'))
  t.after(() => rm(folder, { recursive: true }))
  const [script, query] = [path.join(folder, 'own.lua'), path.join(folder, 'own.graphql')]
  await writeFile(script, 'x = 1')
  await writeFile(query, '{ hero { name } }')
  const lua = { sources: [script], pre: 'x = 2' }
  const graphql = { type: 'query', query_path: query }
  const gateway = await createGateway({
    version: 3,
    endpoints: [
      {
        endpoint: '/a',
        extra_config: { 'auth/validator': { alg: 'RS256', jwk_local_path: keys }, 'modifier/lua-proxy': lua },
        backend: [{ host: ['http://127.0.0.1:80'], url_pattern: '/', extra_config: { 'backend/graphql': graphql } }]
      }
    ]
  })
  await gateway.close()
  assert.deepEqual([...gateway.files].sort(), [keys, query, script].sort())
})
