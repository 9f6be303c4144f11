import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.js'
import { helpText } from '../../src/cli/help-text.js'

const ALL = [undefined, ...COMMANDS]
/** The words of a text, in order. */
const words = (text: string): string[] => text.split(/\s+/)

test('no line of any help is wider than the terminal, and no word is lost', () => {
  for (const width of [40, 60, 80, 100, 200]) {
    for (const command of ALL) {
      const text = helpText(command, width)
      const title = `${command?.name ?? 'all'} at ${width}`
      assert.deepEqual(words(text), words(helpText(command)), title)
      // a word alone may be wider than a narrow terminal
      for (const line of text.split('\n')) assert.ok(line.length <= width || /^ *\S+( \S+)?$/.test(line), `${title}: ${line}`)
    }
  }
})

test('what goes on in a further line stands below the text that it belongs to', () => {
  const run = COMMANDS.find(one => one.name === 'run')
  const lines = helpText(run, 80).split('\n')
  const flags = lines.slice(lines.indexOf('Flags:') + 1).filter(line => line !== '')
  const column = /^ {2}(?:-\w, | {4})--\S+(?: \S+)? {2,}/.exec(flags[0]!)![0].length
  assert.ok(
    flags.some(line => line.startsWith(' '.repeat(column))),
    'a line goes on'
  )
  for (const line of flags) assert.match(line.slice(column - 2, column), /^ {2}$/)
})

test('on a narrow terminal texts stand below the names', () => {
  const text = helpText(
    COMMANDS.find(one => one.name === 'run'),
    40
  )
  assert.match(text, /^ {2}-c, --config \S+\n {6}\S/m)
})

test('without a width each flag has one line', () => {
  for (const command of COMMANDS) {
    const lines = helpText(command).split('\n')
    for (const name of Object.keys(command.flags))
      assert.equal(lines.filter(line => line.includes(` --${name}`)).length >= 1, true, name)
    assert.ok(lines.length <= Object.keys(command.flags).length + 9, command.name)
  }
})
