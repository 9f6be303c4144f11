import assert from 'node:assert/strict'
import { test } from 'node:test'
import { set, withBlock } from './support.js'

const group = (...modifiers: object[]): object => ({ 'fifo.Group': { scope: ['request', 'response'], modifiers } })

const DIRECT: readonly object[] = [
  set('X-A', 'a'),
  group(set('X-A', 'a', ['request']), { 'header.Blacklist': { scope: ['response'], names: ['X-B'] } }),
  { 'header.Filter': { name: 'X-A', value: '1', modifier: { 'header.Append': { name: 'X-C', value: 'c' } } } }
]
const WITH_MESSAGES: readonly object[] = [
  { 'querystring.Modifier': { name: 'a', value: 'b' } },
  { 'header.Copy': { scope: ['request'], from: 'Host', to: 'X-Was' } },
  { 'header.RegexFilter': { header: 'X-A', regex: '1', modifier: set('X-C', 'c') } },
  group(set('X-A', 'a'), { 'status.Modifier': { scope: ['response'], statusCode: 201 } })
]

test('edits of fields alone leave a pass-through endpoint direct, others do not', async t => {
  for (const [blocks, direct] of [
    [DIRECT, true],
    [WITH_MESSAGES, false]
  ] as const) {
    for (const block of blocks) {
      const { gateway } = await withBlock(t, block)
      assert.equal(gateway.pipes[0]?.direct, direct, JSON.stringify(block))
    }
  }
})

test("a direct endpoint edits the upstream's fields, and keeps its own", async t => {
  const block = group(
    set('X-Krakend', 'mine', ['response']),
    { 'header.Copy': { scope: ['response'], from: 'X-Krakend-Completed', to: 'X-Inner' } },
    { 'header.Blacklist': { scope: ['response'], names: ['X-Secret', 'X-Krakend-Completed'] } },
    set('X-New', 'n')
  )
  const { gateway, seen } = await withBlock(t, block, {
    answer: (_req, res) => {
      res.writeHead(200, { 'X-Secret': 's', 'X-Krakend-Completed': 'true', Connection: 'X-Hop', 'X-Hop': 'h' })
      res.end('{"ok":true}')
    }
  })
  const { headers } = await gateway.request('/a')
  const of = (name: string): unknown => headers[name]
  assert.equal(seen[0]?.headers['x-new'], 'n')
  assert.deepEqual(
    [of('x-krakend-completed'), of('x-inner'), of('x-secret'), of('x-new'), of('x-hop')],
    ['false', 'true', undefined, 'n', undefined]
  )
  assert.match(String(of('x-krakend')), /^Version /)
})
