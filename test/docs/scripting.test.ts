/** What docs/scripting.md and docs/martian.md show: files, a gateway's responses, commands, limits. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../plugins/modifier/lua/engine/default-limits.js'
import { type ConfigInput, createGateway } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { CLI, Watched } from '../cli/command.js'
import { parseCurl, runCurl } from '../examples/curl.js'
import { blocksOf, readPage } from './pages.js'

const SCRIPTING = 'docs/scripting.md'
const MARTIAN = 'docs/martian.md'

/** The first block of a language that no mark sets apart. */
const blockOf = (page: string, language: string): string => {
  const found = blocksOf(page).find(one => one.language === language && one.mark === '')
  assert.ok(found !== undefined, `${page} has a block of ${language}`)
  return found.text
}

test('the files that the pages show are those of the repository', () => {
  assert.equal(blockOf(SCRIPTING, 'json'), readPage('fixtures/scripting/hello.json').trimEnd())
  assert.equal(blockOf(SCRIPTING, 'lua'), readPage('fixtures/scripting/hello.lua').trimEnd())
  assert.ok(blocksOf(SCRIPTING).some(one => one.text === readPage('fixtures/scripting/pieces.lua').trimEnd()))
  assert.equal(blockOf(MARTIAN, 'json'), readPage('examples/martian/krakend.json').trimEnd())
})

test('the first example responds as the page says, and refuses who has no tenant', async t => {
  const config = JSON.parse(blockOf(SCRIPTING, 'json')) as ConfigInput & object
  const gateway = await createGateway(
    { ...config, timeout: '60s', listen_ip: '127.0.0.1' },
    { port: 0, env: {}, logger: silentLogger }
  )
  t.after(() => gateway.close({ graceMs: 1 }))
  const { port } = await gateway.listen()
  const blocks = blocksOf(SCRIPTING)
  const asked = parseCurl(blocks.find(one => one.text.startsWith('curl '))!.text)
  const shown = blocks.find(one => one.mark === 'output')!.text
  assert.deepEqual(JSON.parse(await runCurl(asked, `http://127.0.0.1:${port}`)), JSON.parse(shown))
  assert.equal((await gateway.request(asked.url.pathname)).status, 403)
})

/** Times differ from run to run. */
const timeless = (text: string): string => text.trimEnd().replace(/\d+\.\d ms/g, 'N ms')

for (const { place, text } of [SCRIPTING, MARTIAN].flatMap(blocksOf).filter(one => one.language === 'console')) {
  test(`the command at ${place} prints what it says`, async t => {
    const [line = '', ...shown] = text.split('\n')
    const words = (line.match(/'[^']*'|\S+/g) ?? []).map(word => word.replace(/^'(.*)'$/, '$1'))
    assert.deepEqual(words.slice(0, 3), ['$', 'npx', 'sluice'])
    const command = new Watched(t, [...CLI, ...words.slice(3)])
    assert.equal((await command.exited)[0], 0, command.text)
    assert.equal(timeless(command.text), timeless(shown.join('\n')))
  })
}

test('limits have the defaults that the page names', () => {
  const { cpuMs, fuel, memoryBytes, depth } = DEFAULT_LIMITS
  const row = (name: string): string => readPage(SCRIPTING).match(new RegExp(`^\\| \`${name}\` \\|.*$`, 'm'))?.[0] ?? ''
  assert.ok(row('time').includes(`| \`${cpuMs}ms\` |`))
  assert.ok(row('steps').includes(`| ${fuel} |`))
  assert.ok(row('memory_bytes').includes(`| ${memoryBytes} |`))
  assert.ok(row('depth').includes(`| ${depth} |`))
})
