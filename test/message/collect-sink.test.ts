import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ByteSink, ByteSource } from '../../src/message/byte-flow.js'
import { CollectSink } from '../../src/message/collect-sink.js'

/** Collects chunks that lie in one buffer, which is overwritten whenever the sink calls it spent. */
function collect(
  length: number | undefined,
  chunks: readonly string[],
  limit = 1000
): { text: string; spent: boolean[]; rest: string } {
  const lent = Buffer.alloc(1000)
  const source: ByteSource = { length, flow: () => {}, resume: () => {}, destroy: () => {} }
  const got = { text: '', spent: [] as boolean[], rest: '' }
  const rest: ByteSink = {
    write(chunk) {
      got.rest += Buffer.from(chunk).toString()
      return true
    },
    end() {},
    fail() {}
  }
  const sink = new CollectSink(
    source,
    limit,
    (error, bytes) => {
      got.text = error === undefined ? bytes.toString() : error.code
    },
    ahead => {
      got.rest = Buffer.concat(ahead).toString()
      return rest
    }
  )
  for (const chunk of chunks) {
    const memory = got.spent.at(-1) === false ? Buffer.alloc(chunk.length) : lent
    memory.write(chunk)
    sink.write(memory.subarray(0, chunk.length))
    got.spent.push(sink.spent)
    if (sink.spent) lent.fill('-')
  }
  sink.end([])
  return got
}

test('a body of known length is copied together, and its chunks may be used again', () => {
  assert.deepEqual(collect(6, ['ab', 'cd', 'ef']), { text: 'abcdef', spent: [true, true, true], rest: '' })
  assert.equal(collect(6, ['abcdef']).text, 'abcdef')
  assert.equal(collect(undefined, ['ab', 'cd']).text, 'abcd')
  assert.equal(collect(0, []).text, '')
})

test('a sender that begins with little gets no memory for the rest', () => {
  const chunks = ['a', 'bcdefgh', 'ij']
  assert.deepEqual(collect(10, chunks), { text: 'abcdefghij', spent: [false, false, false], rest: '' })
})

test('a body that is longer or shorter than it said is what came', () => {
  assert.equal(collect(4, ['abc', 'def', 'g']).text, 'abcdefg')
  assert.equal(collect(8, ['abc', 'def']).text, 'abcdef')
})

test('beyond the limit the chunks so far and the rest go on', () => {
  assert.equal(collect(4, ['abc', 'def', 'gh'], 4).rest, 'abcdefgh')
  assert.equal(collect(8, ['abc', 'def', 'gh'], 4).rest, 'abcdefgh')
})
