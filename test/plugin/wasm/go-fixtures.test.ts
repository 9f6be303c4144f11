/** What `fixtures/go-plugins/README.md` promises: its plugins exist, and so do its tests. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { openGuestServices } from '../../../src/cli/guest-services.js'
import { inspectPlugin } from '../../../src/plugin/load/inspect.js'
import { FIXTURES, fixture, needsGo } from './go-fixtures.js'

/** Rows of the tables: plugins, and a test. */
const rows = readFileSync(path.join(FIXTURES, 'README.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && line.includes('`'))
  .map(line => line.slice(2, -2).split(' | ') as [what: string, plugins: string, test: string])
  .map(([, plugins, test]) => ({ plugins: [...plugins.matchAll(/`([^`]+)`/g)].map(([, name]) => name!), test }))

test('every test that the tables name is there', () => {
  const texts = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter(name => /(?:^|\/)go-[^/]*\.test\.ts$/.test(name))
    .map(name => readFileSync(path.join(import.meta.dirname, name), 'utf8').replaceAll("\\'", "'"))
    .join('\n')
  assert.ok(rows.length > 40)
  const lost = rows.filter(row => !texts.includes(row.test)).map(row => row.test)
  assert.deepEqual(lost, [])
})

test('every plugin of the tables is registered, and every registered one is in a table', needsGo, async t => {
  const services = openGuestServices()
  t.after(() => services.close())
  const registered: string[] = []
  for (const name of ['behaviours', 'header-map', 'server-example', 'client-example']) {
    const report = await inspectPlugin(path.join(await fixture(name), `${name}.so.wasm`), services)
    registered.push(...report.symbols.flatMap(({ names }) => names))
  }
  const named = new Set(rows.flatMap(row => row.plugins))
  assert.deepEqual(
    [...named].filter(name => !registered.includes(name)),
    [],
    'named and not there'
  )
  assert.deepEqual(registered.filter(name => !named.has(name) && name !== 'server-example').sort(), [], 'there and not named')
})
