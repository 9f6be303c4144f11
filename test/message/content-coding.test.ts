import assert from 'node:assert/strict'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, it } from 'node:test'
import zlib from 'node:zlib'
import { GatewayError } from '../../src/errors.js'
import { createContentDecoder, decodeContent } from '../../src/message/content-coding.js'
import { once } from '../support/waiting.js'

const text = Buffer.from('{"a":"some text, some text, some text"}'.repeat(20))
const LIMIT = 1 << 20

const encoded: [coding: string, bytes: Buffer][] = [
  ['gzip', zlib.gzipSync(text)],
  ['x-gzip', zlib.gzipSync(text)],
  ['GZIP', zlib.gzipSync(text)],
  ['deflate', zlib.deflateSync(text)],
  ['deflate', zlib.deflateRawSync(text)],
  ['br', zlib.brotliCompressSync(text)],
  ['identity', text],
  ['', text],
  ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(text))],
  ['deflate,identity , gzip', zlib.gzipSync(zlib.deflateRawSync(text))]
]
const zstd = zlib as unknown as { zstdCompressSync?: (bytes: Buffer) => Buffer }
if (zstd.zstdCompressSync !== undefined) encoded.push(['zstd', zstd.zstdCompressSync(text)])

const is = (code: string, limit?: string) => (error: unknown) =>
  error instanceof GatewayError && error.code === code && error.limit === limit

async function throughStream(coding: string, chunks: Iterable<Buffer>): Promise<Buffer> {
  const decoder = createContentDecoder(coding)
  assert.ok(decoder)
  const out: Buffer[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      out.push(chunk)
      done()
    }
  })
  await pipeline(Readable.from(chunks, { objectMode: false }), decoder, sink)
  return Buffer.concat(out)
}

function* slices(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('decodeContent', () => {
  for (const [coding, bytes] of encoded) {
    it(`undoes "${coding}" (${bytes.subarray(0, 2).toString('hex')})`, async () => {
      assert.deepEqual(await decodeContent(bytes, coding, LIMIT), text)
    })
  }

  it('leaves an empty body empty', async () => {
    assert.equal((await decodeContent(Buffer.alloc(0), 'gzip', LIMIT)).length, 0)
    assert.equal((await decodeContent(zlib.gzipSync(Buffer.alloc(0)), 'gzip, gzip', 0)).length, 0)
  })

  it('stops a bomb at the limit', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(64 << 20))
    await assert.rejects(decodeContent(bomb, 'gzip', 1000), is('SLUICE_ERR_BODY_TOO_LARGE', 'max_body_bytes=1000'))
    await assert.rejects(
      decodeContent(zlib.gzipSync(bomb), 'gzip, gzip', 100_000),
      is('SLUICE_ERR_BODY_TOO_LARGE', 'max_body_bytes=100000')
    )
  })

  it('takes exactly the limit, not a byte more', async () => {
    for (const coding of ['gzip', 'identity']) {
      const bytes = coding === 'gzip' ? zlib.gzipSync(text) : text
      assert.deepEqual(await decodeContent(bytes, coding, text.length), text)
      await assert.rejects(
        decodeContent(bytes, coding, text.length - 1),
        is('SLUICE_ERR_BODY_TOO_LARGE', `max_body_bytes=${text.length - 1}`)
      )
    }
    await assert.rejects(
      decodeContent(zlib.gzipSync(Buffer.from('x')), 'gzip', 0),
      is('SLUICE_ERR_BODY_TOO_LARGE', 'max_body_bytes=0')
    )
  })

  it('refuses broken and truncated data', async () => {
    for (const [coding, bytes] of encoded) {
      if (coding === 'identity' || coding === '') continue
      await assert.rejects(
        decodeContent(bytes.subarray(0, bytes.length - 5), coding, LIMIT),
        is('SLUICE_ERR_BODY_ENCODING'),
        coding
      )
    }
    await assert.rejects(decodeContent(Buffer.from('plain text'), 'gzip', LIMIT), is('SLUICE_ERR_BODY_ENCODING'))
  })

  it('refuses codings it does not know and lists that are too long', async () => {
    await assert.rejects(decodeContent(text, 'compress', LIMIT), is('SLUICE_ERR_BODY_ENCODING'))
    await assert.rejects(decodeContent(text, 'gzip, nonsense', LIMIT), is('SLUICE_ERR_BODY_ENCODING'))
    await assert.rejects(decodeContent(text, 'gzip,gzip,gzip,gzip,gzip', LIMIT), is('SLUICE_ERR_BODY_ENCODING'))
  })
})

describe('createContentDecoder', () => {
  for (const [coding, bytes] of encoded) {
    it(`undoes "${coding}" (${bytes.subarray(0, 2).toString('hex')}) in chunks of any size`, async () => {
      assert.deepEqual(await throughStream(coding, slices(bytes, 1)), text)
      assert.deepEqual(await throughStream(coding, [bytes]), text)
    })
  }

  it('passes on more than its buffers hold', async () => {
    const large = Buffer.alloc(5 << 20, 'abcdefghij')
    assert.deepEqual(await throughStream('gzip', slices(zlib.gzipSync(large), 100)), large)
    assert.deepEqual(await throughStream('deflate', slices(zlib.deflateRawSync(large), 100)), large)
  })

  it('holds little while the client does not read', async () => {
    const decoder = createContentDecoder('gzip')!
    const bomb = zlib.gzipSync(Buffer.alloc(64 << 20))
    decoder.write(bomb)
    decoder.end()
    await once(decoder, 'readable')
    assert.ok(decoder.readableLength < 1 << 20)
    decoder.destroy()
    await once(decoder, 'close')
  })

  it('leaves an empty body empty', async () => {
    for (const coding of ['gzip', 'deflate', 'br']) assert.equal((await throughStream(coding, [])).length, 0)
  })

  it('ends broken and truncated data with an error', async () => {
    await assert.rejects(throughStream('gzip', [Buffer.from('plain text')]), is('SLUICE_ERR_BODY_ENCODING'))
    for (const [coding, bytes] of encoded) {
      if (coding === 'identity' || coding === '') continue
      await assert.rejects(throughStream(coding, [bytes.subarray(0, bytes.length - 5)]), is('SLUICE_ERR_BODY_ENCODING'), coding)
    }
    await assert.rejects(throughStream('deflate', [Buffer.from('x')]), is('SLUICE_ERR_BODY_ENCODING'))
  })

  it('returns undefined for a coding it does not know', () => {
    assert.equal(createContentDecoder('compress'), undefined)
    assert.equal(createContentDecoder('gzip, compress'), undefined)
  })
})
