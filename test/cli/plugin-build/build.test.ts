/** `sluice plugin build`: what it builds, and what it refuses with which words. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { FIXTURES, needsGo, runBuild } from '../../plugin/wasm/go-fixtures.js'

/** A folder with Go files, `go.mod` included, removed after the test. */
async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-build-test-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries({ 'go.mod': 'module x\n\ngo 1.21\n', ...files })) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), text)
  }
  return folder
}

const REGISTERER = 'var HandlerRegisterer = r{}\n\ntype r struct{}\n'

async function refused(t: TestContext, files: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  const folder = await folderOf(t, files)
  const before = await readdir(folder)
  const { status, text } = await runBuild(folder, ...args)
  assert.equal(status, 1, text)
  assert.deepEqual(await readdir(folder), before, 'nothing is left behind')
  return text.replaceAll(folder, 'DIR').trim()
}

test('cgo is refused with its line', needsGo, async t => {
  const main = `package main\n\n// #include <stdlib.h>\nimport "C"\n\n${REGISTERER}`
  assert.equal(
    await refused(t, { 'main.go': main }),
    'DIR: main.go:4 uses cgo; WebAssembly has no C library. A pure Go replacement is needed'
  )
})

test('what is no plugin is refused', needsGo, async t => {
  const none = 'DIR: no HandlerRegisterer, ClientRegisterer or ModifierRegisterer in package main of DIR'
  assert.equal(await refused(t, { 'main.go': 'package main\n\nfunc main() {}\n' }), none)
  assert.equal(await refused(t, { 'main.go': `package other\n\n${REGISTERER}` }), none)
  assert.match(await refused(t, {}), /^DIR: no Go files in/)
  assert.match(await refused(t, { 'go.mod': '', 'main.go': 'package main\n' }), /^DIR: /)
})

test('a folder without go.mod says what to do', needsGo, async t => {
  const folder = await folderOf(t, { 'main.go': `package main\n\n${REGISTERER}` })
  await rm(path.join(folder, 'go.mod'))
  const { status, text } = await runBuild(folder)
  assert.equal(status, 1)
  assert.match(text, /has no go\.mod: run `go mod init /)
})

test('what only Linux has is refused with the words of the compiler', needsGo, async t => {
  const main = `package main\n\nimport "syscall"\n\n${REGISTERER}\nfunc init() { syscall.Mount("", "", "", 0, "") }\n`
  const text = await refused(t, { 'main.go': main })
  assert.match(text, /main\.go:\d+:\d+: undefined: syscall\.Mount/)
  assert.match(text, /these exist on Linux only$/)
})

test('files that are left out for another system are named', needsGo, async t => {
  const main = `package main\n\n${REGISTERER}\nvar _ = where()\n`
  const other = 'package main\n\nfunc where() string { return "" }\n'
  const left =
    'left out by their names or `//go:build` lines: where_linux.go. WebAssembly is GOOS=js GOARCH=wasm; --tags gives tags'
  const text = await refused(t, { 'main.go': main, 'where_linux.go': other })
  assert.match(text, /main\.go:\d+:\d+: undefined: where\n/)
  assert.equal(text.split('\n').at(-1), left)
  const all = await refused(t, { 'where_linux.go': `package main\n\n${REGISTERER}` })
  assert.equal(all, `DIR: ${left}`)
})

test('a registerer of another signature is refused', needsGo, async t => {
  const main = `package main\n\n${REGISTERER}\nfunc (r) RegisterHandlers(f func(string)) {}\n\nvar MiddlewareRegisterer = 1\n`
  assert.equal(
    await refused(t, { 'main.go': main }),
    "DIR: HandlerRegisterer has no method RegisterHandlers of KrakenD's signature"
  )
})

test('without Go it says which is needed', async t => {
  const folder = await folderOf(t, { 'main.go': 'package main\n' })
  const { status, text } = await runBuild(folder, '--go', '/nowhere/go')
  assert.equal(status, 1)
  assert.match(text, /sluice plugin build needs Go 1\.21 or later on the PATH \(tried with 1\.\d+\.\d+\); https:\/\/go\.dev\/dl/)
})

test('a file in place of its folder says what to do', needsGo, async t => {
  const folder = await folderOf(t, { 'main.go': 'package main\n' })
  const { status, text } = await runBuild(path.join(folder, 'main.go'))
  assert.equal(status, 1)
  assert.ok(text.includes(`it is a file; the folder is expected: sluice plugin build ${folder}`), text)
})

test('the same source gives the same bytes, and its folder gets the result alone', needsGo, async t => {
  const hashes: string[] = []
  for (const name of ['one', 'two']) {
    const folder = path.join(await mkdtemp(path.join(tmpdir(), 'sluice-build-test-')), name)
    t.after(() => rm(path.dirname(folder), { recursive: true }))
    await cp(path.join(FIXTURES, 'server-example'), folder, { recursive: true })
    const { status, text } = await runBuild(folder)
    assert.equal(status, 0, text)
    assert.match(text, /MB, go1\.\d+/)
    assert.match(text, /\tHandlerRegisterer: server-example/)
    assert.deepEqual(await readdir(folder), ['go.mod', 'main.go', `${name}.so.wasm`])
    const bytes = await readFile(path.join(folder, `${name}.so.wasm`))
    hashes.push(createHash('sha256').update(bytes).digest('hex'))
  }
  assert.equal(hashes[0], hashes[1])
})

const SERVER = `package main

import (
	"context"
	"net/http"
)

var HandlerRegisterer = r{}

type r struct{}

func (r) RegisterHandlers(f func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {
	f(name(), func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) { return next, nil })
}
`
const NAMED = `${SERVER.replace('"context"\n', '"context"\n\t"lib"\n')}\nfunc name() string { return lib.Name }\n`
const LIB = { 'go.mod': 'module lib\n\ngo 1.21\n', 'lib.go': 'package lib\n\nconst Name = "of the library"\n' }

/** The files of a folder below another one. */
const below = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]))

