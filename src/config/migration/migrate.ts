/**
 * Writes a configuration of KrakenD's version 2 as version 3.
 *
 * In: a JSON or YAML file. Out: its text with other names at the same places, so that order, white space and comments stay, and notes about
 * what has no counterpart. The rules follow KrakenD's own migration guide; what keeps its name keeps its value.
 */

import type { ConfigProblem } from '../../errors.js'
import { LONG_NAMES } from '../namespaces.js'
import { FORMER_NAMES } from '../protection.js'
import { readSource } from '../source/source-text.js'
import { type MigrationEntry, type MigrationNode, readMigrationTree, type Span } from './migration-tree.js'

export interface Migration {
  readonly text: string
  /** What an operator has to look at. */
  readonly notes: readonly ConfigProblem[]
  /** How many names and values are other ones. */
  readonly changes: number
}

type Names = ReadonlyMap<string, string>

const ENDPOINT: Names = new Map([
  ['headers_to_pass', 'input_headers'],
  ['querystring_params', 'input_query_strings']
])
const BACKEND: Names = new Map([...ENDPOINT, ['whitelist', 'allow'], ['blacklist', 'deny']])

const RATE: Names = new Map([
  ['maxRate', 'max_rate'],
  ['clientMaxRate', 'client_max_rate']
])
const KEYS: Names = new Map([
  ['jwk-url', 'jwk_url'],
  ['keys-to-sign', 'keys_to_sign']
])

/** Options that had other names, by the namespace of version 3. */
const OPTIONS: ReadonlyMap<string, Names> = new Map([
  ['qos/ratelimit/router', RATE],
  ['qos/ratelimit/proxy', RATE],
  [
    'qos/circuit-breaker',
    new Map([
      ['maxErrors', 'max_errors'],
      ['logStatusChange', 'log_status_change']
    ])
  ],
  ['auth/validator', KEYS],
  ['auth/signer', KEYS],
  [
    'security/bot-detector',
    new Map([
      ['whitelist', 'allow'],
      ['blacklist', 'deny']
    ])
  ]
])

const NAMESPACES: Names = new Map([...LONG_NAMES, ...FORMER_NAMES])

/**
 * Migrates a file.
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID when it cannot be read or is not well-formed
 */
export async function migrateConfig(file: string): Promise<Migration> {
  const source = await readSource(file)
  const tree = await readMigrationTree(source)
  if (tree === undefined) {
    const message = 'files in TOML are not migrated'
    const suggestion = 'convert it to YAML or JSON first'
    return { text: source.text, notes: [{ level: 'error', file, pointer: '', message, suggestion }], changes: 0 }
  }
  const editor = new Editor(source.text)
  const version = memberOf(tree, 'version')
  if (version?.kind === 'scalar' && Number(version.value) === 3) return { text: source.text, notes: [], changes: 0 }
  if (version?.kind === 'scalar') editor.replace(version.span, '3')
  else editor.note({ start: 0, end: 0 }, 'there is no version', 'add "version": 3')
  migrateService(tree, editor)
  const notes = editor.notes.map(({ at, message, suggestion }): ConfigProblem => {
    return { level: 'warning', pointer: '', ...source.placeOf(at), message, suggestion }
  })
  return { text: editor.result(), notes, changes: editor.changes }
}

function migrateService(root: MigrationNode, editor: Editor): void {
  migrateExtra(root, editor)
  for (const endpoint of itemsOf(root, 'endpoints')) {
    editor.rename(endpoint, ENDPOINT)
    migrateExtra(endpoint, editor)
    for (const backend of itemsOf(endpoint, 'backend')) migrateBackend(backend, editor)
  }
  for (const agent of itemsOf(root, 'async_agent')) {
    migrateExtra(agent, editor)
    for (const backend of itemsOf(agent, 'backend')) migrateBackend(backend, editor)
  }
}

