import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEmptyFunction, PAGE_BYTES, prepareBinary, START_EXPORT, withMaximum } from '../../../src/plugin/wasm/binary.js'
import { type WasmMemory, WebAssembly } from '../../../src/plugin/wasm/web-assembly.js'
import { drop, grow, guest, host, trap } from './guest.js'

const instance = (bytes: Buffer) =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes), { http_handler: { set_status_code() {} } })

test('a start function becomes an export', () => {
  const bytes = guest({ start: [trap], request: [host.set_status_code!(200)] })
  assert.throws(() => instance(bytes), WebAssembly.RuntimeError)
  const prepared = prepareBinary(bytes, 1e6)
  assert.equal(prepared.starts, true)
  const { exports } = instance(prepared.bytes)
  assert.throws(() => (exports[START_EXPORT] as () => void)(), WebAssembly.RuntimeError)
  assert.equal(prepareBinary(guest({}), 1e6).starts, false)
})

test('memory has a maximum afterwards, the lower of both', () => {
  const bytes = guest({ request: [drop(grow(3)), drop(grow(1))], pages: 2 })
  const prepared = prepareBinary(bytes, 5 * PAGE_BYTES + 1)
  assert.equal(prepared.memory, 2 * PAGE_BYTES)
  const { exports } = instance(prepared.bytes)
  const memory = exports.memory as WasmMemory
  ;(exports.handle_request as () => void)()
  assert.equal(memory.buffer.byteLength, 5 * PAGE_BYTES, 'the first growth fits, the second does not')
  assert.throws(() => memory.grow(1), RangeError)
})

test('a memory that begins beyond the limit is told, not changed', () => {
  const prepared = prepareBinary(guest({ pages: 3 }), PAGE_BYTES)
  assert.equal(prepared.memory, 3 * PAGE_BYTES)
})

test('large sections survive', () => {
  const long = 'x'.repeat(20_000)
  const bytes = guest({ request: [host.set_uri!(long)], start: [] })
  const module = new WebAssembly.Module(prepareBinary(bytes, 1e6).bytes)
  assert.deepEqual(
    WebAssembly.Module.exports(module).map(one => one.name),
    ['handle_request', 'handle_response', 'memory', START_EXPORT]
  )
})

test('a function without code is found', () => {
  const imported = (bytes: Buffer): number => WebAssembly.Module.imports(new WebAssembly.Module(bytes)).length
  const nothing = guest({ request: [host.set_status_code!(200)] })
  assert.equal(isEmptyFunction(nothing, 'handle_response', imported(nothing)), true)
  assert.equal(isEmptyFunction(nothing, 'handle_request', imported(nothing)), false)
  assert.equal(isEmptyFunction(nothing, 'not_there', imported(nothing)), false)
  const works = guest({ response: [drop(1)] })
  assert.equal(isEmptyFunction(works, 'handle_response', imported(works)), false)
})

test('a broken module is an error', () => {
  const bytes = guest({})
  assert.throws(() => prepareBinary(Buffer.concat([bytes, Buffer.from([0, 0x80])]), 1e6), RangeError)
})

test('a module gets a maximum and is otherwise the same', () => {
  const bytes = guest({ start: [trap], pages: 2 })
  const bounded = withMaximum(bytes, 5 * PAGE_BYTES)
  assert.equal(bounded.length, bytes.length + 1)
  assert.throws(() => instance(bounded), WebAssembly.RuntimeError, 'its start function is still one')
  const { memory } = instance(withMaximum(guest({ pages: 2 }), 5 * PAGE_BYTES)).exports
  assert.equal((memory as WasmMemory).grow(3), 2)
  assert.throws(() => (memory as WasmMemory).grow(1), RangeError)
  assert.deepEqual(withMaximum(guest({ pages: 3 }), PAGE_BYTES), guest({ pages: 3 }), 'one that begins larger')
  const broken = Buffer.from('no module at all')
  assert.equal(withMaximum(broken, PAGE_BYTES), broken)
})
