import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { GatewayError } from '../../src/errors.js'
import { createContentDecoder, decodeContent } from '../../src/message/content-coding.js'
import { once } from '../support/waiting.js'
import { borders, cut, holdsAsync } from './fuzz.js'

const CODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  Deflate: deflateRawSync,
  br: brotliCompressSync,
  identity: bytes => bytes
}
const codings = fc.array(fc.constantFrom(...Object.keys(CODERS)), { minLength: 1, maxLength: 3 })
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.string({ maxLength: 8 }), fc.nat(4000)).map(([text, times]) => new Uint8Array(Buffer.from(text.repeat(times))))
)

const encode = (plain: Buffer, names: readonly string[]): Buffer => names.reduce((out, name) => CODERS[name]!(out), plain)

async function throughStream(coding: string, pieces: readonly Buffer[]): Promise<Buffer | GatewayError> {
  const decoder = createContentDecoder(coding)!
  const parts: Buffer[] = []
  const ended = once(decoder, 'end')
  decoder.on('data', (chunk: Buffer) => parts.push(chunk))
  for (const piece of pieces) decoder.write(piece)
  decoder.end()
  try {
    await ended
    return Buffer.concat(parts)
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error))
    return error
  }
}

test('what was encoded is decoded, whole and in any pieces, and a limit below its size is kept', async t => {
  await holdsAsync(
    t,
    250,
    fc.asyncProperty(bytes, codings, borders, async (content, names, places) => {
      const plain = Buffer.from(content)
      const encoded = encode(plain, names)
      const steps = names.filter(name => name !== 'identity')
      const largest = Math.max(plain.length, ...steps.map((_, i) => encode(plain, steps.slice(0, i)).length))
      const coding = names.join(', ')
      assert.ok(plain.equals(await decodeContent(encoded, coding, largest)))
      const streamed = await throughStream(coding, cut(encoded, places))
      assert.ok(Buffer.isBuffer(streamed) && plain.equals(streamed))
      if (largest > 0) await assert.rejects(decodeContent(encoded, coding, largest - 1), { code: 'SLUICE_ERR_BODY_TOO_LARGE' })
    })
  )
})

test('broken bytes end with a named error or decode the same both ways', async t => {
  await holdsAsync(
    t,
    250,
    fc.asyncProperty(
      bytes,
      fc.constantFrom('gzip', 'deflate', 'br'),
      fc.nat(),
      fc.integer({ min: -1, max: 255 }),
      borders,
      async (content, name, at, byte, places) => {
        const encoded = Buffer.from(CODERS[name]!(Buffer.from(content)))
        const broken = byte < 0 ? encoded.subarray(0, at % encoded.length) : encoded
        if (byte >= 0) encoded[at % encoded.length] = byte
        const whole = await decodeContent(broken, name, 1 << 20).catch((error: unknown) => {
          assert.ok(error instanceof GatewayError, String(error))
          return error
        })
        const streamed = await throughStream(name, cut(broken, places))
        if (Buffer.isBuffer(whole) && Buffer.isBuffer(streamed)) assert.ok(whole.equals(streamed))
        else assert.equal(Buffer.isBuffer(whole), Buffer.isBuffer(streamed), `${String(whole)} or ${String(streamed)}`)
      }
    )
  )
})
