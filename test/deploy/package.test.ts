/** The package as npm would publish it: what it holds, and that it works in an empty folder. */

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.js'
import { fetch, once, until } from '../support/waiting.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 })
}

function packed(...args: string[]): Packed {
  return (JSON.parse(npm(ROOT, 'pack', '--json', '--ignore-scripts', ...args)) as [Packed])[0]
}

test('the package holds what its users need, and nothing else', () => {
  const { files } = packed('--dry-run')
  const paths = files.map(({ path }) => path)
  for (const needed of [
    'dist/cli.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/plugin/index.d.ts',
    'dist/plugin/testing/index.d.ts'
  ])
    assert.ok(paths.includes(needed), needed)
  for (const needed of ['README.md', 'LICENSE', 'CHANGELOG.md', 'schema/sluice.schema.json', 'fixtures/demo/krakend.json'])
    assert.ok(paths.includes(needed), needed)
  const strange = paths.filter(
    path =>
      !path.startsWith('examples/') && /(^|\/)(node_modules|test|coverage|\.[^/]+)(\/|$)|\.(test\.[jt]s|log|tgz|key)$/.test(path)
  )
  assert.deepEqual(strange, [])
})

test('package.json says what npm shows of a package', () => {
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  for (const key of [
    'name',
    'version',
    'description',
    'license',
    'keywords',
    'engines',
    'bin',
    'exports',
    'types',
    'publishConfig'
  ])
    assert.ok(own[key] !== undefined, key)
  assert.deepEqual(own['publishConfig'], { access: 'public', provenance: true })
  assert.deepEqual(
    Object.keys(own).filter(key => key === 'private'),
    []
  )
})

const NOT_HERE =
  process.env['SLUICE_DELIVERY'] === '1' ? false : 'installing takes a minute: set SLUICE_DELIVERY=1, as .ci/run does'
if (NOT_HERE !== false) console.error(`\n*** the package is not installed: ${NOT_HERE}\n`)

const CONSUMER = `
import { createGateway, type Gateway } from 'sluice'
import { GatewayResponse, type Wrap } from 'sluice/plugin'
import { testPlugin } from 'sluice/plugin/testing'

export const pass: Wrap = next => request => (request.method === 'GET' ? next(request) : Promise.resolve(new GatewayResponse(405)))
export const gateway: Promise<Gateway> = createGateway({ version: 3, endpoints: [] }, { port: 0 })
export const run: typeof testPlugin = testPlugin
`

/** Installs the package in an empty folder; undefined where the registry cannot be reached. */
function install(t: TestContext): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { filename } = packed('--pack-destination', folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  try {
    npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', `./${filename}`)
    return folder
  } catch (error) {
    if (!/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH/.test(String((error as { stderr?: unknown }).stderr)))
      throw error
    console.error('\n*** the package is not installed: the registry of npm cannot be reached\n')
    return undefined
  }
}

test('the installed package: demo, scaffold, types', { skip: NOT_HERE }, async t => {
  const folder = install(t)
  if (folder === undefined) return t.skip('no registry')
  const cli = join(folder, 'node_modules/sluice/dist/cli.js')

  await t.test('the demonstration serves', async t => {
    const port = await freePort()
    const child = spawn(process.execPath, [cli, 'demo', '--port', String(port)], { cwd: folder, stdio: 'ignore' })
    t.after(() => void child.kill('SIGKILL'))
    await until(
      () =>
        fetch(`http://127.0.0.1:${port}/__health`).then(
          response => response.status === 200,
          () => child.exitCode !== null && assert.fail('the demonstration has ended')
        ),
      'the demonstration serves'
    )
    const gone = once<[number | null]>(child, 'exit')
    child.kill('SIGTERM')
    assert.equal((await gone)[0], 0)
  })

  await t.test('a new plugin passes its own tests', () => {
    execFileSync(process.execPath, [cli, 'plugin', 'new', 'my-plugin'], { cwd: folder, stdio: 'ignore' })
    // the package that is tried, in place of the one in the registry
    execFileSync(process.execPath, ['--test'], { cwd: join(folder, 'my-plugin'), stdio: 'pipe' })
  })

  await t.test('a strict TypeScript program sees all types', () => {
    writeFileSync(join(folder, 'consumer.ts'), CONSUMER)
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      'false',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node'
    ]
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout, status } = spawnSync(process.execPath, [compiler, ...options, 'consumer.ts'], {
      cwd: folder,
      encoding: 'utf8'
    })
    assert.equal(status, 0, stdout)
  })
})
