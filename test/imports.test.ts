/** The layering of `src/README.md`: who may import whom, that nothing goes in circles, and that components stand on the public interface. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Rooms and root files by rank; a file imports its own room and lower ranks. */
const RANKS: readonly (readonly string[])[] = [
  ['errors', 'identity'],
  ['http', 'go-template', 'files'],
  ['telemetry'],
  ['message'],
  ['pipe'],
  ['plugin', 'encoding'],
  ['config', 'client'],
  ['backend', 'exchange', 'audit', 'openapi'],
  ['endpoint'],
  ['router', 'server', 'admin'],
  ['generation'],
  ['running-gateway'],
  ['gateway'],
  ['index'],
  ['demo'],
  ['cli']
]
/** The typed configuration may be named by everybody. */
const FREE_TYPES = 'src/config/types.ts'
/** The public face of the plugin interface, as components name it. */
const PUBLIC = 'sluice/plugin'

interface Import {
  readonly from: string
  /** A path below the root for relative imports, else the specifier. */
  readonly to: string
  readonly typeOnly: boolean
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map(name => posix.join(folder, name.replaceAll('\\', '/')))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean): void => {
    const local = specifier.startsWith('.')
    const path = local
      ? relative(ROOT, join(ROOT, dirname(file), specifier))
          .replace(/\.js$/, '.ts')
          .replaceAll('\\', '/')
      : specifier
    found.push({ from: file, to: path, typeOnly })
  }
  // type imports count too
  for (const match of text.matchAll(
    /^\s*(?:import|export)\s(?<clause>[^;'"]*?)from\s*'(?<from>[^']+)'|^\s*import\s*'(?<bare>[^']+)'|\bimport\(\s*'(?<lazy>[^']+)'\s*\)/gm
  )) {
    const { clause, from, bare, lazy } = match.groups!
    add((from ?? bare ?? lazy)!, clause?.trimStart().startsWith('type ') ?? false)
  }
  return found
}

/** `src/http/fields.ts` → `http`, `src/gateway.ts` → `gateway`. */
const roomOf = (file: string): string => file.split('/')[1]!.replace(/\.ts$/, '')
const rankOf = (file: string): number => RANKS.findIndex(rooms => rooms.includes(roomOf(file)))

const source = filesIn('src').flatMap(importsOf)
const isLocal = (one: Import): boolean =>
  !/^(node:|@?[a-z])/.test(one.to) || one.to.startsWith('src/') || one.to.startsWith('plugins/')

test('no file holds the marks of a merge', () => {
  const marked = [...filesIn('src'), ...filesIn('plugins'), ...filesIn('test')].filter(file =>
    /^(?:<{7}|>{7}) /m.test(readFileSync(join(ROOT, file), 'utf8'))
  )
  assert.deepEqual(marked, [])
})

test('every room has a rank', () => {
  assert.ok(source.length > 300, 'the imports are found')
  assert.deepEqual(
    filesIn('src').filter(file => rankOf(file) < 0),
    []
  )
})

test('a file imports its own room or lower ranks', () => {
  const upwards = source
    .filter(one => one.to.startsWith('src/'))
    .filter(one => roomOf(one.from) !== roomOf(one.to) && rankOf(one.to) >= rankOf(one.from))
    .filter(one => !(one.typeOnly && one.to === FREE_TYPES))
    .map(one => `${one.from} → ${one.to}`)
  assert.deepEqual(upwards, [])
})

test('relative imports name files that exist', () => {
  const files = new Set([...filesIn('src'), ...filesIn('plugins')])
  const all = [...source, ...filesIn('plugins').flatMap(importsOf)]
  assert.deepEqual(
    all.filter(one => isLocal(one) && one.to.endsWith('.ts') && !files.has(one.to)).map(one => `${one.from} → ${one.to}`),
    []
  )
})

test('no imports in circles, types included', () => {
  const edges = new Map<string, string[]>()
  for (const one of [...source, ...filesIn('plugins').flatMap(importsOf)]) {
    if (!isLocal(one)) continue
    edges.set(one.from, [...(edges.get(one.from) ?? []), one.to])
  }
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `in a circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
})

test('the core never imports a component', () => {
  assert.deepEqual(
    source.filter(one => one.to.startsWith('plugins/')).map(one => `${one.from} → ${one.to}`),
    []
  )
})

/**
 * The folder that a component's files may share: `plugins/auth/validator`, `plugins/qos/ratelimit` for both of its components, and
 * `plugins/modifier/lua` for those of one scope, `plugins/modifier/lua-proxy`.
 */
const familyOf = (file: string): string =>
  posix
    .dirname(file)
    .split('/')
    .slice(0, 3)
    .join('/')
    .replace(/-(?:endpoint|proxy|backend)$/, '')

test('components import themselves, plugins/_shared, packages, Node and the public interface', () => {
  const isOwn = (one: Import): boolean =>
    one.to.startsWith('plugins/_shared/') || familyOf(one.to) === familyOf(one.from) || one.from.startsWith('plugins/named/')
  const strange = filesIn('plugins')
    .filter(file => file !== 'plugins/index.ts')
    .flatMap(importsOf)
    .filter(one => (isLocal(one) ? !isOwn(one) : one.to.startsWith('sluice') && one.to !== PUBLIC))
    .map(one => `${one.from} → ${one.to}`)
  assert.deepEqual(strange, [])
})

test('only the public faces re-export', () => {
  const faces = new Set(['src/index.ts', 'src/plugin/index.ts', 'src/plugin/testing/index.ts'])
  const others = filesIn('src').filter(
    file => !faces.has(file) && /^export\s[^=]*?from\s'/m.test(readFileSync(join(ROOT, file), 'utf8'))
  )
  assert.deepEqual(others, [])
})
