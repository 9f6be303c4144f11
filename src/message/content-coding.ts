/**
 * Undoes Content-Encoding (RFC 9110 §8.4): gzip, x-gzip, deflate (with or without the zlib wrapper), br, zstd where this Node has it,
 * identity, and lists of them.
 *
 * In: encoded bytes with the field's value, or a stream of them. Out: the plain bytes, never much more than a limit of them.
 */

import { PassThrough, Transform, type TransformCallback } from 'node:stream'
import zlib from 'node:zlib'
import { GatewayError } from '../errors.js'

/** More codings than this in one field are refused: each is a chance to multiply the size. */
const MAX_CODINGS = 4

interface Coding {
  decode(bytes: Buffer, limitBytes: number): Promise<Buffer>
  stream(): Transform
}

type Callback = (error: Error | null, result: Buffer) => void
type Unzip = (bytes: Buffer, options: { maxOutputLength: number }, callback: Callback) => void

const unzipping = (unzip: Unzip) => (bytes: Buffer, limitBytes: number) =>
  new Promise<Buffer>((resolve, reject) => {
    // zlib wants at least 1; an empty result within a limit of 0 is checked afterwards
    unzip(bytes, { maxOutputLength: Math.max(1, Math.min(limitBytes, MAX_LENGTH)) }, (error, result) => {
      if (error === null) result.length > limitBytes ? reject(tooLarge(limitBytes)) : resolve(result)
      else reject((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(limitBytes) : broken(error))
    })
  })

const MAX_LENGTH = 0x7fffffff

const gzip: Coding = { decode: unzipping(zlib.gunzip as Unzip), stream: () => zlib.createGunzip() }

const inflate = unzipping(zlib.inflate as Unzip)
const inflateRaw = unzipping(zlib.inflateRaw as Unzip)
const deflate: Coding = {
  decode: (bytes, limitBytes) => (hasZlibHeader(bytes) ? inflate : inflateRaw)(bytes, limitBytes),
  stream: () => new InflateEither()
}

/** zstd came with Node 22.15 and 23.8. */
const zstdApi = zlib as unknown as { zstdDecompress?: Unzip; createZstdDecompress?: () => Transform }

const CODINGS: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', deflate],
  ['br', { decode: unzipping(zlib.brotliDecompress as Unzip), stream: () => zlib.createBrotliDecompress() }],
  ...(zstdApi.zstdDecompress === undefined || zstdApi.createZstdDecompress === undefined
    ? []
    : [['zstd', { decode: unzipping(zstdApi.zstdDecompress), stream: zstdApi.createZstdDecompress }] as [string, Coding]])
])

/**
 * Undoes the codings of a whole body. An empty body stays empty whatever its coding.
 * @param coding the field's value; '' and `identity` return the bytes as they are
 * @param limitBytes largest size after each decoding; no more than that is ever held
 * @throws GatewayError SLUICE_ERR_BODY_TOO_LARGE, SLUICE_ERR_BODY_ENCODING (unknown coding, broken or truncated data)
 */
export async function decodeContent(bytes: Buffer, coding: string, limitBytes: number): Promise<Buffer> {
  const steps = stepsOf(coding)
  if (steps === undefined) throw unknown(coding)
  let plain = bytes
  for (const step of steps) {
    if (plain.length === 0) return plain
    plain = await step.decode(plain, limitBytes)
  }
  if (plain.length > limitBytes) throw tooLarge(limitBytes)
  return plain
}

/**
 * Creates a stream that undoes the codings; broken data ends it with SLUICE_ERR_BODY_ENCODING. The code that pipes it bounds the output.
 * Returns undefined for a coding that cannot be undone.
 */
export function createContentDecoder(coding: string): Transform | undefined {
  const steps = stepsOf(coding)
  if (steps === undefined) return undefined
  return steps.length === 0 ? new PassThrough() : new Decoding(steps.map(step => step.stream()))
}

