import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LIMIT_MS } from '../support/waiting.js'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const CONFIGURATION = fileURLToPath(new URL('../../fixtures/demo/krakend.json', import.meta.url))

test('where Node.js may not compile text, the start fails and says what to do', () => {
  const node = ['--disallow-code-generation-from-strings', '--conditions=sluice-source', '--import', 'tsx']
  const { status, stderr } = spawnSync(process.execPath, [...node, CLI, 'check', '-t', '-c', CONFIGURATION], {
    encoding: 'utf8',
    timeout: LIMIT_MS
  })
  assert.equal(status, 1)
  assert.match(stderr, /start it without --disallow-code-generation-from-strings/)
})
