import assert from 'node:assert/strict'
import { get, type ServerResponse } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import * as zlib from 'node:zlib'
import { pickCoding } from '../../../../plugins/named/compress/accept-encoding.js'
import { isSupported } from '../../../../plugins/named/compress/coders.js'
import * as compress from '../../../../plugins/named/compress/index.js'
import { deferred, once, until } from '../../../support/waiting.js'
import { AUTO_HEAD, openOver, testShipped } from '../support.js'

describe('Accept-Encoding', () => {
  const cases: [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['x-gzip', 'gzip'],
    ['GZIP ; Q=0.5', 'gzip'],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['gzip;q=2', undefined],
    ['gzip;q=0.0005', undefined],
    ['deflate', undefined],
    ['br;q=0.001', 'br'],
    ['gzip;q=0, gzip', undefined]
  ]
  for (const [field, coding] of cases) {
    test(`${field} means ${coding}`, () => assert.equal(pickCoding(field, ['br', 'gzip']), coding))
  }
})

const text = 'a line of text that repeats itself\n'.repeat(400)
const html = { headers: { 'Content-Type': 'text/html; charset=utf-8', ETag: '"1"' }, body: text }

describe('sluice-compress', () => {
  for (const place of [{ scope: 'service' }, { scope: 'endpoint' }, { scope: 'backend', kind: 'client' }] as const) {
    test(`compresses at the ${place.scope}, wherever the body is cut`, async () => {
      for (const seed of [0, 1, 2]) {
        const tested = await testShipped(compress, { ...place, seed, upstream: html })
        const plain = await tested.request()
        assert.equal(plain.text(), text)
        assert.equal(plain.headers.vary, 'Accept-Encoding')
        assert.equal(plain.headers.etag, '"1"')
        const gzip = await tested.request({ headers: { 'Accept-Encoding': 'gzip' } })
        assert.equal(gzip.headers['content-encoding'], 'gzip')
        assert.equal(gzip.headers.etag, 'W/"1"')
        assert.equal(gzip.headers['content-length'], undefined)
        assert.equal(gzip.headers.vary, 'Accept-Encoding')
        assert.equal(zlib.gunzipSync(gzip.body).toString(), text)
        const br = await tested.request({ headers: { 'Accept-Encoding': 'gzip, br' } })
        assert.equal(br.headers['content-encoding'], 'br')
        assert.equal(zlib.brotliDecompressSync(br.body).toString(), text)
        await tested.close()
      }
    })
  }

  test('leaves alone what must not or need not be compressed', async () => {
    const cases: [string, object, boolean][] = [
      ['events', { headers: { 'Content-Type': 'text/event-stream' }, body: text }, false],
      ['images', { headers: { 'Content-Type': 'image/png' }, body: text }, false],
      ['no type', { body: text }, false],
      ['small', { headers: { 'Content-Type': 'text/plain' }, body: 'x'.repeat(1023) }, false],
      ['encoded', { headers: { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' }, body: zlib.gzipSync(text) }, false],
      [
        'no-transform',
        { headers: { 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=1, no-transform' }, body: text },
        false
      ],
      ['a part', { status: 206, headers: { 'Content-Type': 'text/plain', 'Content-Range': 'bytes 0-9/10' }, body: text }, false],
      ['an error', { status: 404, headers: { 'Content-Type': 'text/plain' }, body: text }, true]
    ]
    for (const [name, upstream, compressed] of cases) {
      const tested = await testShipped(compress, { upstream })
      const answer = await tested.request({ headers: { 'Accept-Encoding': 'gzip' } })
      const came = answer.headers['content-encoding'] === 'gzip' && answer.headers.vary === 'Accept-Encoding'
      assert.equal(came, compressed, name)
      if (!compressed) assert.deepEqual(answer.body, Buffer.from((upstream as { body: string }).body), name)
      await tested.close()
    }
  })

  test('heeds no-transform of a request and an existing Vary; HEAD says what GET would', async () => {
    const tested = await testShipped(compress, {
      upstream: { ...html, headers: { ...html.headers, Vary: 'Origin, accept-encoding' } }
    })
    const answer = await tested.request({ headers: { 'Accept-Encoding': 'gzip', 'Cache-Control': 'no-transform' } })
    assert.equal(answer.text(), text)
    assert.equal(answer.headers.vary, 'Origin, accept-encoding')
    await tested.close()
    const head = await testShipped(compress, { config: AUTO_HEAD, upstream: html })
    const { headers } = await head.request({ method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } })
    assert.equal(headers.vary, 'Accept-Encoding')
    assert.equal(headers['content-length'], undefined)
    await head.close()
  })

  test('a body that breaks off does not look whole', async () => {
    const tested = await testShipped(compress, { upstream: { ...html, cutAfter: 5000 } })
    await assert.rejects(tested.request({ headers: { 'Accept-Encoding': 'gzip' } }))
    await tested.close()
  })

  for (const coding of ['gzip', 'br'] as const) {
    test(`${coding}: what a slow stream has sent arrives before it goes on`, async t => {
      const { port, next } = await slowGateway(t)
      const decoder = coding === 'gzip' ? zlib.createGunzip() : zlib.createBrotliDecompress()
      get({ port, host: '127.0.0.1', path: '/x', headers: { 'Accept-Encoding': coding } }, res => res.pipe(decoder))
      const upstream = await next
      let got = ''
      decoder.on('data', chunk => {
        got += chunk
      })
      const arrived = (wanted: string): Promise<boolean> => until(() => got === wanted, JSON.stringify(wanted))
      upstream.write('one\n')
      await arrived('one\n')
      upstream.write('two\n')
      await arrived('one\ntwo\n')
      upstream.end('three\n')
      await arrived('one\ntwo\nthree\n')
    })
  }

  test('a client that goes away frees the upstream', async t => {
    const { port, next } = await slowGateway(t)
    const request = get({ port, host: '127.0.0.1', path: '/x', headers: { 'Accept-Encoding': 'br' } }, res => {
      res.on('error', () => {})
      res.once('data', () => request.destroy())
    })
    request.on('error', () => {})
    const upstream = await next
    const closed = once(upstream, 'close')
    upstream.write('one\n')
    await closed
  })

  test('a 304 from further in has the Vary and the tag of what the client holds', async () => {
    const tested = await testShipped(compress, { upstream: { status: 304, headers: { ETag: '"1"' } } })
    const weak = await tested.request({ headers: { 'If-None-Match': 'W/"1"' } })
    assert.equal(weak.headers.etag, 'W/"1"')
    assert.equal(weak.headers.vary, 'Accept-Encoding')
    assert.equal((await tested.request({ headers: { 'If-None-Match': '"1"' } })).headers.etag, '"1"')
    await tested.close()
  })

  test('wrong options stop the start', async () => {
    await assert.rejects(testShipped(compress, { options: { encodings: ['deflate'] } }), /\/encodings\/0/)
    await assert.rejects(testShipped(compress, { options: { levels: { gzip: 10 } } }), /\/levels\/gzip must be <= 9/)
    if (!isSupported('zstd')) {
      await assert.rejects(testShipped(compress, { options: { encodings: ['zstd'] } }), /cannot write zstd: use 22\.15 or later/)
    }
  })

  test('zstd, where Node has it', { skip: !isSupported('zstd') }, async () => {
    const tested = await testShipped(compress, { upstream: html })
    const answer = await tested.request({ headers: { 'Accept-Encoding': 'zstd' } })
    assert.equal(answer.headers['content-encoding'], 'zstd')
    const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync(bytes: Buffer): Buffer }
    assert.equal(zstdDecompressSync(answer.body).toString(), text)
    await tested.close()
  })
})

/** A gateway over an upstream whose answer the test writes. */
async function slowGateway(t: TestContext): Promise<{ port: number; next: Promise<ServerResponse> }> {
  const asked = deferred<ServerResponse>('the upstream to be asked')
  const port = await openOver(t, 'sluice-compress', {}, (_req, res) => {
    res.setHeader('Content-Type', 'text/plain')
    asked.resolve(res)
  })
  return { port, next: asked.promise }
}
