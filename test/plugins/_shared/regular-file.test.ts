import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { readRegularFile } from '../../../plugins/_shared/regular-file.js'

test('reads regular files, through links too, up to a size', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-file-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'a.lua')
  writeFileSync(file, 'local é = 1')
  symlinkSync(file, path.join(folder, 'link.lua'))
  assert.equal((await readRegularFile(path.join(folder, 'link.lua'))).toString('utf8'), 'local é = 1')
  assert.equal((await readRegularFile(file, 12)).length, 12)
  await assert.rejects(readRegularFile(file, 11), /a\.lua has more than 11 bytes/)
})

test('refuses devices, pipes and folders at once', { skip: process.platform === 'win32' }, async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-file-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pipe = path.join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const odd of ['/dev/zero', pipe, folder]) await assert.rejects(readRegularFile(odd), /is not a regular file/, odd)
  await assert.rejects(readRegularFile(path.join(folder, 'none')), /^Error: open .*none: no such file or directory$/)
  await assert.rejects(readRegularFile('none.lua'), {
    message: `open none.lua: no such file or directory (relative paths count from the working directory, ${process.cwd()})`
  })
})
