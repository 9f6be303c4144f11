/** Every command and option stands in the documents, and what the documents call is there. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS, type Command, findCommand } from '../../src/cli/commands.js'
import { PAGES, readPage } from './pages.js'

const flagsOf = ({ flags }: Command): string[] =>
  Object.entries(flags).flatMap(([long, { short }]) => [`--${long}`, ...(short === undefined ? [] : [`-${short}`])])

/** Options in a text: what begins with a dash behind a blank or a code mark. */
const optionsIn = (text: string): string[] => [...text.matchAll(/(?<=[\s`])--?[a-z][\w-]*/gi)].map(([option]) => option)

/** Switches may be joined: `-dd`. */
const isFlag = (command: Command, option: string): boolean => flagsOf(command).includes(option.replace(/^-(\w)\1+$/, '-$1'))

test('the table of commands names each command, and options that it has', () => {
  const text = readPage('docs/operations.md')
  const table = text.slice(text.indexOf('## Commands'), text.indexOf('Exit codes:'))
  const rows = table.split('\n').filter(line => line.startsWith('| `sluice'))
  const named = new Set<string>()
  for (const row of rows) {
    const name = /^\| `sluice ([\w-]+)/.exec(row)![1]!
    const command = findCommand(name)
    assert.ok(command, `${name} is a command`)
    named.add(command.name)
    assert.deepEqual(
      optionsIn(row).filter(option => !isFlag(command, option)),
      [],
      name
    )
  }
  assert.deepEqual(
    COMMANDS.map(({ name }) => name).filter(name => !named.has(name)),
    []
  )
  for (const { name, operandChoices = [] } of COMMANDS.filter(({ name }) => name !== 'completion'))
    for (const choice of operandChoices)
      assert.ok(
        rows.some(row => row.startsWith(`| \`sluice ${name} ${choice}`)),
        `sluice ${name} ${choice}`
      )
})

for (const page of PAGES.filter(name => name !== 'CHANGELOG.md')) {
  const calls = [...readPage(page).matchAll(/`(?:npx )?sluice ([a-z][\w-]*)((?: [^`|&;<>]*)?)[`|&;<>]/g)]
  if (calls.length === 0) continue
  test(`commands in ${page} are there, with their options`, () => {
    for (const [call, name = '', rest = ''] of calls) {
      const command = findCommand(name)
      assert.ok(command, call)
      assert.deepEqual(
        optionsIn(rest).filter(option => !isFlag(command, option)),
        [],
        call
      )
    }
  })
}
