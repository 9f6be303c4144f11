/** Plugins that a configuration names as packages. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ConfigError, type ConfigProblem } from '../../../src/errors.js'
import { createGateway } from '../../../src/gateway.js'
import { importFault } from '../../../src/plugin/load/import-plugin.js'
import { findPackage, isPath } from '../../../src/plugin/load/packages.js'
import type { Gateway } from '../../../src/running-gateway.js'
import { KeptLines } from '../../support/open-gateway.js'
import { guest, host } from '../wasm/guest.js'

/** A plugin that adds its name to `X-By`; `exports` is the form of its symbol. */
const adds = (name: string, form: 'esm' | 'cjs' = 'esm'): string => {
  const symbol = `{ registerHandlers (register) { register('${name}', (_c, _e, next) => async request => {
    const response = await next(request)
    response.headers.append('X-By', '${name}')
    return response
  }) } }`
  return form === 'esm' ? `export const HandlerRegisterer = ${symbol}\n` : `exports.HandlerRegisterer = ${symbol}\n`
}

/** Writes files below a folder that goes with the test; objects are written as JSON. */
async function filesIn(t: TestContext, files: Readonly<Record<string, string | Uint8Array | object>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-packages-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    const raw = typeof content === 'string' || content instanceof Uint8Array
    await writeFile(file, raw ? content : JSON.stringify(content))
  }
  return folder
}

/** Starts a gateway from a file `krakend.json` in `folder`, whose 404 goes through the plugins. */
async function start(
  t: TestContext,
  folder: string,
  plugin: object,
  names: readonly string[]
): Promise<{ gateway: Gateway; log: KeptLines }> {
  const file = path.join(folder, 'krakend.json')
  await writeFile(file, JSON.stringify({ version: 3, plugin, extra_config: { 'plugin/http-server': { name: names } } }))
  const log = new KeptLines()
  const gateway = await createGateway(file, { env: {}, logOutput: log })
  t.after(() => gateway.close())
  return { gateway, log }
}

const by = async (gateway: Gateway): Promise<unknown> => (await gateway.request({ path: '/none' })).headers['x-by']

const PACKAGES = {
  'node_modules/@acme/map/package.json': {
    name: '@acme/map',
    type: 'module',
    exports: { '.': { import: './lib/in.mjs', default: './no.js' }, './more': './lib/more.mjs' }
  },
  'node_modules/@acme/map/lib/in.mjs': adds('map'),
  'node_modules/@acme/map/lib/more.mjs': adds('more'),
  'node_modules/common/package.json': { name: 'common', main: 'lib/main.js' },
  'node_modules/common/lib/main.js': adds('common', 'cjs'),
  'node_modules/required/package.json': { name: 'required', exports: { require: './in.cjs' } },
  'node_modules/required/in.cjs': adds('required', 'cjs'),
  'local/package.json': { name: 'local', type: 'module', exports: './src/local.js' },
  'local/src/local.js': `import { GatewayResponse } from 'sluice/plugin'\nif (!GatewayResponse) throw new Error('no face')\n${adds('local')}`,
  'plain/package.json': { type: 'module', main: 'plain.js' },
  'plain/plain.js': adds('plain'),
  'file.mjs': adds('file'),
  'guests/package.json': { name: 'guests', exports: './guest.wasm' },
  'guests/guest.wasm': guest({ request: [host.add_header_value!(1, 'X-By', 'guest')] })
}

test('packages by name with maps of exports, main, and for require alone; folders and files by path; guests', async t => {
  const folder = await filesIn(t, PACKAGES)
  await symlink(path.join(folder, 'local'), path.join(folder, 'node_modules', 'linked'))
  const modules = [
    '@acme/map',
    '@acme/map/more',
    'common',
    'required',
    './local',
    './plain',
    './file.mjs',
    path.join(folder, 'guests')
  ]
  const names = ['map', 'more', 'common', 'required', 'local', 'plain', 'file', 'guest']
  const { gateway, log } = await start(t, folder, { modules }, names)
  assert.equal(await by(gateway), names.join(', '))
  await log.line(/INFO: \[SERVICE: Handler Plugin\] Total plugins loaded: 8/)
  assert.match(
    log.text,
    /DEBUG: \[SERVICE: Modifier Plugin\] plugin #0 \(@acme\/map\): plugin: symbol ModifierRegisterer not found/
  )
})

test('beside the folder, in one pass', async t => {
  const folder = await filesIn(t, { ...PACKAGES, 'plugins/own.mjs': adds('own') })
  const plugin = { folder: path.join(folder, 'plugins'), pattern: '.mjs', modules: ['@acme/map'] }
  const { gateway, log } = await start(t, folder, plugin, ['own', 'map'])
  assert.equal(await by(gateway), 'own, map')
  await log.line(/Total plugins loaded: 2/)
})

