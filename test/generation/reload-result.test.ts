import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceConfig } from '../../src/config/types.js'
import { compareConfigs, describeChanges } from '../../src/generation/reload-result.js'
import { atOnce } from '../../src/telemetry/in-turns.js'
import { loadConfigObject } from '../support/load-config.js'

const compare = (old: ServiceConfig, young: ServiceConfig) => atOnce(compareConfigs(old, young))

const endpoint = (path: string, timeout = '2s') => ({
  endpoint: path,
  timeout,
  backend: [{ host: ['http://a'], url_pattern: '/' }]
})

function config(endpoints: object[], more: object = {}): ServiceConfig {
  return loadConfigObject({ version: 3, endpoints, ...more }, { env: {}, namespaces: [] })
}

test('endpoints are compared by their routes, wherever they stand', () => {
  const before = config([endpoint('/a'), endpoint('/b'), endpoint('/c')])
  const after = config([endpoint('/d'), endpoint('/c', '3s'), endpoint('/a')])
  const changes = compare(before, after)
  assert.deepEqual(changes.endpoints, { added: ['GET /d'], removed: ['GET /b'], changed: ['GET /c'] })
  assert.deepEqual(changes.service, [])
  assert.equal(describeChanges(changes), 'endpoints: 1 added, 1 removed, 1 changed')
})

test('parts of an endpoint are compared in depth, its place in the file is not', () => {
  const own = (backend: object) => config([{ endpoint: '/a', backend: [{ host: ['http://a'], url_pattern: '/', ...backend }] }])
  for (const [old, young, changed] of [
    [{ mapping: { a: 'b', c: 'd' } }, { mapping: { a: 'b', c: 'e' } }, 1],
    [{ deny: ['a'] }, { deny: ['a', 'b'] }, 1],
    [{}, { extra_config: { 'my/own': { x: [] } } }, 1],
    [{ extra_config: { 'my/own': { x: [] } } }, { extra_config: { 'my/own': { x: {} } } }, 1],
    [{ extra_config: { 'my/own': { x: null } } }, { extra_config: { 'my/own': { x: null } } }, 0]
  ] as const)
    assert.equal(compare(own(old), own(young)).endpoints.changed.length, changed, JSON.stringify([old, young]))
  const moved = compare(config([endpoint('/a'), endpoint('/b')]), config([endpoint('/b'), endpoint('/a')]))
  assert.equal(describeChanges(moved), 'no differences')
})

test('what else differs has the name of its part', () => {
  const changes = compare(config([endpoint('/a')]), config([endpoint('/a')], { port: 8081, max_idle_connections: 3 }))
  assert.deepEqual([...changes.service].sort(), ['port', 'transport'])
  assert.match(describeChanges(changes), /^also: /)
})

test('the same configuration has no differences', () => {
  const same = compare(config([endpoint('/a')]), config([endpoint('/a')]))
  assert.equal(describeChanges(same), 'no differences')
})
