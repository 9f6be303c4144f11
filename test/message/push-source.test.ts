import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/errors.js'
import type { ByteSink } from '../../src/message/byte-flow.js'
import { PushSource } from '../../src/message/push-source.js'

/** A pusher and a reader that note what they hear. */
class Notes implements ByteSink {
  readonly heard: string[] = []
  room = true

  drained(): void {
    this.heard.push('drained')
  }

  gone(reason: GatewayError): void {
    this.heard.push(`gone ${reason.message}`)
  }

  write(chunk: Uint8Array): boolean {
    this.heard.push(Buffer.from(chunk).toString())
    return this.room
  }

  end(trailers: readonly string[]): void {
    this.heard.push(`end ${trailers.join()}`)
  }

  fail(error: GatewayError): void {
    this.heard.push(`fail ${(error.cause as Error | undefined)?.message ?? error.message}`)
  }
}

const bytes = (text: string): Buffer => Buffer.from(text)

test('chunks go straight to the reader, and wait while it is full', () => {
  const notes = new Notes()
  const source = new PushSource(notes)
  source.flow(notes)
  assert.equal(source.push(bytes('a')), true)
  notes.room = false
  assert.equal(source.push(bytes('b')), false)
  notes.room = true
  source.resume()
  assert.equal(source.push(bytes('')), true, 'nothing is no chunk')
  source.end(['X-Sum', '1'])
  source.resume()
  assert.deepEqual(notes.heard, ['a', 'b', 'drained', 'end X-Sum,1'])
  assert.equal(source.push(bytes('late')), false)
})

test('what comes before the reader waits for it, within bounds', () => {
  const notes = new Notes()
  const source = new PushSource(notes)
  assert.equal(source.push(bytes('a')), true)
  assert.equal(source.push(Buffer.alloc(64 * 1024)), false, 'the pusher waits')
  notes.heard.length = 0
  source.flow(notes)
  assert.deepEqual([notes.heard.length, notes.heard[0], notes.heard[2]], [3, 'a', 'drained'])
})

test('the end comes after the bytes that a full reader has not taken', () => {
  const notes = new Notes()
  const source = new PushSource(notes)
  source.push(bytes('a'))
  source.push(bytes('b'))
  source.end()
  notes.room = false
  source.flow(notes)
  assert.deepEqual(notes.heard, ['a'])
  source.resume()
  assert.deepEqual(notes.heard, ['a', 'b'])
  source.resume()
  source.resume()
  assert.deepEqual(notes.heard, ['a', 'b', 'end '])
})

test('a body that is not whole never looks whole', () => {
  const short = new Notes()
  const few = new PushSource(short, 3)
  few.flow(short)
  few.push(bytes('ab'))
  few.end()
  assert.deepEqual(short.heard, ['ab', 'fail 2 bytes of its Content-Length of 3'])
  const long = new Notes()
  const many = new PushSource(long, 1)
  many.flow(long)
  assert.equal(many.push(bytes('ab')), false)
  assert.deepEqual(long.heard, ['fail more bytes than its Content-Length of 1'])
  const cut = new Notes()
  const broken = new PushSource(cut)
  broken.flow(cut)
  broken.fail(new Error('panic'))
  broken.end()
  assert.deepEqual(cut.heard, ['fail panic'])
})

test('the owner names its failure', () => {
  const notes = new Notes()
  const source = new PushSource(notes)
  source.owner = {
    failed: cause => new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: `x: ${(cause as Error).message}` }),
    late() {}
  }
  source.flow(notes)
  source.fail(new Error('panic'))
  assert.deepEqual(notes.heard, ['fail x: panic'])
})

test('a reader that leaves is told once, and not after the end', () => {
  const gone = new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'left' })
  const notes = new Notes()
  const source = new PushSource(notes)
  source.push(bytes('a'))
  source.destroy(gone)
  source.destroy(gone)
  assert.equal(source.push(bytes('b')), false)
  assert.equal(source.closed, true)
  assert.deepEqual(notes.heard, ['gone left'])
  const over = new Notes()
  const ended = new PushSource(over)
  ended.end()
  ended.destroy(gone)
  assert.deepEqual(over.heard, [])
})
