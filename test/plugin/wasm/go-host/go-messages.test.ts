import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GoMessage, Outbox } from '../../../../src/plugin/wasm/go-host/go-messages.js'

test('messages are written one behind the other, with the length of all in front', () => {
  const outbox = new Outbox()
  assert.equal(outbox.empty, true)
  outbox.begin(2).u32(-1).latin('é').done()
  outbox
    .begin(3)
    .utf8('é')
    .i64(2 ** 40)
    .done()
  const bytes = outbox.take()
  const parts = ['27000000', '0d000000 02000000 ffffffff 01000000 e9', '12000000 03000000 02000000 c3a9 0000000000010000']
  assert.equal(bytes.toString('hex'), parts.join('').replaceAll(' ', ''))
  assert.equal(outbox.empty, true)
})

test('pairs leave a field out, in any spelling', () => {
  const outbox = new Outbox()
  outbox.begin(1).pairs(['A', '1', 'HOST', 'x', 'B', '2'], 'host').done()
  const bytes = Buffer.from(outbox.take())
  assert.deepEqual(new GoMessage(bytes, 12, bytes.length - 12).pairs(), ['A', '1', 'B', '2'])
})

test('long texts and many messages fit', () => {
  const outbox = new Outbox()
  const long = 'x'.repeat(100_000)
  for (let i = 0; i < 30; i++) outbox.begin(2).u32(i).latin(long).done()
  const bytes = Buffer.from(outbox.take())
  assert.equal(bytes.readInt32LE(0), bytes.length - 4)
  const last = new GoMessage(bytes, bytes.length - long.length - 8, long.length + 8)
  assert.deepEqual([last.u32(), last.latin()], [29, long])
})

test('what Go writes is read, and what is left is copied', () => {
  const memory = Buffer.alloc(64)
  memory.writeBigInt64LE(-1n, 8)
  memory.writeInt32LE(1, 16)
  memory.writeInt32LE(1, 20)
  memory.write('N', 24)
  memory.writeInt32LE(0, 25)
  memory.write('rest', 29)
  const message = new GoMessage(memory, 8, 25)
  assert.equal(message.i64(), -1)
  assert.deepEqual(message.edits(), [{ name: 'N', values: [] }])
  const rest = message.rest()
  memory.fill(0)
  assert.equal(rest.toString(), 'rest')
})
