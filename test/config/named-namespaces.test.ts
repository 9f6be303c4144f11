import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namedNamespaces } from '../../src/config/named-namespaces.js'

test('finds namespaces wherever they stand, also by their long names', () => {
  const document = {
    extra_config: { 'security/cors': {} },
    endpoints: [{ backend: [{ extra_config: [{ 'github.com/devopsfaith/krakend-martian': {} }, { 'my/own': null }] }] }]
  }
  const known = new Set(['security/cors', 'modifier/martian', 'qos/http-cache', 'my/own'])
  assert.deepEqual([...namedNamespaces(document, known)].sort(), ['modifier/martian', 'my/own', 'security/cors'])
  for (const none of [null, 5, 'security/cors', ['security/cors']]) assert.equal(namedNamespaces(none, known).size, 0)
})
