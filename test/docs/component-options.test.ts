/** Every option of every component has a row in its README.md, with its default. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { components as shipped } from '../../plugins/index.js'
import { ROOT } from './pages.js'

interface Schema {
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** Components whose options are told otherwise, and how. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'modifier/martian': 'options are names of modifiers: each has a row, with its keys'
}

/** One option, and the objects around it. */
interface Option {
  readonly key: string
  readonly schema: Schema
  readonly within: readonly string[]
}

const partsOf = ({ items, additionalProperties, anyOf = [], oneOf = [] }: Schema): readonly Schema[] =>
  [items, additionalProperties, ...anyOf, ...oneOf].filter(part => typeof part === 'object')

/** The options that hold no others. */
function leavesOf(schema: Schema, within: readonly string[] = []): readonly Option[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, one]) => {
    const inner = leavesOf(one, [...within, key])
    return inner.length > 0 ? inner : [{ key, schema: one, within }]
  })
  return [...own, ...partsOf(schema).flatMap(part => leavesOf(part, within))]
}

/** Rows of tables, as cells. */
function rowsOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line => line.split(/(?<!\\)\|/).slice(1, -1))
    .map(cells => cells.map(cell => cell.trim()))
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The cell names the key in backquotes, alone or behind those around it. */
const names = (cell: string, key: string): boolean => new RegExp(`\`(?:[^\`]*\\.)?${escaped(key)}(?:\\[\\])?\``).test(cell)

const plain = (text: string): string => text.replace(/[`"'\s[\],]/g, '')

/** The cell tells the default of the schema. Empty lists, objects and texts are often called `none`. */
function tells(cell: string, value: unknown): boolean {
  if (value === undefined || value === null) return true
  const text = plain(JSON.stringify(value))
  return text === '' || text === '{}' || plain(cell).includes(text)
}

test('the list of components that tell their options otherwise names some that are there', () => {
  const all = new Set<string>(shipped.map(one => one.namespace))
  assert.deepEqual(
    Object.keys(OTHERWISE).filter(name => !all.has(name)),
    []
  )
})

for (const { namespace, load } of shipped) {
  if (Object.hasOwn(OTHERWISE, namespace)) continue
  test(`${namespace}: README.md has a row for every option, with its default`, async () => {
    const schema = (await load()).default.schema as Schema
    const rows = rowsOf(readFileSync(path.join(ROOT, 'plugins', namespace, 'README.md'), 'utf8'))
    const rowsFor = (key: string) => rows.filter(([first = '', second]) => second !== undefined && names(first, key))
    // where an object's row leads to another page, its keys are told there
    const isElsewhere = ({ within }: Option): boolean =>
      within.some(key => rowsFor(key).some(cells => cells.at(-1)!.includes('](')))
    const faults = leavesOf(schema).flatMap(option => {
      const { key, schema: own } = option
      if (isElsewhere(option)) return []
      const found = rowsFor(key)
      if (found.length === 0) return [`${[...option.within, key].join('.')} has no row`]
      if (found.some(cells => cells.length > 2 && cells[1] !== '' && tells(cells[1]!, own.default))) return []
      return [
        `${[...option.within, key].join('.')}: ${JSON.stringify(found[0]![1])} is not its default ${JSON.stringify(own.default)}`
      ]
    })
    assert.deepEqual(faults, [])
  })
}
