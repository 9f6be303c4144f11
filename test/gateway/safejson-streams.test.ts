import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream, sendJson } from '../support/upstream.js'

test('a safejson body beyond max_body_bytes is shaped on its way, whatever it is', async t => {
  const bodies: Record<string, string> = {
    text: JSON.stringify('x'.repeat(4000)),
    list: JSON.stringify(Array.from({ length: 500 }, (_, i) => i)),
    object: JSON.stringify({ secret: 1, a: 'x'.repeat(4000) })
  }
  const upstream = await openUpstream(t, (req, res) => sendJson(res, bodies[req.url.slice(1)]))
  const { origin } = await openGateway(t, {
    max_body_bytes: 1000,
    host: [upstream.origin],
    endpoints: Object.keys(bodies).map(name => ({
      endpoint: `/${name}`,
      backend: [{ url_pattern: `/${name}`, encoding: 'safejson', deny: ['secret'] }]
    }))
  })
  for (const [name, expected] of [
    ['text', { content: 'x'.repeat(4000) }],
    ['list', { collection: Array.from({ length: 500 }, (_, i) => i) }],
    ['object', { a: 'x'.repeat(4000) }]
  ] as const) {
    const response = await fetch(`${origin}/${name}`)
    assert.equal(response.status, 200, name)
    assert.deepEqual(await response.json(), expected)
  }
})
