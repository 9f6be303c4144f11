/**
 * The tables in the documents that are made from the code. The test compares them; this writes them:
 *
 *     node --conditions=sluice-source --import tsx test/docs/tables.ts
 */

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { REFUSED, RULES } from '../../src/audit/audit.js'
import { COMMANDS, type Command } from '../../src/cli/commands.js'
import { COMMUNITY_NAMESPACES, CORE_NAMESPACES, ENTERPRISE_NAMESPACES, type NamespaceEntry } from '../../src/config/namespaces.js'
import { ERRORS } from '../../src/errors.js'
import { loadComponents } from '../../src/plugin/load/shipped.js'
import { keyTables } from './key-tables.js'
import { ROOT, readPage } from './pages.js'

/** Where each table stands and how it is made. */
export const TABLES: readonly { readonly name: string; readonly page: string; readonly make: () => string | Promise<string> }[] =
  [
    { name: 'commands', page: 'docs/commands.md', make: commandTables },
    { name: 'keys', page: 'docs/keys.md', make: keyTables },
    { name: 'errors', page: 'docs/operations.md', make: errorTable },
    { name: 'audit', page: 'docs/audit.md', make: auditTable },
    { name: 'namespaces', page: 'docs/configuration.md', make: namespaceTable }
  ]

function commandTables(): string {
  return COMMANDS.map(commandTable).join('\n\n')
}

function commandTable({ name, alias, text, operands, flags }: Command): string {
  const operand = operands === undefined ? '' : ` [${operands}]`
  const also = alias === undefined ? '' : ` Also: \`sluice ${alias}\`.`
  const rows = Object.entries(flags).map(([long, { short, value, text }]) => {
    const spelled = `\`--${long}${value === undefined ? '' : ` ${value}`}\``
    return `| ${short === undefined ? '' : `\`-${short}\`, `}${spelled} | ${text} |`.replaceAll('N|auto', 'N\\|auto')
  })
  return [
    `## sluice ${name}`,
    '',
    `\`sluice ${name}${operand}\``,
    '',
    `${text}.${also}`,
    '',
    '| option | |',
    '|---|---|',
    ...rows
  ].join('\n')
}

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, { krakend, http, text }]) => `| \`${code}\` | ${krakend} | ${http} | ${text} |`)
  return ['| code | `krakend` | `http` | what happened |', '|---|---|---|---|', ...rows].join('\n')
}

function auditTable(): string {
  const rows = [...RULES, REFUSED].map(({ id, severity, message }) => `| ${id} | ${severity} | ${message} |`)
  return ['| number | severity | |', '|---|---|---|', ...rows].join('\n')
}

async function namespaceTable(): Promise<string> {
  const { namespaces } = await loadComponents()
  const here = new Map<string, NamespaceEntry>([...CORE_NAMESPACES, ...namespaces].map(one => [one.namespace, one]))
  const names = new Set([...here.keys(), ...COMMUNITY_NAMESPACES, ...ENTERPRISE_NAMESPACES])
  const rows = [...names].sort().map(name => {
    const edition = ENTERPRISE_NAMESPACES.has(name) ? ' (Enterprise)' : ''
    const one = here.get(name)
    if (one === undefined) return `| \`${name}\`${edition} | absent | | |`
    const state = one.lacks === undefined ? 'full' : 'partial'
    return `| \`${name}\`${edition} | ${state} | ${one.scopes.join(', ')} | ${describe(one)} |`
  })
  return ['| namespace | | where | |', '|---|---|---|---|', ...rows].join('\n')
}

/** What it does, and what is missing. */
function describe({ about, schema, lacks }: NamespaceEntry): string {
  const { description } = (schema ?? {}) as { description?: unknown }
  const text = (about ?? (typeof description === 'string' ? description : '')).replace(/\.$/, '')
  const whole = lacks === undefined ? text : `${text}. Missing: ${lacks}`
  return whole.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** The text between a table's marks, and what stands around it. */
export function splitPage(page: string, name: string): [before: string, table: string, after: string] {
  const text = readPage(page)
  const start = `<!-- generated: ${name} -->\n`
  const from = text.indexOf(start) + start.length
  const to = text.indexOf('<!-- end -->', from)
  if (from < start.length || to < 0) throw new Error(`${page} has no marks for ${name}`)
  return [text.slice(0, from), text.slice(from, to).trim(), text.slice(to)]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { name, page, make } of TABLES) {
    const [before, , after] = splitPage(page, name)
    writeFileSync(path.join(ROOT, page), `${before}${await make()}\n${after}`)
  }
}
