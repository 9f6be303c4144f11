/** Completion scripts and the manual page follow the table of commands. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.js'
import { manPage } from '../../src/cli/man.js'
import { CLI, folderWith } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))
const SHELLS = ['bash', 'zsh', 'fish'] as const

function sluice(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...CLI, ...args], { cwd: ROOT, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

for (const shell of SHELLS) {
  test(`the script for ${shell} names every command and flag, and ${shell} can read it`, async t => {
    const { code, out } = sluice('completion', shell)
    assert.equal(code, 0)
    for (const { name, flags } of COMMANDS) {
      assert.ok(out.includes(name), name)
      for (const flag of Object.keys(flags)) assert.ok(out.includes(shell === 'fish' ? `-l ${flag}` : `--${flag}`), flag)
    }
    if (!has(shell)) return t.diagnostic(`${shell} is not there`)
    const folder = await folderWith(t, { script: out })
    assert.equal(spawnSync(shell, ['-n', `${folder}/script`]).status, 0)
    return undefined
  })
}

test('bash completes commands, flags and their values', t => {
  if (!has('bash')) return t.skip('bash is not there')
  const script = `${sluice('completion', 'bash').out}
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _sluice 2>/dev/null; echo "$*:\${COMPREPLY[*]}"; }
try sluice aud; try sluice audit --s; try sluice audit -s H; try sluice validate --tol; try sluice completion z; try sluice check -c k`
  const { stdout } = spawnSync('bash', ['-s'], { input: script, encoding: 'utf8' })
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'sluice aud:audit',
    'sluice audit --s:--severity',
    'sluice audit -s H:HIGH',
    'sluice validate --tol:--tolerant',
    'sluice completion z:zsh',
    'sluice check -c k:'
  ])
  return undefined
})

test('another shell is a wrong command line', () => {
  for (const args of [['tcsh'], [], ['bash', 'zsh']]) {
    const { code, err } = sluice('completion', ...args)
    assert.equal(code, 2)
    assert.match(err, /bash, zsh or fish/)
  }
})

test('the manual page has every command and flag', () => {
  const page = manPage()
  assert.match(page, /^\.TH SLUICE 1 /)
  for (const { name, flags } of COMMANDS) {
    assert.ok(page.includes(`.SS "sluice ${name.replaceAll('-', '\\-')}"`), name)
    for (const flag of Object.keys(flags)) assert.ok(page.includes(`\\fB\\-\\-${flag.replaceAll('-', '\\-')}\\fR`), flag)
  }
  // A line that begins with a dot is a macro; texts must not make one.
  const macros = new Set([...page.matchAll(/^\.([A-Z]+)/gm)].map(match => match[1]))
  assert.deepEqual([...macros].sort(), ['B', 'BR', 'EE', 'EX', 'I', 'PP', 'RI', 'SH', 'SS', 'TH', 'TP'])
  assert.equal(sluice('help', '--man').out, page)
})
