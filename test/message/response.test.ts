import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseMessage } from '../../src/message/response.js'
import { allocateBytes } from '../../src/message/slab.js'

const SIZE = 20_000

/** Data in memory, and what it is rendered to. */
function rendering(): { readonly from: ResponseMessage; readonly rendered: ResponseMessage; readonly memory: Buffer } {
  const memory = allocateBytes(SIZE)
  const from = ResponseMessage.over(200, [], memory, SIZE)
  from.memory = memory
  from.beginRendering()
  const rendered = ResponseMessage.over(200, [], memory, SIZE)
  rendered.renderedFrom = from
  return { from, rendered, memory }
}

/** Whether the next body gets this memory. */
function isGivenBack(memory: Buffer): boolean {
  const next = allocateBytes(SIZE)
  return next.buffer === memory.buffer && next.byteOffset === memory.byteOffset
}

test('a response whose bytes are out gives the memory of its data back, once', () => {
  const { rendered, memory } = rendering()
  rendered.letGo(true)
  assert.ok(isGivenBack(memory))
  rendered.letGo(true)
  assert.ok(!isGivenBack(memory))
})

test('memory that a socket holds views of is not given back, also when another client has got the same response', () => {
  const { rendered, memory } = rendering()
  rendered.letGo(false)
  rendered.letGo(true)
  assert.ok(!isGivenBack(memory))
  assert.equal(rendered.unopened, memory)
})

test('data that is rendered twice keeps its memory', () => {
  const { from, rendered, memory } = rendering()
  from.beginRendering()
  rendered.letGo(true)
  assert.ok(!isGivenBack(memory))
  assert.equal(from.unopened, memory)
})
