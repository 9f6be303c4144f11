import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { GoInstance } from '../../../../src/plugin/wasm/go-host/go-instance.js'
import type { GoRuntime } from '../../../../src/plugin/wasm/go-host/go-world.js'
import { type WasmModule, WebAssembly } from '../../../../src/plugin/wasm/web-assembly.js'
import { stopClock } from '../../../support/time.js'

/** A module that exports its imports `sluice.ready` and `sluice.resumed` as `ready` and `resume`, and a memory. */
const MODULE = Buffer.from(
  '0061736d0100000001040160000002210206736c75696365057265616479000006736c7569636507726573756d6564000005' +
    '03010001071803057265616479000006726573756d650001036d656d0200',
  'hex'
)

/** An instance whose turns are counted; `work` is what Go does in each. */
async function instanceOf(work: () => void): Promise<{ instance: GoInstance; turns: () => number }> {
  let turns = 0
  const runtime = {
    argv: [],
    env: {},
    importObject: {},
    run: async ({ exports }: { exports: { ready?: () => void } }) => {
      exports.ready?.()
      await new Promise(() => {})
    }
  } as unknown as GoRuntime
  const resumed = (): void => {
    turns++
    work()
  }
  const instance = new GoInstance({
    module: new WebAssembly.Module(MODULE) as WasmModule,
    runtime: () => runtime,
    environment: { first: {}, rest: '' },
    imports: { resumed },
    owner: { onDeath: assert.fail, onTurn: () => {}, onGrowth: () => {} }
  })
  await instance.start()
  return { instance, turns: () => turns }
}

function send(instance: GoInstance, count: number): void {
  for (let i = 0; i < count; i++) {
    instance.outbox.begin(2).u32(i).done()
    instance.flushSoon()
  }
}

test('messages of one turn of the event loop are delivered together', async () => {
  const { instance, turns } = await instanceOf(() => {})
  send(instance, 10)
  assert.equal(turns(), 0)
  await turnOfTheLoop()
  assert.equal(turns(), 1)
  assert.equal(instance.outbox.empty, true)
  instance.end()
})

test('no more than 64 messages wait for one another, and fewer where a turn takes long', async t => {
  const move = stopClock(t)
  const { instance, turns } = await instanceOf(() => move(5))
  send(instance, 63)
  assert.equal(turns(), 0)
  send(instance, 1)
  assert.equal(turns(), 1)
  send(instance, 32)
  assert.equal(turns(), 2)
  send(instance, 16)
  assert.equal(turns(), 3)
  instance.end()
})
