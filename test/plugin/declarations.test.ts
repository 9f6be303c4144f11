/** What the declarations of `sluice/plugin` show to those who write plugins: a reviewed list, and nothing of the gateway's inside. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LIMIT_MS } from '../support/waiting.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DIST = path.join(ROOT, 'dist')
/** Written anew by a run with SLUICE_REVIEWED=1; its diff is what a review looks at. */
const REVIEWED = new URL('public-members.txt', import.meta.url)

/** One declaration file: top-level statements by name, and where other names come from. */
interface Declarations {
  readonly statements: ReadonlyMap<string, string>
  readonly from: ReadonlyMap<string, { readonly file: string; readonly name: string }>
}

const STATEMENT = /^(?:export |declare |abstract )*(?:class|interface|type|const|function|let|enum)\s+([\w$]+)/

function read(file: string): Declarations {
  const statements = new Map<string, string>()
  const from = new Map<string, { file: string; name: string }>()
  const text = readFileSync(path.join(DIST, file), 'utf8')
  for (const block of text.split(/^(?=\/\*\*|import |export |declare |interface |type |class |const |abstract )/m)) {
    const listed = /^(?:import|export)\s(?:type )?\{([^}]*)\}\s*from '(\.[^']+)'/.exec(block)
    if (listed !== null) {
      const target = path.posix.join(path.posix.dirname(file), listed[2]!.replace(/\.js$/, '.d.ts'))
      for (const one of listed[1]!.split(',')) {
        const [name, as = name] = one
          .trim()
          .replace(/^type /, '')
          .split(' as ')
        from.set(as!, { file: target, name: name! })
      }
      continue
    }
    const name = STATEMENT.exec(block)?.[1]
    if (name !== undefined) statements.set(name, `${statements.get(name) ?? ''}${block}`)
  }
  return { statements, from }
}

/** Every declaration that is reached from the exported names of `file`, as `file name` with its text. */
function reachedFrom(file: string): Map<string, string> {
  const files = new Map<string, Declarations>()
  const reached = new Map<string, string>()
  const of = (name: string): Declarations => {
    const known = files.get(name) ?? read(name)
    files.set(name, known)
    return known
  }
  const visit = (at: string, name: string): void => {
    const { statements, from } = of(at)
    const origin = from.get(name)
    if (origin !== undefined) return visit(origin.file, origin.name)
    const text = statements.get(name)
    if (text === undefined || reached.has(`${at} ${name}`)) return
    reached.set(`${at} ${name}`, text)
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|'[^']*'/g, '')
    for (const [, used] of code.matchAll(/(?<![.\w$])([A-Za-z_$][\w$]*)(?!\??:)/g)) if (used !== name) visit(at, used!)
    for (const [, target, used] of text.matchAll(/import\("(\.[^"]+)"\)\.([\w$]+)/g)) {
      visit(path.posix.join(path.posix.dirname(at), target!.replace(/\.js$/, '.d.ts')), used!)
    }
  }
  const face = of(file)
  for (const name of [...face.from.keys(), ...face.statements.keys()]) visit(file, name)
  return reached
}

/** `Name`, and `Name.member` for each member that the compiler lets a plugin use. */
function namesIn(reached: ReadonlyMap<string, string>): string[] {
  const names = new Set<string>()
  for (const [key, text] of reached) {
    const name = key.slice(key.indexOf(' ') + 1)
    names.add(name)
    for (const [line, member] of text.matchAll(
      /^ {4}(?:(?:readonly|static|get|set|abstract|override|private|protected) )*([\w$]+|\[[^\]]+\])/gm
    )) {
      if (!/^ {4}(?:private|protected) /.test(line)) names.add(`${name}.${member}`)
    }
  }
  return [...names].sort()
}

const reached = reachedFrom('plugin/index.d.ts')

