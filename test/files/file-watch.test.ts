import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { differing, FileWatch, printsOf } from '../../src/files/file-watch.js'
import { until } from '../support/waiting.js'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'watch-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function watching(t: TestContext, paths: readonly string[]): Promise<string[][]> {
  const told: string[][] = []
  const watch = new FileWatch({ paths: () => paths, everyMs: 5, onChange: files => void told.push([...files].sort()) })
  watch.start(await printsOf(paths))
  t.after(() => watch.stop())
  return told
}

test('a file that is written, replaced by rename, deleted and there again is told each time', async t => {
  const folder = await folderOf(t)
  const file = path.join(folder, 'a.json')
  await writeFile(file, '1')
  const told = await watching(t, [file])
  const next = async (what: string, work: () => Promise<void>): Promise<void> => {
    const before = told.length
    await work()
    await until(() => told.length > before, what)
    assert.deepEqual(told.at(-1), [file])
  }
  await next('the write', () => appendFile(file, '2'))
  await next('the rename', async () => {
    await writeFile(`${file}.new`, '12')
    await rename(`${file}.new`, file)
  })
  await next('the end of the file', () => rm(file))
  await next('the file', () => writeFile(file, '1'))
})

test('folders count with all that is in them, but hidden entries', async t => {
  const folder = await folderOf(t)
  await mkdir(path.join(folder, 'inner'))
  const told = await watching(t, [folder])
  await writeFile(path.join(folder, '.swap'), '')
  const file = path.join(folder, 'inner', 'b.tmpl')
  await writeFile(file, '')
  await until(() => told.length === 1, 'the file')
  assert.deepEqual(told[0], [file])
})

test('what changes at every look is told when it has come to rest', async t => {
  const folder = await folderOf(t)
  const file = path.join(folder, 'growing')
  const before = await printsOf([file])
  await writeFile(file, '1')
  const after = await printsOf([file])
  assert.deepEqual(differing(before, after), [file])
  assert.deepEqual(differing(after, after), [])
  assert.deepEqual(differing(after, new Map()), [file])
})

test('a file that never rests holds up no other, and is told when it rests', async t => {
  const folder = await folderOf(t)
  const noisy = path.join(folder, 'a.log')
  const file = path.join(folder, 'b.json')
  const told = await watching(t, [folder])
  const noise = setInterval(() => appendFileSync(noisy, 'x'), 1)
  t.after(() => clearInterval(noise))
  await writeFile(file, '1')
  await until(() => told.length > 0, 'the file')
  assert.deepEqual(told[0], [file])
  clearInterval(noise)
  await until(() => told.length > 1, 'the end of the noise')
  assert.deepEqual(told[1], [noisy])
})

test('files that change one after the other are told together', async t => {
  const folder = await folderOf(t)
  const files = Array.from({ length: 40 }, (_, index) => path.join(folder, String(index).padStart(2, '0')))
  const told: string[][] = []
  const watch = new FileWatch({ paths: () => [folder], everyMs: 40, onChange: some => void told.push([...some].sort()) })
  watch.start(await printsOf([folder]))
  t.after(() => watch.stop())
  let written = 0
  const writer = setInterval(() => written < files.length && writeFileSync(files[written++]!, '1'), 1)
  t.after(() => clearInterval(writer))
  await until(() => told.length > 0, 'the files')
  assert.deepEqual(told, [files])
})

test('the same size and time is another file when it was written', async t => {
  const file = path.join(await folderOf(t), 'a')
  await writeFile(file, '1')
  const time = new Date(1e12)
  await utimes(file, time, time)
  const before = await printsOf([file])
  await until(async () => {
    await writeFile(file, '2')
    await utimes(file, time, time)
    return differing(before, await printsOf([file])).length === 1
  }, 'another print')
})

test('a large folder is told, and hides no file that is named', async t => {
  const folder = await folderOf(t)
  const large = path.join(folder, 'large')
  await mkdir(large)
  for (let i = 0; i < 20_001; i++) writeFileSync(path.join(large, String(i)), '')
  const file = path.join(folder, 'a')
  await writeFile(file, '')
  const tooMany: string[] = []
  const prints = await printsOf([large, file], found => void tooMany.push(found))
  assert.equal(prints.has(file), true)
  assert.equal(prints.size, 20_002)
  assert.deepEqual(tooMany, [large])
})

test('a folder that holds a link to itself has an end', async t => {
  const folder = await folderOf(t)
  await symlink(folder, path.join(folder, 'self'))
  await writeFile(path.join(folder, 'a'), '')
  assert.equal((await printsOf([folder])).has(path.join(folder, 'a')), true)
})

test('a watch that was stopped tells nothing more', async t => {
  const folder = await folderOf(t)
  const file = path.join(folder, 'a')
  const told: unknown[] = []
  const watch = new FileWatch({ paths: () => [file], everyMs: 1, onChange: files => void told.push(files) })
  watch.start(await printsOf([file]))
  watch.stop()
  await writeFile(file, '1')
  const other = await watching(t, [file])
  await appendFile(file, '2')
  await until(() => other.length === 1, 'the change')
  assert.deepEqual(told, [])
})
