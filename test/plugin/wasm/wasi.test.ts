import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuestMemory } from '../../../src/plugin/wasm/http-wasm/guest-memory.js'
import { type GuestExit, wasiImports } from '../../../src/plugin/wasm/wasi.js'
import { WebAssembly } from '../../../src/plugin/wasm/web-assembly.js'
import { json, startUpstream } from '../support.js'
import { drop, guest, store, vector, wasi } from './guest.js'
import { openGuests } from './support.js'

const ALL = [
  'args_sizes_get',
  'clock_time_get',
  'environ_sizes_get',
  'fd_close',
  'fd_fdstat_get',
  'fd_prestat_get',
  'fd_read',
  'fd_seek',
  'fd_write',
  'path_open',
  'poll_oneoff',
  'proc_exit',
  'random_get',
  'sock_accept'
]

function open() {
  const lines: string[] = []
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }))
  const line = (text: string, isError: boolean): void => void lines.push(`${isError ? 'error' : 'output'}: ${text}`)
  const functions = wasiImports(ALL, () => ({ memory, line })) as Record<string, (...values: (number | bigint)[]) => number>
  const print = (fd: number, text: string): number => {
    memory.putBytes(100, 999, Buffer.from(text))
    memory.putU32(0, 100)
    memory.putU32(4, Buffer.byteLength(text))
    return functions.fd_write!(fd, 0, 1, 8)
  }
  return { lines, memory, functions, print }
}

test('what is printed becomes lines, also in pieces', () => {
  const { lines, memory, print } = open()
  assert.equal(print(1, 'one\ntw'), 0)
  assert.equal(memory.u32(8), 6)
  print(2, 'beside\n')
  print(1, 'o\nth')
  print(1, 'ree\n')
  assert.deepEqual(lines, ['output: one', 'error: beside', 'output: two', 'output: three'])
  assert.equal(print(3, 'x'), 8, 'no such file')
})

test('a line without an end is bounded', () => {
  const { lines, print } = open()
  for (let i = 0; i < 20; i++) print(1, 'x'.repeat(900))
  assert.equal(lines.length, 2)
  assert.ok(lines.every(line => line.length < 10_000))
})

test('clocks and random numbers', () => {
  const { memory, functions } = open()
  assert.equal(functions.clock_time_get!(0, 0n, 0), 0)
  const now = Number(memory.lend(0, 8, 'a number').readBigUInt64LE() / 1_000_000n)
  assert.ok(Math.abs(now - Date.now()) < 60_000)
  functions.clock_time_get!(1, 0n, 0)
  const first = memory.lend(0, 8, 'a number').readBigUInt64LE()
  functions.clock_time_get!(1, 0n, 0)
  assert.ok(memory.lend(0, 8, 'a number').readBigUInt64LE() >= first)
  assert.equal(functions.clock_time_get!(9, 0n, 0), 28)
  functions.random_get!(64, 32)
  assert.notDeepEqual(Buffer.from(memory.lend(64, 32, 'random')), Buffer.alloc(32))
})

test('no arguments, no environment, no files, and nothing else', () => {
  const { memory, functions } = open()
  for (const name of ['args_sizes_get', 'environ_sizes_get']) {
    memory.putU32(0, 9)
    assert.equal(functions[name]!(0, 4), 0)
    assert.equal(memory.u32(0), 0)
  }
  assert.equal(functions.path_open!(3, 0, 0, 4, 0, 0n, 0n, 0, 0), 76)
  assert.equal(functions.fd_prestat_get!(3, 0), 8)
  assert.equal(functions.fd_close!(3), 8)
  assert.equal(functions.fd_seek!(1, 0n, 0, 0), 70)
  assert.equal(functions.fd_fdstat_get!(1, 0), 0)
  assert.equal(functions.fd_read!(0, 0, 0, 0), 0)
  assert.equal(functions.sock_accept!(3, 0, 0), 52)
  assert.throws(
    () => functions.proc_exit!(3),
    (error: GuestExit) => error.code === 3
  )
})

test('in a gateway: output is a line of the log, an exit ends the request', async t => {
  const up = await startUpstream(t, json({ ok: true }))
  const prints = guest({
    request: [vector(0, 'hello from WASI\n'), drop(wasi.fd_write!(1, 0, 1, 16)), drop(wasi.fd_unknown!(0))]
  })
  const exits = guest({ main: [wasi.proc_exit!(0)], request: [store(0, 1), wasi.proc_exit!(3)] })
  const { gateway, log } = await openGuests(
    t,
    up.host,
    { 'prints.wasm': prints, 'exits.wasm': exits },
    { names: ['exits', 'prints'] }
  )
  assert.equal((await gateway.request({ path: '/x' })).status, 500)
  await log.line(/INFO: \[PLUGIN: prints\] hello from WASI/)
  await log.line(/\[Plugin: exits\].*the module ended itself with the exit code 3/)
})

test('a sleep ends at the first clock, and after a bounded time', () => {
  const { memory, functions } = open()
  const clock = (at: number, mark: bigint, ms: number): void => {
    memory.lend(at, 48, 'a buffer').fill(0)
    memory.putU64(at, mark)
    memory.putU32(at + 16, 1)
    memory.putU64(at + 24, BigInt(ms) * 1_000_000n)
  }
  clock(0, 7n, 3_600_000)
  clock(48, 8n, 5)
  const started = performance.now()
  assert.equal(functions.poll_oneoff!(0, 200, 2, 400), 0)
  assert.ok(performance.now() - started >= 4)
  assert.deepEqual([memory.u32(400), memory.u32(200)], [1, 8], 'one event, of the nearer clock')
  assert.equal(functions.poll_oneoff!(0, 200, 1, 400), 0, 'an hour does not pass')
  memory.lend(0, 48, 'a buffer')[8] = 2
  assert.equal(functions.poll_oneoff!(0, 200, 2, 400), 0)
  assert.deepEqual([memory.u32(400), memory.u32(200)], [1, 7], 'a descriptor is ready at once')
  assert.equal(functions.poll_oneoff!(0, 200, 0, 400), 28)
})
