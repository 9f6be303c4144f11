import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { drop, guest, host, low, store, trap } from '../plugin/wasm/guest.js'
import { fetch, LIMIT_MS } from '../support/waiting.js'
import { CLI, Watched } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const NODE = ['--conditions=sluice-source', '--import', TSX]

let folder = ''

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sluice-plugins-'))
  await mkdir(path.join(folder, 'node_modules'))
  await symlink(ROOT, path.join(folder, 'node_modules', 'sluice'))
})

after(() => rm(folder, { recursive: true }))

function sluice(...args: string[]): { status: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [...NODE, path.join(ROOT, 'src/cli.ts'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: LIMIT_MS
  })
  return { status: done.status, out: done.stdout, err: done.stderr }
}

/** What `npm install` and `npm test` do in a new plugin's folder, without a registry. */
async function testNew(name: string, typescript: boolean): Promise<{ status: number | null; text: string }> {
  const cwd = path.join(folder, name)
  const { devDependencies, scripts } = JSON.parse(await readFile(path.join(cwd, 'package.json'), 'utf8'))
  assert.equal(await realpath(path.resolve(cwd, devDependencies.sluice.replace('file:', ''))), await realpath(ROOT))
  await mkdir(path.join(cwd, 'node_modules'))
  const linked = typescript ? ['sluice', '@types', 'typescript'] : ['sluice']
  for (const one of linked) {
    const target = one === 'sluice' ? ROOT : path.join(ROOT, 'node_modules', one)
    await symlink(target, path.join(cwd, 'node_modules', one))
  }
  const script: string = scripts.test.replace('tsc &&', 'node node_modules/typescript/bin/tsc &&')
  // with NODE_TEST_CONTEXT, even empty, `--test` runs nothing and ends with 0
  const { NODE_TEST_CONTEXT: _, ...outer } = process.env
  const { status, stdout, stderr } = spawnSync(typescript ? script : script.replace('node', `node ${NODE.join(' ')}`), {
    cwd,
    shell: true,
    encoding: 'utf8',
    timeout: 2 * LIMIT_MS,
    env: outer
  })
  return { status, text: stdout + stderr }
}

// TypeScript needs the built declarations, which `npm ci` makes.
const BUILT = existsSync(path.join(ROOT, 'dist/plugin/index.d.ts'))

for (const kind of ['handler', 'client', 'modifier']) {
  for (const extension of ['js', 'ts']) {
    const typescript = extension === 'ts'
    const skip = typescript && !BUILT
    test(`plugin new makes a ${kind} in ${extension} whose test passes and which loads`, { skip }, async () => {
      const name = `my-${kind}-${extension}`
      const made = sluice('plugin', 'new', name, '--kind', kind, ...(typescript ? ['--ts'] : []))
      assert.equal(made.status, 0, made.err)
      assert.match(made.out, new RegExp(`created ${name}.${name}\\.test\\.${extension}`))
      const tested = await testNew(name, typescript)
      assert.equal(tested.status, 0, tested.text)
      assert.match(tested.text, /^(?:#|ℹ) pass [1-9]/m)
      const word = { handler: 'SERVER', client: 'CLIENT', modifier: 'MODIFIER' }[kind]
      const loaded = sluice('test-plugin', `${name}/${typescript ? 'dist/' : ''}${name}.js`)
      assert.equal(loaded.status, 0, loaded.err)
      assert.match(loaded.out, new RegExp(`\\[OK\\] ${word}\t.*: ${name}\\n\\[OK\\] 1 tested plugin\\(s\\) in `))
      const packed = sluice('check-plugin', `./${name}`)
      assert.equal(packed.status, 0, packed.err)
    })
  }
}

test('says what to do with TypeScript that this Node cannot load', {
  skip: !BUILT || 'typescript' in process.features
}, async () => {
  await writeFile(path.join(folder, 'typed.ts'), 'export const apiVersion: number = 1\n')
  const wanted = new RegExp(
    `this Node \\(${process.version}\\) cannot load TypeScript.*: compile the plugin and name its \\.js file`
  )
  for (const command of ['test-plugin', 'check-plugin']) {
    // without tsx, which could load it
    const args = [path.join(ROOT, 'dist/cli.js'), command, 'typed.ts']
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: LIMIT_MS })
    assert.equal(status, 1)
    assert.match(stderr, wanted)
  }
})

