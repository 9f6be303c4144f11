import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments } from '../../src/cli/arguments.js'
import { findCommand } from '../../src/cli/commands.js'
import { openapi } from '../../src/cli/openapi.js'
import { Progress } from '../../src/cli/progress.js'
import { Terminal } from '../../src/cli/terminal.js'
import { Collected } from '../telemetry/collect.js'
import { folderWith } from './command.js'

function opened(isTTY: boolean, env: NodeJS.ProcessEnv = {}) {
  const out = new Collected()
  const err = new Collected()
  out.isTTY = err.isTTY = isTTY
  return { terminal: new Terminal(out, err, env), out, err }
}

test('a terminal sees which step it is, how long the rest takes, and how to stop', async () => {
  const { terminal, err } = opened(true)
  let now = 0
  const progress = new Progress(terminal, 3, { now: () => now })
  await progress.step('a')
  now = 30_000
  await progress.step('b')
  now = 100_000
  await progress.step('c')
  progress.end()
  assert.deepEqual(err.text.split('\r\x1b[K'), [
    '',
    '1 of 3  a  (Ctrl-C stops)',
    '2 of 3, about 1 min 0 s left  b  (Ctrl-C stops)',
    '3 of 3, about 50 s left  c  (Ctrl-C stops)',
    ''
  ])
})

test('results and the line do not mix', async () => {
  const { terminal, err, out } = opened(true)
  const progress = new Progress(terminal, 2)
  await progress.step('a')
  terminal.print('result')
  await progress.step('b')
  assert.equal(out.text, 'result\n')
  assert.match(err.text, /a {2}\(Ctrl-C stops\)\r\x1b\[K\r\x1b\[K2 of 2/)
})

test('a single step that may take long shows its label', async () => {
  const { terminal, err } = opened(true)
  const progress = new Progress(terminal, 1, { showsSingle: true })
  await progress.step('compiling a')
  progress.end()
  assert.equal(err.text, '\r\x1b[Kcompiling a  (Ctrl-C stops)\r\x1b[K')
})

test('nothing is shown for one step, in a pipe, and on a dumb terminal', async () => {
  for (const [isTTY, total, env] of [
    [true, 1, {}],
    [false, 5, {}],
    [true, 5, { TERM: 'dumb' }]
  ] as const) {
    const { terminal, err } = opened(isTTY, env)
    const progress = new Progress(terminal, total)
    await progress.step('a')
    progress.end()
    assert.equal(err.text, '')
  }
})

test('a terminal sees that a large document is being read', async t => {
  const text = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'x'.repeat(300_000), version: '1' },
    servers: [{ url: 'http://127.0.0.1:1' }],
    paths: { '/a': { get: { responses: { 200: { description: 'ok' } } } } }
  })
  const folder = await folderWith(t, { 'large.json': text, 'small.json': text.replaceAll('x', '') })
  const shown = async (file: string, isTTY: boolean): Promise<string> => {
    const { terminal, err } = opened(isTTY)
    const args = parseArguments(findCommand('openapi')!, ['import', `${folder}/${file}`, '-o', `${folder}/out.json`])
    assert.equal(await openapi(args, terminal), 0, err.text)
    return err.text
  }
  assert.match(await shown('large.json', true), /\x1b\[Kreading large\.json, 0\.3 MiB {2}\(Ctrl-C stops\)\r\x1b\[K/)
  for (const [file, isTTY] of [
    ['large.json', false],
    ['small.json', true]
  ] as const) {
    assert.doesNotMatch(await shown(file, isTTY), /reading/)
  }
})