test('the public members of sluice/plugin are those that were reviewed (after a review: SLUICE_REVIEWED=1)', () => {
  const names = namesIn(reached)
  if (process.env.SLUICE_REVIEWED !== undefined) writeFileSync(REVIEWED, `${names.join('\n')}\n`)
  assert.ok(names.includes('GatewayRequest.routePath') && names.includes('GatewayResponseConstructor.text'), 'members are found')
  assert.deepEqual(names, readFileSync(REVIEWED, 'utf8').trimEnd().split('\n'))
})

test('no declaration of it is marked as internal, and none is of the inside', () => {
  const inside =
    /^(?:message\/(?!public|json\/json-numbers|json\/exact-json)|pipe\/(?!next)|plugin\/(?:load|run|testing)\/|config\/|client\/|backend\/|endpoint\/|exchange\/|router\/|server\/)/
  for (const [key, text] of reached) {
    assert.doesNotMatch(text, /@internal|gateway use|internal use/i, key)
    assert.doesNotMatch(key, inside)
  }
})

const CONSUMER = `
import {
  type ByteStage, defineComponent, defineHandler, defineModifier, GatewayError, GatewayRequest, GatewayResponse, type Handler, HeaderMap,
  items, type ModifierPlugin, type Next, optionsOf, type TokenStage, type Wrap
} from 'sluice/plugin'
import { createGateway } from 'sluice'
import { type TestedPlugin, testPlugin } from 'sluice/plugin/testing'

const upper: ByteStage = { chunk: chunk => Buffer.from(chunk).map(byte => byte & 0xdf) }
const drops: TokenStage = { token: (t, push) => { if (t.name !== 'nullValue') push(t) } }

export const HandlerRegisterer = defineHandler<{ header: string }>({
  name: 'strict',
  create: ({ header }, next: Next): Handler => async request => {
    if (request.upgrading || !request.hasBody) request.note(new GatewayError('SLUICE_ERR_CLIENT_BAD_REQUEST'))
    if (request.routePath === '/health') return GatewayResponse.text('well', { headers: { [header]: ['1', '2'] } })
    const response: GatewayResponse = await next(request.clone())
    response.body.transform(upper)
    if (response.failure !== undefined) response.headers.set('x-failure', response.failure.code)
    response.headers = HeaderMap.from(response.headers)
    for (const [name, value] of response.headers) if (name === value) response.discard()
    const known: boolean = request instanceof GatewayRequest
    return known ? response : GatewayResponse.json({ known }, 500)
  }
})
export const ModifierRegisterer: ModifierPlugin = defineModifier({
  name: 'edits',
  create: () => ({
    async response(response) {
      await response.body.editJson<{ n?: number }>(value => ({ ...value, n: 1 }))
      response.body.tokens(drops)
      response.body.tokens(items<{ id: number }>('all', item => (item.id > 0 ? item : undefined)))
    }
  })
})
export const wrap: Wrap = next => request => next(request)
export const component = defineComponent({ namespace: 'a/b', scopes: ['backend'], slots: { backend: 'transport/cache' }, schema: {}, compile: () => wrap })
export const tested: Promise<TestedPlugin> = testPlugin({ HandlerRegisterer, ModifierRegisterer }, { options: { header: 'x' } })
export const gateway = createGateway({ version: 3, endpoints: [] }, { plugins: [{ HandlerRegisterer }] })
export const options: { header: string } = optionsOf({ strict: { header: 'x' } }, 'strict')
// @ts-expect-error what belongs to the gateway is not there
export const inside = (request: GatewayRequest): unknown => request.exchange
`

test('a strict consumer compiles against the declarations, those of libraries checked too', t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-consumer-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(ROOT, path.join(folder, 'node_modules', 'sluice'), 'dir')
  symlinkSync(path.join(ROOT, 'node_modules', '@types'), path.join(folder, 'node_modules', '@types'), 'dir')
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(path.join(folder, 'plugin.ts'), CONSUMER)
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['plugin.ts'] }))
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', timeout: LIMIT_MS })
  assert.equal(stdout, '')
  assert.equal(status, 0)
})
