import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import * as replace from '../../../../plugins/named/replace/index.js'
import { LiteralReplacer, Replacements } from '../../../../plugins/named/replace/literal-replacer.js'
import { PLACES, testShipped } from '../support.js'

function run(pairs: [string, string][], chunks: readonly string[]): { text: string; held: number } {
  const replacer = new LiteralReplacer(new Replacements(pairs))
  const out: Buffer[] = []
  let seen = 0
  let held = 0
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk, 'latin1')
    seen += lent.length
    for (const part of replacer.chunk(lent)) out.push(Buffer.from(part))
    lent.fill(0) // lent, not given
    if (pairs.every(([a, b]) => a.length === b.length)) held = Math.max(held, seen - Buffer.concat(out).length)
  }
  for (const part of replacer.end()) out.push(Buffer.from(part))
  return { text: Buffer.concat(out).toString('latin1'), held }
}

/** Leftmost, longest first, on the whole text. */
function expected(pairs: [string, string][], text: string): string {
  const sorted = [...pairs].sort((a, b) => b[0].length - a[0].length)
  let out = ''
  for (let at = 0; at < text.length; ) {
    const pair = sorted.find(([search]) => text.startsWith(search, at))
    out += pair === undefined ? text[at] : pair[1]
    at += pair === undefined ? 1 : pair[0].length
  }
  return out
}

describe('replacing literals', () => {
  test('the borders of chunks do not matter', () => {
    const word = (min: number, max: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: min, maxLength: max })
    const pairs = fc.uniqueArray(fc.tuple(word(1, 5), word(0, 4)), { minLength: 1, maxLength: 4, selector: ([search]) => search })
    fc.assert(
      fc.property(pairs, fc.array(word(0, 9), { maxLength: 12 }), (some, chunks) => {
        assert.equal(run(some as [string, string][], chunks).text, expected(some as [string, string][], chunks.join('')))
      }),
      { numRuns: 2000 }
    )
  })

  test('keeps back only what a search string may go on from', () => {
    assert.equal(run([['secret', 'xxxxxx']], ['nothing here', 'se', 'cret', 'tail']).held, 2)
    assert.equal(run([['aaaa', 'bbbb']], ['x'.repeat(1000), 'aaa', 'b']).held, 3)
  })
})

describe('sluice-replace', () => {
  for (const place of PLACES) {
    test(`replaces in both directions as a ${place.kind} of the ${place.scope}, wherever bodies are cut`, async () => {
      for (const seed of [1, 2, 3]) {
        const tested = await testShipped(replace, {
          ...place,
          seed,
          aborts: seed === 1,
          method: 'POST',
          options: { request: { dog: 'cat' }, response: { 'http://internal.example': 'https://example.com', '€': 'EUR' } },
          upstream: { headers: { 'Content-Type': 'text/html' }, body: '<a href="http://internal.example/">5 €</a>'.repeat(200) }
        })
        const answer = await tested.request({ headers: { 'Content-Type': 'text/plain' }, body: 'a dog' })
        assert.equal(answer.text(), '<a href="https://example.com/">5 EUR</a>'.repeat(200))
        assert.equal(tested.calls[0]!.body.toString(), 'a cat')
        assert.equal(answer.headers['content-length'], undefined)
        await tested.close()
      }
    })
  }

  test('undoes the coding first; other media types pass', async () => {
    const bytes = gzipSync('abc')
    const tested = await testShipped(replace, {
      options: { response: { b: '-' } },
      upstream: call => ({
        headers: { 'Content-Type': call.url === '/?image' ? 'image/png' : 'text/plain', 'Content-Encoding': 'gzip', ETag: '"1"' },
        body: bytes
      })
    })
    const answer = await tested.request()
    assert.equal(answer.text(), 'a-c')
    assert.equal(answer.headers['content-encoding'], undefined)
    assert.equal(answer.headers.etag, 'W/"1"')
    const image = await tested.request({ path: '/?image' })
    assert.deepEqual(image.body, bytes)
    assert.equal(image.headers.etag, '"1"')
    await tested.close()
  })

  test('a body that breaks off breaks off', async () => {
    const tested = await testShipped(replace, {
      options: { response: { a: 'b' } },
      upstream: { headers: { 'Content-Type': 'text/plain' }, body: 'a'.repeat(5000), cutAfter: 3000 }
    })
    await assert.rejects(tested.request())
    await tested.close()
  })

  test('wrong options stop the start', async () => {
    await assert.rejects(testShipped(replace), /must have required property 'request'/)
    await assert.rejects(testShipped(replace, { options: { response: { '': 'x' } } }), /wrong options/)
  })
})
