import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { entityTag, noneMatchNames } from '../../../../plugins/named/etag/entity-tags.js'
import * as etag from '../../../../plugins/named/etag/index.js'
import { fetch } from '../../../support/waiting.js'
import { AUTO_HEAD, openOver, testShipped } from '../support.js'

describe('entity tags', () => {
  test('are compared weakly, and what is no list names nothing', () => {
    const yes: [string, string][] = [
      ['"a"', '"a"'],
      ['W/"a"', '"a"'],
      ['"a"', 'W/"a"'],
      ['"x", W/"a"', '"a"'],
      [' "x","y" , "a" ', '"a"'],
      ['*', 'W/"z"'],
      ['"a,b"', '"a,b"'],
      ['""', '""']
    ]
    for (const [field, tag] of yes) assert.equal(noneMatchNames(field, tag), true, field)
    const no: [string, string][] = [
      ['"b"', '"a"'],
      ['a', '"a"'],
      ['', '"a"'],
      ['"x" "a"', '"a"'],
      ['junk, "a"', '"a"'],
      ['"a', '"a"'],
      ['"x,"a""', '"a"'],
      ['w/"a"', '"a"']
    ]
    for (const [field, tag] of no) assert.equal(noneMatchNames(field, tag), false, field)
    assert.equal(noneMatchNames(`${'"x",'.repeat(20_000)}`, '"a"'), false)
  })

  test('follow the bytes', () => {
    assert.equal(entityTag(Buffer.from('a'), false), entityTag(Buffer.from('a'), false))
    assert.notEqual(entityTag(Buffer.from('a'), false), entityTag(Buffer.from('b'), false))
    assert.match(entityTag(Buffer.from('a'), true), /^W\/"[\w-]{27}"$/)
  })
})

describe('sluice-etag', () => {
  for (const place of [{ scope: 'service' }, { scope: 'endpoint' }, { scope: 'backend', kind: 'client' }] as const) {
    test(`tags answers at the ${place.scope} and answers 304 to who has them`, async () => {
      const headers = { 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=5', 'X-A': 'b', 'Last-Modified': 'x' }
      const tested = await testShipped(etag, { ...place, upstream: { headers, body: 'hello'.repeat(100) } })
      const first = await tested.request()
      const tag = first.headers.etag!
      assert.match(tag, /^"[\w-]{27}"$/)
      assert.equal(first.text(), 'hello'.repeat(100))
      assert.equal(first.headers['content-length'], '500')
      const again = await tested.request({ headers: { 'If-None-Match': `"old", W/${tag}` } })
      assert.equal(again.status, 304)
      assert.equal(again.body.length, 0)
      assert.equal(again.headers.etag, tag)
      assert.equal(again.headers['cache-control'], 'max-age=5')
      assert.equal(again.headers['x-a'], 'b')
      assert.equal(again.headers['last-modified'], undefined)
      assert.equal(again.headers['content-type'], undefined)
      assert.equal((await tested.request({ headers: { 'If-None-Match': '"old"' } })).status, 200)
      await tested.close()
    })
  }

  test("uses the upstream's tag, for HEAD too, and lets the body go", async () => {
    const tested = await testShipped(etag, { upstream: { headers: { ETag: '"v1"' }, body: 'x'.repeat(100_000) } })
    assert.equal((await tested.request()).headers.etag, '"v1"')
    assert.equal((await tested.request({ headers: { 'If-None-Match': '"v1"' } })).status, 304)
    await tested.close()
    const head = await testShipped(etag, { config: AUTO_HEAD, upstream: { headers: { ETag: '"v1"' } } })
    assert.equal((await head.request({ method: 'HEAD', headers: { 'If-None-Match': '*' } })).status, 304)
    await head.close()
  })

  test('leaves large bodies, events, other methods and other statuses alone', async () => {
    const cases: [object, object, object][] = [
      [{ max_bytes: 99 }, {}, { body: 'x'.repeat(100) }],
      [{}, {}, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' }, body: 'data: 1\n\n' }],
      [{}, { method: 'POST' }, { body: 'made' }],
      [{}, {}, { status: 404, body: 'nothing here' }]
    ]
    for (const [options, more, upstream] of cases) {
      const tested = await testShipped(etag, { options, ...more, upstream })
      const answer = await tested.request()
      assert.equal(answer.headers.etag, undefined)
      assert.equal(answer.text(), (upstream as { body: string }).body)
      await tested.close()
    }
  })

  test('a stream of unknown length is tagged within the limit and passes beyond it', async t => {
    const run = async (max_bytes: number): Promise<string | null> => {
      const port = await openOver(t, 'sluice-etag', { max_bytes, weak: true }, (_req, res) => {
        res.write('y'.repeat(2500))
        res.end('y'.repeat(2500))
      })
      const answer = await fetch(`http://127.0.0.1:${port}/x`)
      assert.equal(await answer.text(), 'y'.repeat(5000))
      return answer.headers.get('etag')
    }
    assert.match((await run(5000))!, /^W\//)
    assert.equal(await run(4999), null)
  })

  test('a body that breaks off is a failure of the upstream, not a tag', async () => {
    const tested = await testShipped(etag, { upstream: { body: 'x'.repeat(2000), cutAfter: 1000 } })
    const answer = await tested.request()
    assert.equal(answer.status, 500)
    assert.equal(answer.headers.etag, undefined)
    await tested.close()
  })

  test('tags the data of a decoded endpoint', async () => {
    const tested = await testShipped(etag, { encoding: 'json', upstream: { body: { a: 1 } } })
    const { etag: tag } = (await tested.request()).headers
    assert.match(tag!, /^"/)
    assert.equal((await tested.request({ headers: { 'If-None-Match': tag! } })).status, 304)
    await tested.close()
  })
})
