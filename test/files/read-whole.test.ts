/** Reading what a configuration names never waits for a pipe that nothing is written to. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { readMany, readWhole, readWholeSync } from '../../src/files/read-whole.js'
import { createGateway } from '../../src/gateway.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { once, within } from '../support/waiting.js'

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-whole-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function pipeNamed(name: string): string {
  const file = path.join(folder, name)
  execFileSync('mkfifo', [file])
  return file
}

test('files are read whole, folders are refused', async () => {
  const file = path.join(folder, 'a')
  writeFileSync(file, 'text')
  assert.equal((await readWhole(file)).toString(), 'text')
  assert.equal(readWholeSync(file).toString(), 'text')
  writeFileSync(file, '')
  assert.equal((await readWhole(file)).length, 0)
  writeFileSync(file, Buffer.alloc(200_000, 'x'))
  assert.equal((await readWhole(file)).length, 200_000)
  assert.match((await readWhole('/proc/self/status')).toString(), /^Name:[\s\S]*\n$/) // says that it has no bytes
  await assert.rejects(readWhole(folder), /EISDIR/)
  await assert.rejects(readWhole(`${file}-absent`), { code: 'ENOENT' })
})

test('many files are read in their order, with what cannot be read among them', async () => {
  const files = Array.from({ length: 50 }, (_, index) => path.join(folder, `many-${index}`))
  for (const [index, file] of files.entries()) if (index !== 20) writeFileSync(file, String(index))
  const results = await readMany(files)
  assert.deepEqual(
    results.map(result => (result.status === 'fulfilled' ? result.value.toString() : result.reason.code)),
    files.map((_, index) => (index === 20 ? 'ENOENT' : String(index)))
  )
})

test('a pipe without a writer is refused at once, one with a writer is read to its end', async () => {
  const file = pipeNamed('pipe')
  await assert.rejects(within('the refusal', readWhole(file)), /a pipe without a text/)
  assert.throws(() => readWholeSync(file), /a pipe is no file/)
  const writer = createWriteStream(file, { flags: 'r+' })
  await once(writer, 'open')
  const text = readWhole(file)
  const blanks = ' '.repeat(1 << 20) // more than a pipe holds: when they are written, readWhole has opened it
  await within('the reader', new Promise<void>(resolve => writer.write(`{"version"${blanks}`, () => resolve())))
  writer.end(': 3}')
  assert.equal((await within('the text of the pipe', text)).toString(), `{"version"${blanks}: 3}`)
})

test('a pipe in place of the configuration changes nothing, and the next reload works', async () => {
  const file = path.join(folder, 'krakend.json')
  const write = (name: string): void => writeFileSync(file, JSON.stringify({ version: 3, name, endpoints: [] }))
  write('one')
  const gateway = await createGateway(file, { env: {}, logger: silentLogger })
  rmSync(file)
  pipeNamed('krakend.json')
  await assert.rejects(within('the reload', gateway.reload()), /krakend\.json: a pipe without a text/)
  rmSync(file)
  write('two')
  await gateway.reload()
  assert.equal(gateway.config.name, 'two')
  await gateway.close()
})
