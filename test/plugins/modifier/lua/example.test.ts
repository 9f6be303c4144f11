/** The example of `docs/scripting.md`, as it stands in `fixtures/scripting`. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { openGateway } from '../../../support/open-gateway.js'
import { openUpstream } from '../../../support/upstream.js'

test('the example adds a total, names the order, and refuses who has no tenant', async t => {
  const items = [
    { price: 2.5, count: 2 },
    { price: 1, count: 3 }
  ]
  const upstream = await openUpstream(t, (_req, res) => res.end(JSON.stringify({ items })))
  const text = await readFile(new URL('../../../../fixtures/scripting/krakend.json', import.meta.url), 'utf8')
  const config = JSON.parse(text.replace('http://localhost:8081', upstream.origin)) as object
  const { gateway } = await openGateway(t, config)
  const answer = await gateway.request({ path: '/orders/7', headers: { 'X-Tenant': 'acme' } })
  assert.deepEqual(answer.json(), { items, total: 8 })
  assert.equal(answer.headers['x-source'], 'orders')
  assert.equal(upstream.seen[0]?.headers['x-order'], 'acme/7')
  assert.equal((await gateway.request('/orders/7')).status, 403)
})
