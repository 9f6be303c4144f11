import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { ConfigInput } from '../../../src/config/input.js'
import { createGateway } from '../../../src/gateway.js'
import { KeptLines } from '../../support/open-gateway.js'
import { json, startUpstream } from '../support.js'

async function folderOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-plugins-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  return folder
}

async function start(t: TestContext, plugin: object, more: object = {}, options: object = {}) {
  const log = new KeptLines()
  const config = {
    version: 3,
    plugin,
    endpoints: [{ endpoint: '/x', backend: [{ host: ['http://127.0.0.1:9999'], url_pattern: '/y' }] }],
    ...more
  }
  const gateway = await createGateway(config as unknown as ConfigInput, { logOutput: log, env: {}, ...options })
  t.after(() => gateway.close())
  await log.line(/Building the http handler/)
  return { gateway, log }
}

const texts = (log: KeptLines): string[] => log.lines.map(line => line.replace(/^\S+ \S+ SLUICE /, ''))

const handler = (name: string): string =>
  `export const HandlerRegisterer = { registerLogger (l) { l.debug('[PLUGIN: ${name}] Logger loaded') },
     registerHandlers (register) { register('${name}', (_c, _e, next) => request => next(request)) } }`

describe('plugin folder', () => {
  test('warns of a folder, a file or a target of a link that every user may write', {
    skip: process.platform === 'win32'
  }, async t => {
    const opened = async (log: KeptLines): Promise<string[]> => {
      const lines = log.lines.filter(line => line.includes('may be written by every user'))
      assert.ok(lines.every(line => line.includes('WARNING: [SERVICE: Plugin Loader]')))
      return lines.map(line => /Loader\] (\S+)/.exec(line)![1]!).sort()
    }
    const folder = await realpath(await folderOf(t, { 'a.mjs': handler('a'), 'b.mjs': handler('b'), 'ignored.txt': '' }))
    await chmod(path.join(folder, 'ignored.txt'), 0o666)
    assert.deepEqual(await opened((await start(t, { folder, pattern: '.mjs' })).log), [])
    await chmod(path.join(folder, 'a.mjs'), 0o666)
    assert.deepEqual(await opened((await start(t, { folder, pattern: '.mjs' })).log), [path.join(folder, 'a.mjs')])
    await chmod(folder, 0o1777)
    assert.deepEqual(await opened((await start(t, { folder, pattern: 'b.mjs' })).log), [folder])

    const elsewhere = await realpath(await folderOf(t, { 'c.mjs': handler('c') }))
    const links = await realpath(await folderOf(t, {}))
    await symlink(path.join(elsewhere, 'c.mjs'), path.join(links, 'c.mjs'))
    await chmod(elsewhere, 0o777)
    assert.deepEqual(await opened((await start(t, { folder: links, pattern: '.mjs' })).log), [elsewhere])
    await chmod(path.join(elsewhere, 'c.mjs'), 0o666)
    const both = [elsewhere, path.join(elsewhere, 'c.mjs')]
    assert.deepEqual(await opened((await start(t, { folder: links, pattern: '.mjs' })).log), both)

    const lobby = await realpath(await folderOf(t, {}))
    await symlink(folder, path.join(lobby, 'plugins'))
    await chmod(folder, 0o755)
    await chmod(lobby, 0o777)
    assert.deepEqual(await opened((await start(t, { folder: path.join(lobby, 'plugins'), pattern: 'b.mjs' })).log), [lobby])

    const above = await realpath(await folderOf(t, {}))
    await mkdir(path.join(above, 'plugins'))
    await writeFile(path.join(above, 'plugins', 'd.mjs'), handler('d'))
    await chmod(above, 0o777)
    assert.deepEqual(await opened((await start(t, { folder: path.join(above, 'plugins'), pattern: '.mjs' })).log), [above])
  })

  test('logs each pass as KrakenD does, lines of plugins before the missing symbols', async t => {
    const folder = await folderOf(t, { 'b.mjs': handler('b'), 'a.mjs': handler('a'), 'notes.txt.mjs.md': 'x' })
    const { log } = await start(t, { folder, pattern: '.mjs' })
    const a = path.join(folder, 'a.mjs')
    const b = path.join(folder, 'b.mjs')
    const all = texts(log)
    const begun = all.findIndex(line => line.includes('Starting loading'))
    assert.deepEqual(all.slice(begun, all.findIndex(line => line.includes('process completed')) + 1), [
      'DEBUG: [SERVICE: Plugin Loader] Starting loading process',
      `DEBUG: [SERVICE: Executor Plugin] plugin #0 (${a}): plugin: symbol ClientRegisterer not found in plugin a`,
      `DEBUG: [SERVICE: Executor Plugin] plugin #1 (${b}): plugin: symbol ClientRegisterer not found in plugin b`,
      'DEBUG: [PLUGIN: a] Logger loaded',
      'DEBUG: [PLUGIN: b] Logger loaded',
      'INFO: [SERVICE: Handler Plugin] Total plugins loaded: 2',
      `DEBUG: [SERVICE: Modifier Plugin] plugin #0 (${a}): plugin: symbol ModifierRegisterer not found in plugin a`,
      `DEBUG: [SERVICE: Modifier Plugin] plugin #1 (${b}): plugin: symbol ModifierRegisterer not found in plugin b`,
      'DEBUG: [SERVICE: Plugin Loader] Loading process completed'
    ])
  })

  test('takes CommonJS and default exports, leaves folders and declarations alone', async t => {
    const folder = await folderOf(t, {
      'a.cjs': `module.exports = { HandlerRegisterer: { registerHandlers (register) { register('a', (c, e, next) => r => next(r)) } } }`,
      'b.mjs': `export default { HandlerRegisterer: { registerHandlers (register) { register('b', (c, e, next) => r => next(r)) } } }`,
      'c.d.ts': 'export {}'
    })
    await mkdir(path.join(folder, 'd.mjs'))
    const { log } = await start(t, { folder, pattern: '' }, { extra_config: { 'plugin/http-server': { name: ['a', 'b'] } } })
    assert.match(log.text, /\[SERVICE: Handler Plugin\] Total plugins loaded: 2/)
    assert.match(log.text, /DEBUG: \[PLUGIN: Server\] Injecting plugin a\n.*DEBUG: \[PLUGIN: Server\] Injecting plugin b/)
  })

  test('`sluice/plugin` is the gateway own instance wherever the file stands', async t => {
    const up = await startUpstream(t, json({}))
    const folder = await folderOf(t, {
      'own.mjs': `import { GatewayResponse, optionsOf } from 'sluice/plugin'
        export const HandlerRegisterer = { registerHandlers (register) { register('own', (c, extra) => {
          const { text } = optionsOf(extra, 'own')
          return () => GatewayResponse.text(text)
        }) } }`
    })
    const { gateway } = await start(
      t,
      { folder, pattern: '.mjs' },
      { host: [up.host], extra_config: { 'plugin/http-server': { name: 'own', own: { text: 'mine' } } } }
    )
    const answer = await gateway.request({ path: '/anything' })
    assert.equal(answer.status, 200)
    assert.equal(answer.text(), 'mine')
  })

  test('`sluice/plugin/testing` is found there too', async t => {
    const folder = await folderOf(t, {
      'kit.mjs': `import { testPlugin } from 'sluice/plugin/testing'
        export const HandlerRegisterer = { registerHandlers (register) { register(testPlugin.name, (c, e, next) => next) } }`
    })
    const { log } = await start(
      t,
      { folder, pattern: '.mjs' },
      { extra_config: { 'plugin/http-server': { name: 'testPlugin' } } }
    )
    assert.match(log.text, /Injecting plugin testPlugin/)
  })

  test('TypeScript plugins load where Node can load them', async t => {
    const folder = await folderOf(t, {
      'typed.mts': `import type { HandlerPlugin } from 'sluice/plugin'
        export const HandlerRegisterer: HandlerPlugin = { registerHandlers (register) { register('typed', (_c, _e, next) => request => next(request)) } }`
    })
    const { log } = await start(t, { folder, pattern: '.mts' })
    assert.match(log.text, /\[SERVICE: Handler Plugin\] Total plugins loaded: 1/)
  })

  const faults: [string, Record<string, string>, RegExp][] = [
    ['a Go plugin', { 'a.so': 'ELF' }, /a\.so: this is a Go plugin of KrakenD.*docs\/plugins\.md/],
    [
      'a module without any symbol',
      { 'a.mjs': 'export const x = 1' },
      /a\.mjs: the module exports none of ClientRegisterer, HandlerRegisterer/
    ],
    ['a module that does not parse', { 'a.mjs': 'export const' }, /a\.mjs: SyntaxError/],
    ['a module that throws', { 'a.mjs': 'throw new Error("at import")' }, /a\.mjs: Error: at import/],
    [
      'another interface version',
      { 'a.mjs': `export const apiVersion = 2\n${handler('a')}` },
      /a\.mjs: the plugin is made for version 2 .* has version 1/
    ],
    [
      'a symbol of the wrong type',
      { 'a.mjs': 'export const ClientRegisterer = 7' },
      /http-request-executor plugin loader: unknown type/
    ],
    [
      'a name that is registered twice',
      { 'a.mjs': handler('n'), 'b.mjs': handler('n') },
      /b\.mjs: plugin 'n': the name is registered twice.*a\.mjs/
    ],
    [
      'a registration without a factory',
      { 'a.mjs': `export const HandlerRegisterer = { registerHandlers (register) { register('n') } }` },
      /factory is not a function/
    ],
    [
      'a registration without a name',
      { 'a.mjs': `export const HandlerRegisterer = { registerHandlers (register) { register('', () => {}) } }` },
      /without a name/
    ],
    [
      'a promise that does not exist',
      {
        'a.mjs': `export const HandlerRegisterer = { registerHandlers (register) { register('n', () => {}, { needs: 'all' }) } }`
      },
      /needs is 'head', 'stream'/
    ],
    [
      'a symbol that throws',
      { 'a.mjs': `export const HandlerRegisterer = { registerHandlers () { throw new Error('inside') } }` },
      /a\.mjs: inside/
    ]
  ]
  for (const [what, files, pattern] of faults) {
    test(`${what} stops the start, or is an ERROR line with on_error`, async t => {
      const folder = await folderOf(t, files)
      await assert.rejects(start(t, { folder, pattern: '.' }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SLUICE_ERR_CONFIG_INVALID')
        assert.match(error.message, pattern)
        return true
      })
      const { log } = await start(t, { folder, pattern: '.', on_error: 'skip' })
      assert.match(log.lines.find(line => line.includes('ERROR: [SERVICE: Plugin Loader]')) ?? '', pattern)
      await start(t, { folder, pattern: '.' }, {}, { tolerant: true })
    })
  }

  test('a folder that cannot be read stops the start where a plugin is named, else it is a warning', async t => {
    const folder = { folder: '/nowhere/at/all', pattern: '.mjs' }
    await assert.rejects(
      start(t, folder, { extra_config: { 'plugin/http-server': { name: ['a'] } } }),
      /\/plugin\/folder: the plugin folder \/nowhere\/at\/all cannot be read: no such file[\s\S]*No plugin registered as a/
    )
    const { gateway, log: warned } = await start(t, folder)
    assert.match(warned.text, /WARNING: \[SERVICE: Plugin Loader\] the plugin folder/)
    assert.deepEqual(
      gateway.config.problems.map(problem => [problem.level, problem.pointer]),
      [['warning', '/plugin/folder']]
    )
    const { log } = await start(t, { folder: '/nowhere/at/all', pattern: '.mjs', on_error: 'skip' })
    assert.match(log.text, /\[SERVICE: Executor Plugin\] open \/nowhere\/at\/all: no such file or directory/)
  })
})
