import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileGuest } from '../../../src/plugin/wasm/guest-kind.js'
import { moduleOf } from './module-of.js'

test('imports and exports tell the kind', async () => {
  assert.equal((await compileGuest(moduleOf([['gojs', 'runtime.wasmExit']], []))).kind, 'go')
  assert.equal((await compileGuest(moduleOf([['http_handler', 'get_config']], []))).kind, 'http-wasm')
  assert.equal((await compileGuest(moduleOf([], ['handle_request']))).kind, 'http-wasm')
})

test('refusals say what was found and what to do', async () => {
  const refused: [Uint8Array, RegExp][] = [
    [Buffer.from('no module'), /^this is no WebAssembly module: its first bytes/],
    [Buffer.alloc(0), /^this is no WebAssembly module/],
    [
      Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
      /^this is a WebAssembly component; a plugin is a core module .*-target=wasip1/
    ],
    [Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99, 99]), /^the WebAssembly module is broken, or needs a newer Node/],
    [moduleOf([['go', 'runtime.wasmExit']], []), /^Go 1\.20 or earlier has compiled this module; .*sluice plugin build DIR/],
    [moduleOf([['env', 'proxy_log']], ['proxy_on_context_create']), /^this is a proxy-wasm filter of Envoy, another ABI/],
    [
      moduleOf([['wasi_snapshot_preview1', 'fd_write']], ['_start']),
      /imports wasi_snapshot_preview1 and exports no handle_request; a plugin is/
    ],
    [moduleOf([], []), /imports nothing and exports no handle_request/]
  ]
  for (const [bytes, expected] of refused)
    await assert.rejects(compileGuest(bytes), error => expected.test((error as Error).message) || assert.fail(String(error)))
})
