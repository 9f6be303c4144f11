import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BORDER_VERSION, readProgram, withProgram } from '../../../../src/plugin/wasm/go-host/go-sections.js'
import { WebAssembly } from '../../../../src/plugin/wasm/web-assembly.js'
import { moduleOf } from '../module-of.js'

const FACTS = { border: BORDER_VERSION, go: 'go1.26.8', module: 'acme', registerers: ['HandlerRegisterer'] }
const empty = moduleOf([], ['run'])

test('a module carries its facts and its runtime', async () => {
  const exec = 'globalThis.Go = class {} // é'.repeat(1000)
  const module = await WebAssembly.compile(withProgram(empty, { facts: FACTS, exec }))
  assert.deepEqual(readProgram(module, 'x.so.wasm'), { facts: FACTS, exec })
})

test('a module of another border is refused, and one without sections', async () => {
  const read = async (bytes: Buffer): Promise<unknown> => readProgram(await WebAssembly.compile(bytes), 'x.so.wasm')
  await assert.rejects(read(withProgram(empty, { facts: { ...FACTS, border: 99 }, exec: '' })), {
    message: `x.so.wasm was built for border 99, this Sluice has ${BORDER_VERSION}: run \`sluice plugin build\` again`
  })
  await assert.rejects(read(empty), /this Go module was not made by `sluice plugin build`/)
})
