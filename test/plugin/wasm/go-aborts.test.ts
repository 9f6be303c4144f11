/** Go plugins in the test kit: exchanges that break off at every stage leave nothing open, on either side of the border. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { openGuestServices } from '../../../src/cli/guest-services.js'
import { testPlugin } from '../../../src/plugin/testing/index.js'
import { GoModule } from '../../../src/plugin/wasm/go-host/go-module.js'
import { pluginModule } from '../../../src/plugin/wasm/go-host/go-plugin.js'
import { readProgram } from '../../../src/plugin/wasm/go-host/go-sections.js'
import { compileRuntime } from '../../../src/plugin/wasm/go-host/go-world.js'
import { compileGuest } from '../../../src/plugin/wasm/guest-kind.js'
import { until } from '../../support/waiting.js'
import { fixture, needsGo } from './go-fixtures.js'

/** Plugins that end their instance, or never get so far: their tests are in go-module.test.ts and go-requests.test.ts. */
const ENDING = ['exit', 'fatal', 'goroutine', 'deep', 'eat', 'grow', 'factory-error', 'factory-panic', 'factory-hangs']

/** All plugins with `npm run test:long`: each waits for limits more than it works. */
const LONG = process.env.SLUICE_LONG === '1'
const FEW = ['pass', 'status', 'capture', 'pipe', 'direct', 'buffered', 'impatient', 'm-edit', 'm-lines']

/** What factories ask for. */
const OPTIONS = { proxy: { to: 'http://127.0.0.1:1' }, tcp: { to: '127.0.0.1:1' }, tls: { to: '127.0.0.1:1' } } as Record<
  string,
  object
>

const ANSWER = { message: 'hello', items: Array.from({ length: 50 }, (_, id) => ({ id, name: `item ${id}` })) }

test('exchanges of every kind, broken off at every stage', { ...needsGo, timeout: 3_000_000 }, async t => {
  const file = path.join(await fixture('behaviours'), 'behaviours.so.wasm')
  const services = openGuestServices()
  t.after(() => services.close())
  const { module } = await compileGuest(await readFile(file))
  const runtime = compileRuntime(readProgram(module, file).exec, file)
  const go = new GoModule({ file: 'behaviours.so.wasm', module, runtime, services })
  t.after(() => go.close())
  const first = await go.start()
  const faults: string[] = []
  const plugin = pluginModule(go, first)
  let tried = 0
  for (const kind of ['handler', 'client', 'modifier'] as const) {
    for (const { name } of first.names[kind]) {
      if (LONG ? ENDING.includes(name) : !FEW.includes(name)) continue
      tried++
      for (const body of [undefined, JSON.stringify(ANSWER)]) {
        const method = body === undefined ? 'GET' : 'POST'
        const upstream = { body: ANSWER }
        const made = await testPlugin(plugin, { kind, name, method, upstream, options: OPTIONS[name] ?? {} })
        await made.request(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body }).catch(() => {})
        await made.close().catch(error => faults.push(`${name} ${method}: ${error.message}`))
        await until(async () => (await go.running()).handles.exchanges.size === 0, `exchanges of ${name} ${method} to end`)
      }
    }
  }
  assert.deepEqual(faults, [])
  assert.ok(tried >= (LONG ? 60 : FEW.length), `${tried} plugins`)
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
