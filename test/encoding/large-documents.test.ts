import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { decoderFor } from '../../src/encoding/decoders.js'
import { rendererFor } from '../../src/encoding/renderers.js'
import { GatewayError } from '../../src/errors.js'
import { ObjectNode } from '../../src/message/json/node.js'
import { slowClock } from '../support/time.js'
import { nodeText } from './at-once.js'

/** Waits for `work` and counts how often something else ran meanwhile. */
async function turnsDuring<T>(t: TestContext, work: () => T | Promise<T>): Promise<{ result: T; turns: number }> {
  slowClock(t)
  let turns = 0
  let waiting = setImmediate(function again() {
    turns++
    waiting = setImmediate(again)
  })
  try {
    return { result: await work(), turns }
  } finally {
    clearImmediate(waiting)
  }
}

const context = { contentType: '', isCollection: false }
const rows = 60_000
const xml = `<r>${'<row k="v"><n>1</n></row>'.repeat(rows)}</r>`
const rss = `<rss><channel>${'<item><title>t</title><link>l</link></item>'.repeat(20_000)}</channel></rss>`
const atom = `<feed>${'<entry><id>1</id><content type="xhtml"><div>c</div></content></entry>'.repeat(20_000)}</feed>`
const jsonFeed = `{"items":[${Array(20_000).fill('{"id":"1","title":"t"}').join(',')}],"title":"T"}`
const itemsIn = (text: string): unknown[] => (JSON.parse(text) as { items: unknown[] }).items

describe('large bodies in slices', () => {
  it('lets others run while XML is read', async t => {
    const { result, turns } = await turnsDuring(t, () => decoderFor('xml')(Buffer.from(xml), context))
    assert.ok(turns > 3, `others had ${turns} turns`)
    assert.equal((JSON.parse(nodeText(result!)) as { r: { row: unknown[] } }).r.row.length, rows)
  })

  for (const [kind, text] of [
    ['RSS', rss],
    ['Atom', atom],
    ['JSON Feed', jsonFeed]
  ] as const) {
    it(`lets others run while ${kind} is read`, async t => {
      const { result, turns } = await turnsDuring(t, () => decoderFor('rss')(Buffer.from(text), context))
      assert.ok(turns > 3, `others had ${turns} turns`)
      assert.equal(itemsIn(nodeText(result!)).length, 20_000)
    })
  }

  it('lets others run while XML is written', async t => {
    const json = `{"r":{"row":[${Array(rows).fill('{"-k":"v","n":"1"}').join(',')}]}}`
    const { result, turns } = await turnsDuring(t, () => rendererFor('xml', undefined)(ObjectNode.ofText(json), ''))
    assert.ok(turns > 3, `others had ${turns} turns`)
    assert.equal(result.body.toString(), xml)
  })

  it('reads an attribute without end in pieces, and refuses it', async t => {
    const body = Buffer.from(`<r a="${'x'.repeat(9_000_000)}`)
    const { turns } = await turnsDuring(t, async () => assert.rejects(async () => decoderFor('xml')(body, context), GatewayError))
    assert.ok(turns > 3, `others had ${turns} turns`)
  })

  it('stops when the answer is not wanted any more', async () => {
    const reason = new GatewayError('SLUICE_ERR_CLIENT_ABORTED')
    const scope: { reason: GatewayError | undefined } = { reason: undefined }
    const decoding = decoderFor('xml')(Buffer.from(xml), { ...context, scope })
    scope.reason = reason
    await assert.rejects(async () => decoding, reason)
  })
})
