/** Go plugins in the test kit: exchanges that break off at every stage leave nothing open, on either side of the border. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { openGuestServices } from '../../../src/cli/guest-services.js'
import { testPlugin } from '../../../src/plugin/testing/index.js'
import { GoModule } from '../../../src/plugin/wasm/go-module.js'
import { pluginModule } from '../../../src/plugin/wasm/go-plugin.js'
import { readProgram } from '../../../src/plugin/wasm/go-sections.js'
import { compileRuntime } from '../../../src/plugin/wasm/go-world.js'
import { compileGuest } from '../../../src/plugin/wasm/guest-kind.js'
import { until } from '../../support/waiting.js'
import { fixture, needsGo } from './go-fixtures.js'

const NAMES = {
  handler: ['pass', 'status', 'capture', 'pipe'],
  client: ['direct', 'buffered'],
  modifier: ['m-edit', 'm-lines']
} as const

const ANSWER = { message: 'hello', items: Array.from({ length: 50 }, (_, id) => ({ id, name: `item ${id}` })) }

test('exchanges of every kind, broken off at every stage', needsGo, async t => {
  const file = path.join(await fixture('behaviours'), 'behaviours.so.wasm')
  const services = openGuestServices()
  t.after(() => services.close())
  const { module } = await compileGuest(await readFile(file))
  const runtime = compileRuntime(readProgram(module, file).exec, file)
  const go = new GoModule({ file: 'behaviours.so.wasm', module, runtime, services })
  t.after(() => go.close())
  const plugin = pluginModule(go, await go.start())
  for (const kind of ['handler', 'client', 'modifier'] as const) {
    for (const name of NAMES[kind]) {
      for (const body of [undefined, JSON.stringify(ANSWER)]) {
        const method = body === undefined ? 'GET' : 'POST'
        const made = await testPlugin(plugin, { kind, name, method, upstream: { body: ANSWER } })
        await made.request(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body }).catch(() => {})
        await made.close().catch(error => assert.fail(`${name} ${method}: ${error.message}`))
        await until(async () => (await go.running()).handles.exchanges.size === 0, `exchanges of ${name} ${method} to end`)
      }
    }
  }
  const { handles } = await go.running()
  await until(() => handles.exchanges.size === 0, 'exchanges to end')
  await until(() => handles.outputs.size === 0, 'outputs to end')
  await until(() => handles.readers.size === 0, 'readers to end')
  const generation = await go.running()
  const open = (): number[] => {
    const { exchanges, waits, handles } = generation.open()!
    return [exchanges, waits, handles]
  }
  await until(() => open().every(count => count === 0), 'Go to hold nothing')
  // main, the timers of Go, and those that are kept for the next requests
  assert.ok(generation.open()!.goroutines < 64 + 10, `${generation.open()!.goroutines} goroutines`)
  assert.equal(go.restarts, 0)
})
