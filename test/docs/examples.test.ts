/** Runs the examples of the documents. Scripts say what they print in `// → text`. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseArguments } from '../../src/cli/arguments.js'
import { findCommand } from '../../src/cli/commands.js'
import { readConfigObject } from '../../src/config/load.js'
import { ConfigError, createGateway } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { once } from '../support/waiting.js'
import { type Block, blocksOf, PAGES } from './pages.js'

const blocks = PAGES.flatMap(blocksOf)
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-docs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const FACES: Readonly<Record<string, string>> = {
  sluice: new URL('../../src/index.ts', import.meta.url).href,
  'sluice/plugin': new URL('../../src/plugin/index.ts', import.meta.url).href,
  'sluice/plugin/testing': new URL('../../src/plugin/testing/index.ts', import.meta.url).href
}

for (const [i, block] of blocks.filter(one => one.mark === 'run').entries()) {
  test(`the script at ${block.place} prints what it says`, async () => {
    const file = path.join(folder, `script-${i}.mts`)
    writeFileSync(
      file,
      block.text.replace(/from '(sluice(?:\/plugin(?:\/testing)?)?)'/g, (_, name: string) => `from '${FACES[name]}'`)
    )
    const expected = [...block.text.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line!)
    assert.ok(expected.length > 0, 'a script says what it prints')
    assert.deepEqual((await outputOf(file)).trimEnd().split('\n'), expected)
  })
}

async function outputOf(file: string): Promise<string> {
  const tsx = fileURLToPath(import.meta.resolve('tsx'))
  const child = spawn(process.execPath, ['--conditions=sluice-source', '--import', `file://${tsx}`, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' }
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0)
  return text
}

const configurations = blocks.filter(one => one.language === 'json' && one.mark === '')

for (const block of configurations.filter(one => !/"(?:folder|modules|tls)"/.test(one.text))) {
  test(`the configuration at ${block.place} starts`, async () => {
    const gateway = await createGateway(JSON.parse(block.text), { env: {}, logger: silentLogger })
    await gateway.close()
    assert.deepEqual(gateway.config.problems, [])
  })
}

for (const block of configurations.filter(one => one.text.includes('"tls"'))) {
  test(`the configuration at ${block.place} is understood`, async () => {
    const { config } = readConfigObject(JSON.parse(block.text), { env: {}, namespaces: [] })
    assert.deepEqual(config?.problems, [])
    assert.notEqual(config?.server.tls, undefined)
  })
}

test('the faults in docs/configuration.md are told as it says', async () => {
  const [file, told] = blocks.filter(one => one.mark === 'example=faults') as [Block, Block]
  writeFileSync(path.join(folder, 'krakend.json'), file.text)
  await assert.rejects(createGateway(path.join(folder, 'krakend.json'), { env: {}, logger: silentLogger }), error => {
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(error.message.replaceAll(`${folder}${path.sep}`, '').split('\n'), told.text.split('\n'))
    return true
  })
})

test('the plugins of docs/plugins.md do what it says', async () => {
  const plugins = path.join(folder, 'plugins')
  mkdirSync(plugins)
  const files = blocks.filter(one => one.mark.startsWith('file='))
  for (const file of files) writeFileSync(path.join(plugins, file.mark.slice('file='.length)), file.text)
  writeFileSync(path.join(plugins, 'package.json'), '{"type":"module"}')
  const block = blocks.find(one => one.mark === 'example=plugins') as Block
  const config = JSON.parse(block.text)
  config.plugin.folder = `${plugins}/`
  config.extra_config.router = { disable_access_log: true }
  const gateway = await createGateway(config, { env: {}, logger: silentLogger })
  try {
    const hello = await gateway.request({ path: '/hijack-me' })
    assert.deepEqual([hello.status, hello.text()], [200, 'Hello, "/hijack-me"'])
    const message = await gateway.request({ path: '/debug/hijack-me' })
    assert.deepEqual([message.status, message.json()], [200, { message: '/__DEBUG/HIJACK-ME' }])
  } finally {
    await gateway.close()
  }
})

test('command lines in documents are understood', () => {
  const lines = blocks
    .filter(one => one.language === 'sh')
    .flatMap(one => one.text.split('\n').map(line => [one.place, line] as const))
  let seen = 0
  for (const [place, line] of lines) {
    const words = line.replace(/^npx /, '').match(/'[^']*'|\S+/g) ?? []
    const [, name, ...rest] = words.map(word => word.replace(/^'(.*)'$/, '$1'))
    if (!/^(npx )?sluice /.test(line)) continue
    seen++
    const command = findCommand(name!)
    assert.ok(command !== undefined, `${place}: ${line}`)
    parseArguments(command, rest)
  }
  assert.ok(seen >= 3)
})