test('an object as configuration: from where the gateway runs', async t => {
  const folder = await filesIn(t, PACKAGES)
  const extra_config = { 'plugin/http-server': { name: ['map'] } }
  const named = { version: 3 as const, plugin: { modules: ['@acme/map'] }, extra_config }
  await assert.rejects(createGateway(named, { env: {} }), /there is no package @acme\/map in/)
  const { gateway } = await start(t, folder, { modules: ['@acme/map'] }, ['map'])
  assert.equal(await by(gateway), 'map')
})

const faults: Record<string, [module: string, message: RegExp, suggestion: RegExp | undefined]> = {
  'a package that is not installed': [
    '@acme/none',
    /^@acme\/none: there is no package @acme\/none in \S+ or above$/,
    /`npm install @acme\/none` in /
  ],
  'a path that is not there': ['./none', /^\.\/none: there is no \S+none$/, /a path is that of a package or a file/],
  'a part that the package does not export': [
    '@acme/map/none',
    /Package subpath '\.\/none' is not defined by "exports"/,
    /"exports" or "main"/
  ],
  'a folder without a plugin': ['./empty', /Cannot find module/, /"exports": "\.\/plugin\.js"/],
  'a module of Node': ['node:fs', /^node:fs: node:fs is no file: node:fs$/, /name a package that is a plugin/],
  'a module without symbols': ['./bare.mjs', /^\.\/bare\.mjs: the module exports none of ClientRegisterer/, undefined],
  'a package whose own dependency is missing': [
    './needs.mjs',
    /^\.\/needs\.mjs: Error: Cannot find package 'nowhere'/,
    undefined
  ],
  'a Go plugin': ['./go.so', /^\.\/go\.so: this is a Go plugin of KrakenD/, undefined]
}

for (const [what, [name, message, suggestion]] of Object.entries(faults)) {
  test(`a fault with its place: ${what}`, async t => {
    const files = {
      ...PACKAGES,
      'bare.mjs': 'export const x = 1',
      'needs.mjs': "import 'nowhere'",
      'go.so': '',
      'empty/readme': ''
    }
    const folder = await filesIn(t, files)
    await assert.rejects(start(t, folder, { modules: ['@acme/map', name] }, ['map']), (error: ConfigError) => {
      const problem = error.problems.find(one => one.level === 'error') as ConfigProblem
      assert.equal(problem.pointer, '/plugin/modules/1')
      assert.equal(problem.line, 1)
      assert.match(problem.message, message)
      assert.match(problem.suggestion ?? '', suggestion ?? /^$/)
      return true
    })
    const { gateway, log } = await start(t, folder, { modules: ['@acme/map', name], on_error: 'skip' }, ['map'])
    assert.equal(await by(gateway), 'map')
    await log.line(/ERROR: \[SERVICE: Plugin Loader\] (?:@acme|node:|\.\/)/)
  })
}

test('TypeScript below node_modules is refused with what to do, where Node strips types', {
  skip: !('typescript' in process.features)
}, async t => {
  const folder = await filesIn(t, { 'node_modules/typed/in.ts': 'export const one: number = 1\n' })
  const file = path.join(folder, 'node_modules/typed/in.ts')
  // a process of its own, without what lets the tests run TypeScript
  const program = `import(process.argv[1]).catch(error => console.log(error.code))`
  const { stdout } = spawnSync(process.execPath, ['-e', program, pathToFileURL(file).href], { encoding: 'utf8' })
  assert.match(importFault(Object.assign(new Error(), { code: stdout.trim() }), file), /names a compiled \.js file/)
})

test('a name registered twice is a fault of the second module', async t => {
  const folder = await filesIn(t, { 'a.mjs': adds('same'), 'b.mjs': adds('same') })
  await assert.rejects(start(t, folder, { modules: ['./a.mjs', './b.mjs'] }, ['same']), (error: ConfigError) => {
    assert.match(
      error.message,
      /\/plugin\/modules\/1: \.\/b\.mjs: plugin 'same': the name is registered twice as a handler plugin, first by \.\/a\.mjs/
    )
    return error instanceof ConfigError
  })
})

test('what counts as a path', () => {
  for (const name of ['.', '..', './a', '../a', '/a']) assert.equal(isPath(name), true, name)
  for (const name of ['a', '@a/b', 'a/b', '.a', '...']) assert.equal(isPath(name), false, name)
})

test('looks above the folder of the configuration too', async t => {
  const folder = await filesIn(t, { ...PACKAGES, 'below/krakend.json': '{}' })
  assert.deepEqual(await findPackage('@acme/map', path.join(folder, 'below')), {
    file: path.join(folder, 'node_modules/@acme/map/lib/in.mjs')
  })
})
