import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { CLI, folderWith } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))
const FULL = '/dev/full'
const full = { skip: existsSync(FULL) ? false : 'there is no /dev/full here' }
const CONFIG = JSON.stringify({
  version: 3,
  endpoints: [{ endpoint: '/x', backend: [{ host: ['http://a.test'], url_pattern: '/' }] }]
})

for (const command of [
  ['pipes', '-c', 'FILE'],
  ['pipes', '--json', '-c', 'FILE'],
  ['render', '-c', 'FILE'],
  ['check', '-d', '-c', 'FILE'],
  ['audit', '-c', 'FILE'],
  ['version'],
  ['help', '--man']
]) {
  test(`sluice ${command.join(' ')} fails where its results cannot be written`, full, async t => {
    const folder = await folderWith(t, { 'k.json': CONFIG })
    const args = command.map(word => (word === 'FILE' ? path.join(folder, 'k.json') : word))
    const stdio = ['ignore', openSync(FULL, 'w'), 'pipe'] as const
    const { status, stderr } = spawnSync(process.execPath, [...CLI, ...args], { cwd: ROOT, encoding: 'utf8', stdio: [...stdio] })
    assert.equal(status, 1, stderr)
    assert.match(stderr, /ERROR writing the results: ENOSPC/)
  })
}

test('a reader that went away is no failure', async t => {
  const folder = await folderWith(t, { 'k.json': CONFIG })
  const command = [process.execPath, ...CLI, 'pipes', '--html', '-c', path.join(folder, 'k.json')].map(word => `'${word}'`)
  const script = `{ ${command.join(' ')}; echo "code $?" >&2; } | true`
  const { stderr } = spawnSync('bash', ['-c', script], { cwd: ROOT, encoding: 'utf8' })
  assert.match(stderr, /^code 0$/m)
  assert.doesNotMatch(stderr, /ERROR/)
})
