import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfigObject } from '../../src/config/load.js'
import { watchedFiles } from '../../src/generation/watched-files.js'

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
