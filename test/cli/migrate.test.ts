/** `sluice migrate`: what goes where. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { CLI, folderWith } from './command.js'

const ROOT = path.dirname(path.dirname(import.meta.dirname))

test('prints the text alone, notes beside it; --out writes it', async t => {
  const folder = await folderWith(t, { 'k.json': '{"version":2,"endpoints":[{"backend":[{"sd":"etcd","whitelist":[]}]}]}' })
  const expected = '{"version":3,"endpoints":[{"backend":[{"sd":"etcd","allow":[]}]}]}'
  const sluice = (...args: string[]) => spawnSync(process.execPath, [...CLI, 'migrate', ...args], { cwd: ROOT, encoding: 'utf8' })
  const printed = sluice(`${folder}/k.json`)
  assert.deepEqual([printed.status, printed.stdout], [0, expected])
  assert.match(printed.stderr, /^WARNING \S+k\.json:1:\d+: there is no service discovery 'etcd'/)
  assert.match(printed.stderr, /2 names and values changed, 1 places? to look at; now run `sluice check -c FILE`/)
  const out = `${folder}/v3.json`
  assert.deepEqual([sluice(`${folder}/k.json`, '--out', out).stdout, readFileSync(out, 'utf8')], ['', expected])
  assert.equal(sluice().status, 2)
})