/** The codings in the order they are undone: last applied first; undefined when one is not known. */
function stepsOf(coding: string): Coding[] | undefined {
  const steps: Coding[] = []
  for (const part of coding.split(',')) {
    const name = part.trim().toLowerCase()
    if (name === '' || name === 'identity') continue
    const step = CODINGS.get(name)
    if (step === undefined || steps.length === MAX_CODINGS) return undefined
    steps.unshift(step)
  }
  return steps
}

/** RFC 1950: compression method 8 and a header divisible by 31; anything else is taken as raw deflate, as browsers do. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0
}

/** Runs a chain of decoders as one Transform. The chain's own buffers give the back-pressure. */
class Decoding extends Transform {
  private readonly first: Transform
  private readonly last: Transform
  private readonly all: readonly Transform[]
  private started = false
  /** The coding says that its data is over; what still comes is ignored, as decoding of whole bodies does. */
  private finished = false
  private waiting: TransformCallback | undefined

  constructor(all: readonly Transform[]) {
    super()
    this.all = all
    this.first = all[0]!
    this.last = all.at(-1)!
    for (const [index, decoder] of all.entries()) {
      decoder.once('error', error => this.destroy(broken(error)))
      const next = all[index + 1]
      if (next !== undefined) decoder.pipe(next)
    }
    this.last.on('data', chunk => {
      if (!this.push(chunk)) this.last.pause()
    })
    this.last.once('end', () => {
      this.finished = true
      this.release()
    })
    this.first.on('drain', () => this.release())
  }

  private release(): void {
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  override _read(size: number): void {
    this.last.resume()
    super._read(size)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.started ||= chunk.length > 0
    if (this.finished || this.first.readableEnded || this.first.write(chunk)) done()
    else this.waiting = done
  }

  override _flush(done: TransformCallback): void {
    // an empty body is empty in every coding
    if (!this.started || this.finished) return done()
    this.first.removeAllListeners('drain')
    this.waiting = done
    this.first.end()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const decoder of this.all) decoder.destroy()
    done(error)
  }
}

/** `deflate` with or without its wrapper, as the first two bytes show. */
class InflateEither extends Transform {
  private inner: Transform | undefined
  private head: Buffer = Buffer.alloc(0)
  private finished = false
  private waiting: TransformCallback | undefined

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.inner === undefined) {
      this.head = this.head.length === 0 ? chunk : Buffer.concat([this.head, chunk])
      if (this.head.length < 2) done()
      else this.feed(this.choose(), this.head, done)
    } else if (this.finished) {
      done() // behind the end of the data
    } else {
      this.feed(this.inner, chunk, done)
    }
  }

  /** zlib never finishes a write that goes beyond the end of its data; it only ends. */
  private feed(inner: Transform, chunk: Buffer, done: TransformCallback): void {
    this.waiting = done
    inner.write(chunk, () => this.release())
  }

  private release(): void {
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  override _flush(done: TransformCallback): void {
    if (this.finished) return done()
    const inner = this.inner ?? this.choose()
    if (this.head.length === 1) inner.write(this.head)
    this.waiting = done
    inner.end()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.inner?.destroy()
    done(error)
  }

  override _read(size: number): void {
    this.inner?.resume()
    super._read(size)
  }

  private choose(): Transform {
    const inner = hasZlibHeader(this.head) ? zlib.createInflate() : zlib.createInflateRaw()
    inner.once('error', error => this.destroy(error))
    inner.once('end', () => {
      this.finished = true
      this.release()
    })
    inner.on('data', chunk => {
      if (!this.push(chunk)) inner.pause()
    })
    this.inner = inner
    return inner
  }
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', { limit: `max_body_bytes=${limitBytes}` })
}

function broken(cause: Error): GatewayError {
  return new GatewayError('SLUICE_ERR_BODY_ENCODING', {
    message: `the Content-Encoding of the body cannot be undone: ${cause.message}`,
    cause
  })
}

function unknown(coding: string): GatewayError {
  return new GatewayError('SLUICE_ERR_BODY_ENCODING', { message: `cannot undo Content-Encoding ${coding.slice(0, 100)}` })
}
