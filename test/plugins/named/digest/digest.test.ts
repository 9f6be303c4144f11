import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import * as digest from '../../../../plugins/named/digest/index.js'
import { until } from '../../../support/waiting.js'
import { AUTO_HEAD, openOver, PLACES, rawExchange, testShipped } from '../support.js'

const of = (algorithm: string, bytes: string | Buffer): string =>
  `${algorithm}=:${createHash(algorithm.replace('-', '')).update(bytes).digest('base64')}:`

/** A gateway with the plugin, over an upstream that sends `body` and `trailers`. */
function open(t: TestContext, body: Buffer, options: object, trailers?: Record<string, string>): Promise<number> {
  return openOver(t, 'sluice-digest', options, (_req, res) => {
    if (trailers === undefined) res.setHeader('Content-Length', body.length)
    res.write(body.subarray(0, 3))
    if (trailers !== undefined) res.addTrailers(trailers)
    res.end(body.subarray(3))
  })
}

const ask = (te: string): string => `GET /x HTTP/1.1\r\nHost: a\r\n${te}Connection: ${te === '' ? '' : 'TE, '}close\r\n\r\n`

describe('sluice-digest', () => {
  test('follows a stream as a trailer, for clients that take trailers', async t => {
    const body = Buffer.from('hello world')
    const port = await open(t, body, { algorithms: ['sha-256', 'sha-512'] })
    const answer = await rawExchange(port, ask('TE: trailers\r\n'))
    assert.match(answer, /transfer-encoding: chunked/i)
    assert.doesNotMatch(answer, /content-length/i)
    const end = answer.slice(answer.indexOf('\r\n0\r\n'))
    assert.equal(end, `\r\n0\r\nContent-Digest: ${of('sha-256', body)}, ${of('sha-512', body)}\r\n\r\n`)
    assert.doesNotMatch(await rawExchange(port, ask('')), /content-digest/i)
  })

  test('keeps the trailers of the upstream, but not a digest of its own', async t => {
    const body = Buffer.from('hello')
    const port = await open(t, body, {}, { 'X-Sum': '5', 'Content-Digest': 'sha-256=:wrong=:' })
    const answer = await rawExchange(port, ask('TE: trailers\r\n'))
    assert.match(answer, /X-Sum: 5\r\n/)
    assert.equal(answer.match(/content-digest/gi)?.length, 1)
    assert.ok(answer.includes(of('sha-256', body)))
  })

  test('stands in the head when the body is in memory', async () => {
    for (const place of PLACES.slice(3)) {
      const tested = await testShipped(digest, { ...place, encoding: 'json', upstream: { body: { a: 1 } } })
      const answer = await tested.request()
      assert.equal(answer.text(), '{"a":1}')
      if (place.scope === 'endpoint') assert.equal(answer.headers['content-digest'], of('sha-256', answer.body))
      await tested.close()
    }
  })

  test('sees the bytes as they travel and changes none of them', async () => {
    const body = gzipSync('abc'.repeat(1000))
    for (const seed of [1, 2, 3]) {
      const tested = await testShipped(digest, { seed, upstream: { headers: { 'Content-Encoding': 'gzip', ETag: '"a"' }, body } })
      const answer = await tested.request()
      assert.deepEqual(answer.body, body)
      assert.equal(answer.headers.etag, '"a"')
      assert.equal(answer.headers['content-encoding'], 'gzip')
      await tested.close()
    }
  })

  test('leaves HEAD, 204 and 304 alone and breaks off with its body', async () => {
    const head = await testShipped(digest, { config: AUTO_HEAD, upstream: { body: 'abc' } })
    assert.equal((await head.request({ method: 'HEAD' })).headers['content-digest'], undefined)
    await head.close()
    const none = await testShipped(digest, { upstream: { status: 204 } })
    assert.equal((await none.request()).headers['content-digest'], undefined)
    await none.close()
    const cut = await testShipped(digest, { upstream: { body: 'x'.repeat(4000), cutAfter: 2000 } })
    await assert.rejects(cut.request())
    await cut.close()
  })

  test('holds a body back for a client that reads slowly, and frees the upstream of one that goes away', async t => {
    let closed = false
    let sent = 0
    const port = await openOver(t, 'sluice-digest', {}, (_req, res) => {
      res.on('close', () => {
        closed = true
      })
      const chunk = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (!res.destroyed && sent < 2 ** 28) {
          sent += chunk.length
          if (!res.write(chunk)) return void res.once('drain', more)
        }
      }
      more()
    })
    let read = 0
    const request = get({ port, host: '127.0.0.1', path: '/x' }, res => {
      res.on('error', () => {})
      res.on('data', (chunk: Buffer) => {
        read += chunk.length
        res.pause()
        setImmediate(() => res.resume())
        if (read >= 2 ** 23) request.destroy()
      })
    })
    request.on('error', () => {})
    await until(() => closed, 'the end of the upstream')
    assert.ok(sent < 2 ** 28, 'the upstream was never held back')
  })

  test('wrong options stop the start', async () => {
    await assert.rejects(testShipped(digest, { options: { algorithms: ['md5'] } }), /\/algorithms\/0 must be equal to one of/)
  })
})
