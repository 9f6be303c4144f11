/** What the compiler is given for Go versions whose files differ, and for toolchains that were downloaded. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { addedFile, writeOverlay } from '../../../src/cli/plugin-build/overlay.js'
import { FIXTURES, GO, needsGo, runBuild } from '../../plugin/wasm/go-fixtures.js'

const EVENT = 'func handleEvent() bool {\n}\n'
const DIAL = 'func (d *Dialer) DialContext(ctx context.Context, network, address string) (Conn, error) {\n}\n'
const REGISTER = 'func godebug_registerMetric(name string, read func() uint64) {\n}\n'
const READ = 'func readMetrics(samplesp unsafe.Pointer, len int, cap int) {\n}\n'

/** Writes the overlay for a Go of these files. Returns the names that it replaces or adds, below `src`, and their texts. */
async function overlayOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-overlay-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const root = path.join(folder, 'go')
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, 'src', name)), { recursive: true })
    await writeFile(path.join(root, 'src', name), text)
  }
  const toolchain = { go: 'go', root, version: 'go1.99', modules: '', flags: [] }
  const options = { registerers: [], hasMain: true, added: addedFile([], []) }
  const list = await writeOverlay({ toolchain, folder, work: folder, ...options })
  const { Replace } = JSON.parse(await readFile(list, 'utf8')) as { Replace: Record<string, string> }
  const texts = new Map<string, string>()
  for (const [name, file] of Object.entries(Replace)) {
    texts.set(path.relative(path.join(root, 'src'), name).replaceAll(path.sep, '/'), await readFile(file, 'utf8'))
  }
  return texts
}

test('files and lines that a Go lacks are left out, unless a plugin needs them', async t => {
  const least = { 'syscall/js/func.go': EVENT, 'net/dial.go': DIAL }
  const texts = await overlayOf(t, least)
  assert.match(texts.get('syscall/js/func.go')!, /SluiceEvent\(\)/)
  assert.match(texts.get('net/dial.go')!, /sluiceDial/)
  assert.equal(texts.has('plugin/plugin_stubs.go'), false)
  await assert.rejects(overlayOf(t, { 'net/dial.go': DIAL }), /there is no \S*func\.go: the sources of Go's library are needed/)
  const other = { ...least, 'syscall/js/func.go': 'package js\n' }
  await assert.rejects(overlayOf(t, other), /go1\.99 has another syscall\/js\/func\.go than this Sluice knows/)
  await assert.rejects(overlayOf(t, { ...least, 'net/dial.go': 'package net\n' }), /another net\/dial\.go/)
})

test('the added file has a name, and an import, that the package has not', () => {
  const plain = { name: 'zzzzzz_sluice.go', alias: 'sluicehttp' }
  assert.deepEqual(addedFile(['main.go', 'go.mod', 'zzzzzzzz.txt'], ['package main']), plain)
  assert.deepEqual(addedFile(['zzzzzz_sluice.go'], ['var sluicehttp_1, sluicehttp = 1, 2']), {
    name: 'zzzzzzz_sluice.go',
    alias: 'sluicehttp_2'
  })
  assert.ok(addedFile(['zzzzzzzzzz.go', 'a.go'], []).name > 'zzzzzzzzzz.go')
})

test('an added file and the lines that use it come together or not at all', async t => {
  const least = { 'syscall/js/func.go': EVENT, 'net/dial.go': DIAL }
  const added = 'runtime/zz_sluice.go'
  const whole = await overlayOf(t, { ...least, 'runtime/metrics.go': REGISTER + READ })
  assert.equal(whole.has(added), true)
  assert.match(whole.get('runtime/metrics.go')!, /sluiceLater[\s\S]*sluiceReadMetrics/)
  for (const text of [REGISTER, READ, '']) {
    const part = await overlayOf(t, { ...least, 'runtime/metrics.go': text })
    assert.equal(part.has(added), false, text)
    assert.equal(part.has('runtime/metrics.go'), false, text)
  }
})

test('a toolchain beneath GOMODCACHE builds the same plugin', needsGo, async t => {
  const root = spawnSync(GO!, ['env', 'GOROOT'], { encoding: 'utf8' }).stdout.trim()
  const out = await mkdtemp(path.join(tmpdir(), 'sluice-overlay-test-'))
  t.after(() => rm(out, { recursive: true }))
  const built: Buffer[] = []
  const before = process.env.GOMODCACHE
  try {
    for (const modules of [before, path.dirname(root)]) {
      if (modules !== undefined) process.env.GOMODCACHE = modules
      const { status, text } = await runBuild(path.join(FIXTURES, 'server-example'), '--out', `${out}/`)
      assert.equal(status, 0, text)
      built.push(await readFile(path.join(out, 'server-example.so.wasm')))
    }
  } finally {
    if (before === undefined) delete process.env.GOMODCACHE
    else process.env.GOMODCACHE = before
  }
  assert.deepEqual(built[1], built[0])
})
