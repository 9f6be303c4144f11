import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConfigInput } from '../../../src/config/input.js'
import { createGateway } from '../../../src/gateway.js'
import type { PluginModule } from '../../../src/plugin/index.js'
import { configAt, handlers, json, passOn, startUpstream } from '../../plugin/support.js'
import { openGateway } from '../../support/open-gateway.js'
import { fetch } from '../../support/waiting.js'

function start(names: string[], plugins: PluginModule[] = [], root: object = {}) {
  const config = { version: 3, ...configAt('http://127.0.0.1:9999', { level: 'endpoint', names }), ...root }
  return createGateway(config as unknown as ConfigInput, { plugins, env: {} })
}

describe('names that begin with sluice-', () => {
  test('need no folder', async () => {
    const gateway = await start(['sluice-etag', 'sluice-compress', 'sluice-request-id'])
    await gateway.close()
  })

  test('are refused to other plugins', async () => {
    await assert.rejects(
      start(['sluice-mine'], [handlers({ 'sluice-mine': passOn })]),
      /plugins\[0\]: plugin 'sluice-mine': names that begin with 'sluice-' are reserved/
    )
  })

  test('that are misspelt stop the start with those there are', async () => {
    await assert.rejects(start(['sluice-etga']), (error: Error) => {
      assert.match(error.message, /No plugin registered as sluice-etga/)
      assert.match(error.message, /did you mean `sluice-etag`\?; registered: sluice-compress, /)
      return true
    })
  })

  test('chain in one list, in both namespaces', async t => {
    const upstream = await startUpstream(t, json({ list: Array.from({ length: 500 }, (_v, id) => ({ id, secret: 'abc' })) }))
    const { origin } = await openGateway(
      t,
      configAt(upstream.host, {
        level: 'endpoint',
        names: ['sluice-etag', 'sluice-compress', 'sluice-digest'],
        endpoint: {},
        root: {
          extra_config: {
            'plugin/http-server': { name: ['sluice-items'], 'sluice-items': { path: 'list', drop: ['secret'] } }
          }
        }
      })
    )
    const first = await fetch(`${origin}/x`, { headers: { 'Accept-Encoding': 'gzip' } })
    const { list } = (await first.json()) as { list: object[] }
    assert.equal(list.length, 500)
    const tag = first.headers.get('etag')!
    assert.match(tag, /^W\//)
    const again = await fetch(`${origin}/x`, { headers: { 'Accept-Encoding': 'gzip', 'If-None-Match': tag } })
    assert.equal(again.status, 304)
    assert.equal(again.headers.get('etag'), tag)
  })
})