test('an error of a compiled plugin names the line of its source', async t => {
  // line 4 of the plugin comes from line 42 of its source
  const map = { version: 3, sources: ['typed.ts'], names: [], mappings: ';;;AAyCA' }
  const source = [
    'export const HandlerRegisterer = {',
    '  registerHandlers (register) {',
    "    register('h', () => () => {",
    "      throw new Error('broken at work')",
    '    })',
    '  }',
    '}',
    `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
  ]
  const plugins = path.join(folder, 'mapped')
  await mkdir(plugins)
  await writeFile(path.join(plugins, 'typed.mjs'), `${source.join('\n')}\n`)
  const backend = [{ host: ['http://127.0.0.1:99'], url_pattern: '/' }]
  const extra_config = { 'plugin/http-server': { name: ['h'] } }
  const config = {
    version: 3,
    listen_ip: '127.0.0.1',
    plugin: { folder: plugins, pattern: '.mjs' },
    endpoints: [{ endpoint: '/x', backend, extra_config }]
  }
  await writeFile(path.join(folder, 'mapped.json'), JSON.stringify(config))
  const gateway = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'mapped.json'), '-p', '0'])
  const [, port] = await gateway.until(/Listening on port: (\d+)/)
  assert.equal((await fetch(`http://127.0.0.1:${port}/x`)).status, 500)
  await gateway.until(/broken at work[\s\S]*typed\.ts:42:/)
})

test('plugin new refuses a folder that exists, an unknown kind, a bad name', () => {
  sluice('plugin', 'new', 'twice')
  assert.match(sluice('plugin', 'new', 'twice').err, /twice exists already: choose another name/)
  assert.equal(sluice('plugin', 'new', 'other', '--kind', 'wrapper').status, 2)
  assert.equal(sluice('plugin', 'new', '../out').status, 2)
  assert.equal(sluice('plugin', 'old', 'x').status, 2)
})

test('test-plugin says what is missing and fails', async () => {
  await writeFile(path.join(folder, 'empty.mjs'), 'export const nothing = 1\n')
  await writeFile(path.join(folder, 'throws.mjs'), 'throw new Error("broken at import")\n')
  await writeFile(path.join(folder, 'lib.so'), '')
  const none = sluice('test-plugin', 'nope.js', 'empty.mjs', 'throws.mjs', 'lib.so')
  assert.equal(none.status, 1)
  assert.match(none.err, /\[KO\] Unable to open the plugin nope\.js\./)
  assert.match(none.err, /\[KO\] empty\.mjs: The plugin contains none of/)
  assert.match(none.err, /\[KO\] throws\.mjs: Error: broken at import/)
  assert.match(none.err, /\[KO\] lib\.so: This is a Go plugin/)
  assert.match(none.err, /\[KO\] 4 tested plugin\(s\) in .*\n4 plugin\(s\) failed\./)
  await writeFile(
    path.join(folder, 'server.mjs'),
    'export const HandlerRegisterer = { registerHandlers (register) { register("s", (c, e, next) => next) } }\n'
  )
  const wrong = sluice('test-plugin', '-m', 'server.mjs')
  assert.equal(wrong.status, 1)
  assert.match(wrong.err, /\[KO\] MODIFIER\tserver\.mjs: The plugin does not contain a ModifierRegisterer\./)
  assert.equal(sluice('test-plugin', '-s', 'server.mjs').status, 0)
  assert.equal(sluice('test-plugin').status, 2)
})

test('test-plugin --aborts runs each name in a gateway and breaks its exchanges off', async () => {
  const source = (work: string): string =>
    `export const HandlerRegisterer = { registerHandlers (register) { register("h", (context, extra, next) => ${work}) } }\n`
  await writeFile(
    path.join(folder, 'fine.mjs'),
    source('request => { if (!extra.h.on) throw new Error("off"); return next(request) }')
  )
  await writeFile(path.join(folder, 'hangs.mjs'), source('request => next(request).catch(() => new Promise(() => {}))'))
  await writeFile(path.join(folder, 'options.json'), '{"h":{"on":true}}')
  const fine = sluice('test-plugin', '--aborts', '--options', 'options.json', 'fine.mjs')
  assert.equal(fine.status, 0, fine.err)
  assert.match(fine.out, /\[OK\] SERVER\tfine\.mjs: h\n\[OK\] ABORTS\tfine\.mjs: h \(handler\)\n\[OK\] 1 tested/)
  const hangs = sluice('test-plugin', '--aborts', 'hangs.mjs')
  assert.equal(hangs.status, 1)
  assert.match(hangs.err, /\[KO\] ABORTS\thangs\.mjs: h \(handler\): GET \/, broken off at 'client-leaves-waiting'/)
  assert.equal(sluice('test-plugin', '--aborts', '--options', 'nope.json', 'fine.mjs').status, 2)
  await writeFile(path.join(folder, 'needs.mjs'), source('{ if (!extra.h) throw new Error("no options"); return next }'))
  assert.match(sluice('test-plugin', '--aborts', 'needs.mjs').err, /no options.* \(give options by --options FILE: \{"h": /)
})

test('check-plugin tells names and interface version, and refuses another major', async () => {
  const source = 'export const ClientRegisterer = { registerClients (register) { register("c", (c, e, next) => next) } }\n'
  await writeFile(path.join(folder, 'one.mjs'), `export const apiVersion = 1\n${source}`)
  await writeFile(path.join(folder, 'two.mjs'), `export const apiVersion = 2\n${source}`)
  const good = sluice('check-plugin', 'one.mjs')
  assert.equal(good.status, 0, good.err)
  assert.match(good.out, /interface version: 1\n\tClientRegisterer: c\nNo incompatibilities found!/)
  const bad = sluice('check-plugin', 'one.mjs', 'two.mjs')
  assert.equal(bad.status, 1)
  assert.match(bad.err, /made for version 2 of the plugin interface, this gateway has version 1\n1 incompatible plugin/)
})

test('check-plugin and test-plugin take guests of http-wasm, with aborts', async () => {
  const reads = guest({
    start: [drop(host.enable_features!(3))],
    request: [store(0, low(host.read_body!(0, 100, 1000)))],
    response: [store(0, low(host.read_body!(1, 100, 1000))), host.set_header_value!(1, 'x-guest', '1')]
  })
  await writeFile(path.join(folder, 'reads.wasm'), reads)
  await writeFile(path.join(folder, 'broken.wasm'), guest({ start: [trap] }))
  await writeFile(path.join(folder, 'text.wasm'), 'text')
  const checked = sluice('check-plugin', 'reads.wasm')
  assert.equal(checked.status, 0, checked.err)
  assert.match(
    checked.out,
    /http-wasm guest \(http_handler 1\), 64 KiB of memory at the start; bodies that it may read are held in memory/
  )
  assert.match(checked.out, /HandlerRegisterer: reads/)
  const refused = sluice('check-plugin', 'text.wasm')
  assert.deepEqual([refused.status, /this is no WebAssembly module/.test(refused.err)], [1, true], refused.err)
  const tested = sluice('test-plugin', '-s', '--aborts', 'reads.wasm')
  assert.equal(tested.status, 0, tested.err)
  assert.match(tested.out, /\[OK\] ABORTS\treads\.wasm: reads \(handler\)/)
  const broken = sluice('test-plugin', '-s', '--aborts', 'broken.wasm')
  assert.equal(broken.status, 1)
  assert.match(broken.err, /plugin 'broken'.*unreachable/)
})

test('check-plugin takes a package by its name, and says how to install one that is not there', async () => {
  const root = path.join(folder, 'node_modules', '@acme', 'named')
  await mkdir(root, { recursive: true })
  await writeFile(path.join(root, 'package.json'), JSON.stringify({ name: '@acme/named', type: 'module', exports: './main.js' }))
  const source = "export const HandlerRegisterer = { registerHandlers (register) { register('named', (c, e, next) => next) } }\n"
  await writeFile(path.join(root, 'main.js'), source)
  const found = sluice('check-plugin', '@acme/named')
  assert.equal(found.status, 0, found.err)
  assert.match(found.out, /HandlerRegisterer: named/)
  const lost = sluice('check-plugin', '@acme/not-there')
  assert.equal(lost.status, 1)
  assert.match(lost.err, /Unable to open the plugin @acme\/not-there: there is no package .*npm install @acme\/not-there/)
})