test('a linked folder gives its own name to the result', needsGo, async t => {
  const folder = await folderOf(t, { 'main.go': `${SERVER}\nfunc name() string { return "linked" }\n` })
  const link = `${folder}-link`
  await symlink(folder, link)
  t.after(() => rm(link))
  const { status, text } = await runBuild(link)
  assert.equal(status, 0, text)
  assert.ok((await readdir(folder)).includes(`${path.basename(link)}.so.wasm`))
})

test('dependencies come from a replaced folder, or from vendor', needsGo, async t => {
  const mod = 'module x\n\ngo 1.21\n\nrequire lib v0.0.0\n'
  const replaced = await folderOf(t, {
    'plugin/main.go': NAMED,
    'plugin/go.mod': `${mod}\nreplace lib => ../lib\n`,
    ...below('lib', LIB)
  })
  const vendored = await folderOf(t, {
    'main.go': NAMED,
    'go.mod': mod,
    'vendor/lib/lib.go': LIB['lib.go'],
    'vendor/modules.txt': '# lib v0.0.0\n## explicit; go 1.21\nlib\n'
  })
  for (const folder of [path.join(replaced, 'plugin'), vendored]) {
    const { status, text } = await runBuild(folder)
    assert.equal(status, 0, text)
    assert.match(text, /\tHandlerRegisterer: of the library/)
  }
})

/** Builds with these variables of the environment. */
async function buildWith(environment: NodeJS.ProcessEnv, ...args: string[]): ReturnType<typeof runBuild> {
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    return await runBuild(...args)
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

test('names that collide, odd folders, flags that Go has kept and a workspace above', needsGo, async t => {
  const above = await folderOf(t, {
    ...below('größe mit raum', {
      'go.mod': 'module x\n\ngo 1.21\n',
      'main.go': `${SERVER}\nvar version = "none"\n\nconst sluicehttp = "named"\n\nfunc name() string { return sluicehttp + version }\n`,
      'zzzzzz_sluice.go': 'package main\n\nfunc init() { version += "!" }\n'
    }),
    goenv: 'GOFLAGS=-race -ldflags=-X=main.version=7\n'
  })
  const folder = path.join(above, 'größe mit raum')
  const kept = { GOENV: path.join(above, 'goenv'), GOFLAGS: '' }
  const built = await buildWith(kept, folder, '--out', `${above}/out dir/`)
  assert.equal(built.status, 0, built.text)
  assert.match(built.text, /HandlerRegisterer: named7!/)
  assert.deepEqual(await readdir(path.join(above, 'out dir')), ['größe mit raum.so.wasm'])
  await mkdir(path.join(above, 'other'))
  await writeFile(path.join(above, 'other', 'go.mod'), 'module other\n\ngo 1.21\n')
  for (const workspace of ['go 1.21\n', 'go 1.21\n\nuse ./other\n']) {
    await writeFile(path.join(above, 'go.work'), workspace)
    const outside = await buildWith(kept, folder)
    assert.equal(outside.status, 1)
    assert.match(outside.text, /a go\.work above does not name this folder: `go work use .*`, or GOWORK=off for this build/)
  }
  const refusals: [env: NodeJS.ProcessEnv, out: string, words: RegExp][] = [
    [{ GOFLAGS: '-overlay=mine.json' }, `${above}/out dir/`, /GOFLAGS has -overlay, which sluice plugin build needs for itself/],
    [{}, `${above}/goenv/x/`, /goenv\/x\/größe mit raum\.so\.wasm cannot be written: ENOTDIR/]
  ]
  for (const [env, out, words] of refusals) {
    const { status, text } = await buildWith({ GOWORK: 'off', ...env }, folder, '--out', out)
    assert.equal(status, 1)
    assert.match(text, words)
  }
})

test('--tags chooses files, and several folders are built into a new one', needsGo, async t => {
  const folder = await folderOf(t, {
    ...below('one', {
      'go.mod': 'module one\n\ngo 1.21\n',
      'main.go': SERVER,
      'a.go': '//go:build !special\n\npackage main\n\nfunc name() string { return "plain" }\n',
      'b.go': '//go:build special\n\npackage main\n\nfunc name() string { return "special" }\n'
    }),
    ...below('two', { 'go.mod': 'module two\n\ngo 1.21\n', 'main.go': `${SERVER}\nfunc name() string { return "two" }\n` })
  })
  const [one, two, out] = ['one', 'two', 'new/place'].map(name => path.join(folder, name)) as [string, string, string]
  const { status, text } = await runBuild(one, two, '--out', `${out}/`, '--tags', 'special')
  assert.equal(status, 0, text)
  assert.deepEqual(text.match(/HandlerRegisterer: .*/g), ['HandlerRegisterer: special', 'HandlerRegisterer: two'])
  assert.deepEqual(await readdir(out), ['one.so.wasm', 'two.so.wasm'])
  const plain = await runBuild(one, '--out', `${out}/`)
  assert.match(plain.text, /HandlerRegisterer: plain/)
})
