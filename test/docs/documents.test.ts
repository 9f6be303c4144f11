import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readConfigObject } from '../../src/config/load.js'
import { ERRORS } from '../../src/errors.js'
import { SLUICE_VERSION } from '../../src/identity.js'
import { readSpec } from '../support/specs.js'
import { anchorsOf, PAGES, ROOT, readPage } from './pages.js'
import { splitPage, TABLES } from './tables.js'

const HOW = 'run: node --conditions=sluice-source --import tsx test/docs/tables.ts'

for (const { name, page, make } of TABLES) {
  test(`the table of ${name} in ${page} is the code's`, async () => {
    assert.equal(splitPage(page, name)[1], await make(), HOW)
  })
}

test('codes that documents name exist', () => {
  for (const page of PAGES) {
    for (const [code] of readPage(page).matchAll(/SLUICE_ERR_[A-Z_]*[A-Z]/g))
      assert.ok(Object.hasOwn(ERRORS, code), `${page}: ${code}`)
  }
})

test('the version is that of the package, and the newest in the changelog', () => {
  const { version } = JSON.parse(readPage('package.json')) as { version: string }
  assert.equal(SLUICE_VERSION, version)
  assert.equal(/^## (\S+)/m.exec(readPage('CHANGELOG.md'))?.[1], version)
})

test('every reason of a recorded case is a section of docs/differences.md', () => {
  const anchors = anchorsOf('docs/differences.md')
  const cases = Object.entries(readSpec<Record<string, string>>('differences.json'))
  const invalid = Object.entries(readSpec<Record<string, { reason: string }>>('invalid/differences.json'))
  const reasons = [...cases, ...invalid.map(([name, { reason }]) => [name, reason] as const)]
  assert.deepEqual(
    reasons.filter(([, reason]) => !anchors.has(reason)),
    []
  )
})

test('links between documents lead somewhere', () => {
  const broken: string[] = []
  for (const page of PAGES) {
    for (const [, link] of readPage(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link!)) continue
      const [file = '', anchor] = link!.split('#')
      const target = file === '' ? page : path.join(path.dirname(page), file)
      if (!existsSync(path.join(ROOT, target))) broken.push(`${page}: ${link}`)
      else if (anchor !== undefined && !anchorsOf(target).has(anchor)) broken.push(`${page}: ${link}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('files that documents of the code name exist', () => {
  for (const page of ['SECURITY.md', 'CONTRIBUTING.md', 'src/README.md']) {
    for (const [, name] of readPage(page).matchAll(/`((?:test|fixtures|src|bench|docs|plugins)\/[^`*<>…{\s]+)`/g)) {
      if (!/\/[ab]\//.test(name!)) assert.ok(existsSync(path.join(ROOT, name!)), `${page}: ${name}`)
    }
  }
})

test('npm scripts that documents name exist', () => {
  const { scripts } = JSON.parse(readPage('package.json')) as { scripts: Record<string, string> }
  const named = PAGES.flatMap(page =>
    [...readPage(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => [page, name!] as const)
  )
  assert.deepEqual(
    named.filter(([, name]) => !Object.hasOwn(scripts, name)),
    []
  )
})

test('src/README.md shows every room and every file beside them', () => {
  const text = readPage('src/README.md')
  const missing = readdirSync(path.join(ROOT, 'src'), { withFileTypes: true })
    .map(entry => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter(name => name !== 'README.md' && !text.includes(`\n  ${name} `))
  assert.deepEqual(missing, [])
})

test('options of its own are explained wherever they are listed', () => {
  const listed = [...readPage('docs/compatibility.md').matchAll(/^\| `([a-z_]+)` \| /gm)].map(([, key]) => key!)
  assert.ok(listed.length > 10)
  const explained = readPage('docs/configuration.md')
  for (const key of listed) assert.match(explained, new RegExp(`\\*\\*\`[a-z/._]*${key}\``), key)
})

test('functions that docs/architecture.md names stand in the files that it names', () => {
  const page = 'docs/architecture.md'
  const named = [...readPage(page).matchAll(/`(src\/[\w/.-]+\.ts)`(?:\s+`(\w+)`)?/g)]
  assert.ok(named.length > 50)
  const wrong = named
    .filter(([, file, name]) => {
      const target = path.join(ROOT, file!)
      return !existsSync(target) || (name !== undefined && !new RegExp(`\\b${name}\\b`).test(readFileSync(target, 'utf8')))
    })
    .map(([text]) => text)
  assert.deepEqual(wrong, [])
})

/** The column `×` of Sluice in a table of bench/PEERS.md. */
function ratioIn(report: string, table: string): string {
  const row = report.slice(report.indexOf(`### ${table}\n`)).match(/^\| Sluice \|[^|]*\|[^|]*\| ([\d.]+) \|/m)
  assert.ok(row !== null, table)
  return row[1]!
}

test('the figures of README.md are those of the reports', () => {
  const readme = readPage('README.md').replace(/\s+/g, ' ')
  const peers = readPage('bench/PEERS.md')
  const [small, middle, large] = ['pass-through 150 B', 'pass-through 16 KB', 'pass-through 1 MiB'].map(name =>
    ratioIn(peers, name)
  )
  assert.ok(
    readme.includes(`${small} of the CPU of a bare Node.js proxy for 150 bytes, ${middle} for 16 KB and ${large} for 1 MiB`)
  )

  const rows = [...readPage('bench/RESULTS.md').matchAll(/^\| (\d+) \| [\d.,]+ \| ([\d.,]+) \| [\d.,]+ \| ([\d.,]+) \|$/gm)]
  const [one, sixteen] = ['1', '16'].map(n =>
    rows
      .find(([, plugins]) => plugins === n)!
      .slice(2)
      .map(text => Number(text.replace(',', '')))
  )
  assert.ok(readme.includes(`cost ${(sixteen![0]! / one![0]!).toFixed(1)} times what one costs`))
  assert.equal(Math.round(sixteen![1]! / sixteen![0]!), 7, 'README.md says seven times')
})

/** A default as documents write it: `"15s"`, `10 MiB`, `0`, `"krakend"`. */
function parsedDefault(text: string): unknown {
  const [, amount, mebi] = /^`?([\d,]+)(?: (MiB))?`?/.exec(text) ?? []
  const quoted = /^`"?([^`"]+)"?`/.exec(text)?.[1]
  if (quoted === 'true' || quoted === 'false') return quoted === 'true'
  if (quoted !== undefined && /^\d+m?s$/.test(quoted)) return Number.parseInt(quoted, 10) * (quoted.endsWith('ms') ? 1 : 1000)
  if (amount === undefined) return quoted
  return Number(amount.replace(',', '')) * (mebi === undefined ? 1 : 2 ** 20)
}

test("defaults of router options of its own are the code's, in both documents that tell them", () => {
  const { config } = readConfigObject({ version: 3, endpoints: [] }, { env: {}, namespaces: [] })
  const router = config!.router as unknown as Record<string, unknown>
  const camel = (key: string): string => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  const ofCode = (key: string): unknown => router[camel(key)] ?? router[`${camel(key)}Ms`]
  const told = [
    ...[...readPage('docs/compatibility.md').matchAll(/^\| `([a-z0-9_]+)`(?: and two more)? \| `router` \| ([^|]+) \|/gm)],
    ...[...readPage('docs/configuration.md').matchAll(/\*\*`router\.([a-z0-9_]+)`\*\* \(([^)]+)\)/g)]
  ].filter(([, key]) => key !== 'tunnel_idle_timeout') // depends on the endpoint
  assert.ok(told.length > 20, String(told.length))
  for (const [, key, text] of told) assert.equal(parsedDefault(text!), ofCode(key!), `${key}: ${text}`)
})
