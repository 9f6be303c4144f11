import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import { type TestPluginOptions, testPlugin } from '../../src/plugin/testing/index.js'

const load = (file: string): Promise<PluginModule> => import(new URL(`../../fixtures/plugins/${file}`, import.meta.url).href)

const ANSWER = { body: { a: 1.1, items: Array.from({ length: 60 }, (_, n) => ({ n, hidden: n % 2 === 0 })) } }

const CASES: readonly [file: string, options: TestPluginOptions, path: string][] = [
  ['manual/server-example.mjs', { name: 'server-example', scope: 'service', options: { path: '/mine' } }, '/mine'],
  ['manual/server-example.mjs', { name: 'server-example', scope: 'service', options: { path: '/mine' } }, '/'],
  ['manual/client-example.mjs', { name: 'client-example', options: { path: '/mine' } }, '/'],
  ['chain/chain.mjs', { name: 'stamp', kind: 'handler', options: { value: 'a' } }, '/'],
  ['chain/chain.mjs', { name: 'stamp', kind: 'client', options: { value: 'a' } }, '/'],
  ['chain/chain.mjs', { name: 'count', kind: 'handler', scope: 'service' }, '/'],
  ['chain/chain.mjs', { name: 'upper', kind: 'handler' }, '/'],
  ['chain/chain.mjs', { name: 'upper', kind: 'client' }, '/'],
  ['chain/chain.mjs', { name: 'rename', kind: 'modifier', options: { from: 'a', to: 'b' } }, '/'],
  ['chain/chain.mjs', { name: 'drop', kind: 'modifier', scope: 'backend', options: { path: 'items', field: 'hidden' } }, '/']
]

for (const [file, options, path] of CASES) {
  test(`${options.name} as a ${options.kind ?? 'plugin of its kind'} bears exchanges of ${path} that break off`, async () => {
    const tested = await testPlugin(await load(file), { upstream: ANSWER, ...options })
    assert.equal((await tested.request({ path })).status, 200)
    await tested.close()
  })
}
