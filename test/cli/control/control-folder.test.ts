import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { controlFolder, openControlFolder, runningGateways } from '../../../src/cli/control/control-folder.js'
import { folderWith } from '../command.js'

test('the folder is where the environment says, else that of this user among temporary files', () => {
  assert.equal(controlFolder({ SLUICE_RUN_DIR: '/run/a', XDG_RUNTIME_DIR: '/run/user/1' }), '/run/a')
  assert.equal(controlFolder({ XDG_RUNTIME_DIR: '/run/user/1' }), '/run/user/1/sluice')
  assert.match(controlFolder({}), /sluice-\d+$/)
})

test('the folder is made for this user alone; one that others may write to is refused', async t => {
  const folder = path.join(await folderWith(t, {}), 'run')
  openControlFolder(folder)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  await chmod(folder, 0o777)
  assert.throws(() => openControlFolder(folder), /every user may write/)
  assert.deepEqual(runningGateways(folder), [])
  const link = `${folder}-link`
  await symlink(folder, link)
  assert.throws(() => openControlFolder(link), /is no folder/)
})

test('sockets of processes that are gone are removed', async t => {
  const folder = path.join(await folderWith(t, {}), 'run')
  openControlFolder(folder)
  const gone = spawnSync(process.execPath, ['--version']).pid
  for (const name of [`${gone}.sock`, `${process.pid}.sock`, 'other.txt']) await writeFile(path.join(folder, name), '')
  assert.deepEqual(runningGateways(folder), [process.pid])
  assert.deepEqual((await readdir(folder)).sort(), [`${process.pid}.sock`, 'other.txt'].sort())
})

test('folders above it are made too; where none can be made that is an error, not an endless loop', async t => {
  const folder = path.join(await folderWith(t, {}), 'deep', 'er', 'run')
  openControlFolder(folder)
  assert.equal((await stat(folder)).isDirectory(), true)
  if (process.platform === 'linux') assert.throws(() => openControlFolder('/proc/sluice/run'), /ENOENT|EACCES|EROFS|EPERM/)
})
