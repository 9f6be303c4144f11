import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ByteSink, type ByteSource, ReplaySource } from '../../src/message/byte-flow.js'

const rest = (): ByteSource & { resumed: number } => ({
  length: undefined,
  resumed: 0,
  flow() {},
  resume() {
    this.resumed++
  },
  destroy() {}
})

/** Takes 2 ms for a chunk, as a stage that parses does. */
const slowSink = (done: () => void): ByteSink & { chunks: number } => ({
  chunks: 0,
  write() {
    const until = performance.now() + 2
    while (performance.now() < until);
    this.chunks++
    return true
  },
  end: done,
  fail: done
})

test('chunks that were read ahead are replayed in turns, in order, then the rest', async () => {
  const upstream = rest()
  const source = new ReplaySource(
    Array.from({ length: 100 }, () => Buffer.from('x')),
    upstream,
    undefined
  )
  const ended = new Promise<number>(resolve => {
    let turns = 0
    const count = (): void => {
      if (upstream.resumed > 0) return resolve(turns)
      turns++
      setImmediate(count)
    }
    setImmediate(count)
  })
  const sink = slowSink(() => {})
  source.flow(sink)
  source.resume() // a sink may ask for more while a turn is waited for
  const turns = await ended
  assert.equal(sink.chunks, 100)
  assert.equal(upstream.resumed, 1)
  assert.ok(turns >= 5, `${turns} turns`)
})

test('a replay that is destroyed writes no more', async () => {
  const source = new ReplaySource(
    Array.from({ length: 100 }, () => Buffer.from('x')),
    rest(),
    undefined
  )
  const sink = slowSink(() => {})
  source.flow(sink)
  const before = sink.chunks
  source.destroy(new Error('gone') as never)
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(sink.chunks, before)
  assert.ok(before < 100)
})
