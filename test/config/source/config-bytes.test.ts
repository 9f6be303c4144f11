/** A configuration from the standard input, by the real command. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

function sluice(argv: readonly string[], input: string, env: NodeJS.ProcessEnv = {}) {
  const command = ['--conditions=sluice-source', '--import', 'tsx', 'src/cli.ts', ...argv]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    ...{ cwd: ROOT, input, encoding: 'utf8', timeout: 120_000, env: { ...process.env, ...env } }
  })
  return { status, stdout, stderr }
}

test('- is the standard input, in JSON and YAML, also where it is read twice', () => {
  for (const input of ['{"version": 3, "endpoints": []}', 'version: 3\nendpoints: []\n']) {
    const { status, stdout, stderr } = sluice(['check', '-lc', '-'], input)
    assert.equal(status, 0, stderr)
    assert.equal(stdout, 'Parsing configuration file: -\nSyntax OK!\n')
  }
})

test('a fault in the standard input has its place, and a template is rendered', () => {
  const { status, stderr } = sluice(['check', '-c', '-'], '{"version": 3,\n"endpoints": 7}')
  assert.equal(status, 1)
  assert.match(stderr, /^-:2:\d+ \/endpoints/m)
  const rendered = sluice(['render', '-c', '-'], '{"version": {{ add 1 2 }}}')
  assert.equal(rendered.stdout, '{"version": 3}', rendered.stderr)
})
