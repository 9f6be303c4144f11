import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openGateway } from '../support/open-gateway.js'
import { startUpstream } from './support.js'

describe('the examples of the manual', () => {
  const plugin = { folder: './fixtures/plugins/manual/', pattern: '.mjs' }

  test('the server plugin hijacks its path and delegates all others', async t => {
    const up = await startUpstream(t, (_q, r) => r.end('{"from":"upstream"}'))
    const { gateway, log } = await openGateway(t, {
      plugin,
      // the namespace as old configurations write it
      extra_config: {
        'github_com/devopsfaith/krakend/transport/http/server/handler': {
          name: ['server-example'],
          'server-example': { path: '/hijack-me' }
        }
      },
      endpoints: [{ endpoint: '/test/{id}', backend: [{ host: [up.host], url_pattern: '/{id}' }] }]
    })
    const hijacked = await gateway.request({ path: '/hijack-me' })
    assert.equal(hijacked.status, 200)
    assert.equal(hijacked.text(), 'Hello, "/hijack-me"')
    assert.equal(hijacked.headers['x-krakend'], undefined)
    const delegated = await gateway.request({ path: '/test/1' })
    assert.deepEqual(delegated.json(), { from: 'upstream' })
    assert.ok(delegated.headers['x-krakend'])
    await log.line(/DEBUG: \[PLUGIN: server-example\] Logger loaded/)
    await log.line(/DEBUG: The plugin is now hijacking the path \/hijack-me/)
    await log.line(/DEBUG: \[PLUGIN: Server\] Injecting plugin server-example/)
    await log.line(
      /plugin #1 \(fixtures\/plugins\/manual\/server-example\.mjs\): plugin: symbol ClientRegisterer not found in plugin server-example/
    )
  })

  test('the client plugin hijacks the path of the call, not the user path', async t => {
    const up = await startUpstream(t, (_q, r) => r.end('{"from":"upstream"}'))
    const backend = (pattern: string): object => ({
      host: [up.host],
      url_pattern: pattern,
      extra_config: { 'plugin/http-client': { name: 'client-example', 'client-example': { path: '/__debug/hijack-me' } } }
    })
    const { gateway } = await openGateway(t, {
      plugin,
      endpoints: [
        { endpoint: '/a', backend: [backend('/__debug/hijack-me')] },
        { endpoint: '/b', backend: [backend('/other')] }
      ]
    })
    assert.deepEqual((await gateway.request({ path: '/a' })).json(), { message: '/__debug/hijack-me' })
    assert.deepEqual((await gateway.request({ path: '/b' })).json(), { from: 'upstream' })
    assert.deepEqual(up.calls, ['GET /other'])
  })
})

describe('the chain example', () => {
  const plugin = { folder: './fixtures/plugins/chain/', pattern: '.mjs' }
  const text = '{"a":12345678901234567890,"items":[{"n":1.10},{"n":2,"hidden":true}]}'

  test('edits, filters and transforms in a row, at every level, on both pipes', async t => {
    const up = await startUpstream(t, (_q, r) => r.end(text))
    const modifiers = { name: ['rename', 'drop'], rename: { from: 'a', to: 'b' }, drop: { path: 'items', field: 'hidden' } }
    const stamps = { name: ['stamp', 'count', 'upper'], stamp: { value: '1' } }
    const backend = { host: [up.host], url_pattern: '/y' }
    const { gateway, log } = await openGateway(t, {
      plugin,
      endpoints: [
        {
          endpoint: '/a',
          extra_config: { 'plugin/req-resp-modifier': modifiers, 'plugin/http-server': stamps },
          backend: [backend]
        },
        {
          endpoint: '/b',
          output_encoding: 'no-op',
          backend: [
            {
              ...backend,
              extra_config: {
                'plugin/req-resp-modifier': modifiers,
                'plugin/http-client': { ...stamps, name: ['stamp', 'count'] }
              }
            }
          ]
        }
      ]
    })
    const decoded = await gateway.request({ path: '/a' })
    assert.equal(decoded.text(), '{"ITEMS":[{"N":1.10}],"B":12345678901234567890}')
    assert.equal(decoded.headers['x-seen'], '1')
    await log.line(/INFO: \/a: 47 bytes/)
    const bytes = await gateway.request({ path: '/b' })
    assert.equal(bytes.text(), '{"items":[{"n":1.10}],"b":12345678901234567890}')
    assert.equal(bytes.headers['x-seen'], '1')
  })
})