function migrateBackend(backend: MigrationNode, editor: Editor): void {
  editor.rename(backend, BACKEND)
  const sd = memberOf(backend, 'sd')
  if (sd?.kind === 'scalar' && !['', 'static', 'dns', null].includes(sd.value as string | null))
    editor.note(sd.span, `there is no service discovery '${String(sd.value)}'`, 'version 3 has `static` and `dns`')
  migrateExtra(backend, editor)
}

function migrateExtra(owner: MigrationNode, editor: Editor): void {
  const extra = memberOf(owner, 'extra_config')
  if (extra === undefined) return
  const names = new Map<string, string>()
  for (const { key, span, value } of entriesOf(extra)) {
    const namespace = namespaceOf(key) ?? key
    if (namespace !== key) names.set(key, namespace)
    else if (/^github[._]com\//.test(key))
      editor.note(
        span,
        `no namespace of version 3 is known for '${key}'`,
        'it stays as it is and does nothing: remove it, or look for its successor'
      )
    const options = OPTIONS.get(namespace)
    if (options !== undefined) editor.rename(value, options)
  }
  editor.rename(extra, names)
}

/** Returns the short name of a long one, in any of the spellings that versions 1 and 2 read. */
function namespaceOf(key: string): string | undefined {
  const path = key.replace(/^github[._]com\//, '')
  if (path === key) return undefined
  for (const tail of [
    path,
    path.replace(/^luraproject\/lura\//, 'devopsfaith/krakend/'),
    path.replace(/^devopsfaith\/krakend\//, 'luraproject/lura/')
  ]) {
    const found = NAMESPACES.get(`github.com/${tail}`) ?? NAMESPACES.get(`github_com/${tail}`)
    if (found !== undefined) return found
  }
  return undefined
}

const entriesOf = (node: MigrationNode | undefined): readonly MigrationEntry[] => (node?.kind === 'object' ? node.entries : [])

const memberOf = (node: MigrationNode, key: string): MigrationNode | undefined =>
  entriesOf(node).findLast(entry => entry.key === key)?.value

function itemsOf(node: MigrationNode, key: string): readonly MigrationNode[] {
  const value = memberOf(node, key)
  return value?.kind === 'list' ? value.items : []
}

interface Note {
  readonly at: number
  readonly message: string
  readonly suggestion: string
}

/** Gathers edits of a text; a place that is reached twice, as behind YAML's aliases, is edited once. */
class Editor {
  readonly #notes = new Map<string, Note>()
  readonly #text: string
  readonly #edits = new Map<number, { readonly end: number; readonly text: string }>()

  constructor(text: string) {
    this.#text = text
  }

  get changes(): number {
    return this.#edits.size
  }

  get notes(): Note[] {
    return [...this.#notes.values()].sort((a, b) => a.at - b.at)
  }

  note({ start }: Span, message: string, suggestion: string): void {
    this.#notes.set(`${start} ${message}`, { at: start, message, suggestion })
  }

  replace({ start, end }: Span, text: string): void {
    this.#edits.set(start, { end, text })
  }

  /** Renames keys of an object; one whose new name is taken stays. */
  rename(node: MigrationNode, names: Names): void {
    const taken = new Set(entriesOf(node).map(entry => entry.key))
    for (const { key, span } of entriesOf(node)) {
      const name = names.get(key)
      if (name === undefined) continue
      if (taken.has(name)) {
        this.note(span, `'${key}' stays, there is '${name}' beside it`, 'keep one of the two')
        continue
      }
      taken.add(name)
      this.replace(span, this.#quoted(span, name))
    }
  }

  /** The new name in the quotes of the old one. */
  #quoted({ start }: Span, name: string): string {
    const first = this.#text[start]!
    return first === '"' || first === "'" ? first + name + first : name
  }

  result(): string {
    let text = ''
    let at = 0
    for (const [start, edit] of [...this.#edits].sort(([a], [b]) => a - b)) {
      text += this.#text.slice(at, start) + edit.text
      at = edit.end
    }
    return text + this.#text.slice(at)
  }
}
