import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decoderFor } from '../../src/encoding/decoders.js'
import type { Decoder } from '../../src/encoding/types.js'
import { GatewayError } from '../../src/errors.js'
import { renderJson } from '../../src/message/json/render.js'

async function decode(name: string, body: string | Buffer, isCollection = false): Promise<string> {
  return renderJson(await decoderFor(name)(Buffer.from(body as string), { contentType: '', isCollection })).toString('utf8')
}

describe('decoderFor', () => {
  it('decodes objects, and arrays with is_collection, as json', async () => {
    assert.equal(await decode('json', ' {"a":1.0} '), '{"a":1.0}')
    assert.equal(await decode('json', '[1.0]', true), '{"collection":[1.0]}')
    assert.equal(await decode('json', 'null'), 'null')
    await assert.rejects(async () => decode('json', '[1]'), GatewayError)
  })

  it('decodes anything as safejson', async () => {
    assert.equal(await decode('safejson', '{"a":1}'), '{"a":1}')
    assert.equal(await decode('safejson', '[1]'), '{"collection":[1]}')
    assert.equal(await decode('safejson', '"s"'), '{"content":"s"}')
  })

  it('takes any text as string', async () => {
    assert.deepEqual(JSON.parse(await decode('string', 'h\u00e9 "q" \n</b>')), { content: 'h\u00e9 "q" \n</b>' })
    assert.deepEqual(JSON.parse(await decode('string', Buffer.from([0x61, 0xff]))), { content: 'a\ufffd' })
    assert.equal(await decode('string', ''), '{"content":""}')
  })

  it('knows xml and rss', async () => {
    assert.equal(await decode('xml', '<a>1</a>'), '{"a":"1"}')
    assert.equal(JSON.parse(await decode('rss', '<feed><title>T</title></feed>')).title, 'T')
  })

  it('ignores case and takes unknown names for json', () => {
    assert.equal(decoderFor('XML'), decoderFor('xml'))
    for (const name of ['', 'yaml', 'fast-json', 'constructor']) assert.equal(decoderFor(name), decoderFor('json'))
    assert.notEqual(decoderFor('SafeJSON'), decoderFor('json'))
  })

  it('lets added decoders win', () => {
    const own: Decoder = () => null
    const extra = new Map([
      ['csv', own],
      ['xml', own]
    ])
    assert.equal(decoderFor('CSV', extra), own)
    assert.equal(decoderFor('xml', extra), own)
    assert.notEqual(decoderFor('rss', extra), own)
  })
})
