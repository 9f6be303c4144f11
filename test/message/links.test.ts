/** A large chunk is filtered in turns of the event loop, in order, and nothing is lost on the way. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GatewayError } from '../../src/errors.js'
import { BufferSource, type ByteSink, type ByteSource } from '../../src/message/byte-flow.js'
import { type ChunkFilter, FilterLink } from '../../src/message/links.js'

const LARGE = Buffer.alloc(3_000_000, 'abcdefg')

/** Takes a millisecond for each piece. */
function slowFilter(seen: number[] = []): ChunkFilter {
  return {
    write(chunk) {
      seen.push(chunk.length)
      for (const until = performance.now() + 1; performance.now() < until; );
      return [chunk]
    },
    end: () => [Buffer.from('.')]
  }
}

class Sink implements ByteSink {
  readonly parts: Uint8Array[] = []
  trailers: readonly string[] | undefined
  error: GatewayError | undefined
  room = true
  private settle: () => void = () => {}
  readonly settled = new Promise<void>(resolve => {
    this.settle = resolve
  })

  write(chunk: Uint8Array): boolean {
    this.parts.push(chunk)
    return this.room
  }

  end(trailers: readonly string[]): void {
    assert.equal(this.trailers, undefined, 'ended once')
    this.trailers = trailers
    this.settle()
  }

  fail(error: GatewayError): void {
    this.error = error
    this.settle()
  }

  get text(): string {
    return Buffer.concat(this.parts).toString()
  }
}

test('others get their turn while a large buffer is filtered', async () => {
  const sink = new Sink()
  const link = new FilterLink(slowFilter()).connect(new BufferSource(LARGE))
  let turns = 0
  const others = setInterval(() => turns++, 0)
  link.flow(sink)
  assert.equal(sink.trailers, undefined, 'it is not done at once')
  await sink.settled
  clearInterval(others)
  assert.ok(turns > 1, `others had ${turns} turns`)
  assert.ok(sink.text === `${LARGE}.`)
})

test('a small buffer is filtered at once', () => {
  const sink = new Sink()
  new FilterLink(slowFilter()).connect(new BufferSource(Buffer.from('abc'))).flow(sink)
  assert.equal(sink.text, 'abc.')
  assert.deepEqual(sink.trailers, [])
})

test('a sink that is full stops the filter, and chunks that come all the same keep their order', async () => {
  const sink = new Sink()
  let resumed = 0
  const source: ByteSource = {
    length: undefined,
    flow(to) {
      assert.equal(to.write(LARGE), false)
      to.write(Buffer.from('second'))
    },
    resume: () => void resumed++,
    destroy() {}
  }
  const seen: number[] = []
  const link = new FilterLink(slowFilter(seen)).connect(source)
  sink.room = false
  link.flow(sink)
  await nextTurn()
  assert.equal(seen.length, 1, 'one piece, then the sink is full')
  sink.room = true
  link.resume()
  for (let turn = 0; resumed === 0 && turn < 10_000; turn++) await nextTurn()
  assert.equal(resumed, 1, 'the source goes on when all has been filtered')
  link.end(['x', 'y'])
  assert.deepEqual(sink.trailers, ['x', 'y'])
  assert.ok(sink.text === `${LARGE}second.`)
})

test('a body that breaks off is filtered no further', async () => {
  for (const how of ['destroy', 'fail'] as const) {
    const sink = new Sink()
    const seen: number[] = []
    const link = new FilterLink(slowFilter(seen)).connect(new BufferSource(LARGE))
    link.flow(sink)
    const before = seen.length
    link[how](new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL'))
    await nextTurn()
    await nextTurn()
    assert.equal(seen.length, before)
    assert.equal(sink.trailers, undefined)
    assert.equal(sink.error !== undefined, how === 'fail')
  }
})
