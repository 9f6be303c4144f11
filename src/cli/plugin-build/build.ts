/**
 * `sluice plugin build DIR…`: compiles Go plugins of KrakenD from their unchanged source, to files that fit every platform.
 *
 * The author's folder is read and not written, but for the result itself. Go's own cache keeps what was compiled.
 */

import { access, constants, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { BORDER_VERSION, withProgram } from '../../plugin/wasm/go-host/go-sections.js'
import { type Arguments, UsageError } from '../arguments.js'
import { Progress } from '../progress.js'
import type { Terminal } from '../terminal.js'
import { cgoFault, compileFault, leftOut } from './compile-faults.js'
import { linkerFlags } from './go-flags.js'
import { REGISTERERS, type Registerer, symbolsOf } from './go-symbols.js'
import { type AddedFile, addedFile, writeOverlay } from './overlay.js'
import {
  BuildFault,
  findToolchain,
  listPackage,
  outsideOfModules,
  readWasmExec,
  runGo,
  staysItself,
  type Toolchain,
  tagged
} from './toolchain.js'
import { tryStart } from './trial-start.js'

/** What a package has, as far as it counts. */
interface PluginSource {
  readonly module: string
  readonly registerers: readonly Registerer[]
  readonly hasMain: boolean
  readonly added: AddedFile
  /** What the operator should know. */
  readonly warnings: readonly string[]
}

/** Builds each folder. Returns 0 when all were built, 1 otherwise. */
export async function buildPlugins(args: Arguments, terminal: Terminal): Promise<number> {
  const [, ...folders] = args.operands
  if (folders.length === 0) throw new UsageError('at least one folder is expected: plugin build DIR…', 'plugin')
  const out = args.text('out')
  if (folders.length > 1 && out !== undefined && !out.endsWith('/') && !(await isFolder(out))) {
    throw new UsageError(`--out ${out}: a folder is expected for several plugins, a new one ends in /`, 'plugin')
  }
  let failed = 0
  const progress = new Progress(terminal, folders.length, { showsSingle: true })
  for (const folder of folders) {
    await progress.step(`compiling ${folder}; the first build of a machine takes a minute`)
    try {
      await buildOne(folder, { out, tags: args.text('tags') ?? '', go: args.text('go') ?? 'go' }, terminal)
    } catch (error) {
      if (!(error instanceof BuildFault)) throw error
      failed++
      terminal.error(`${folder}: ${error.message}`)
    }
  }
  progress.end()
  return failed === 0 ? 0 : 1
}

interface BuildOptions {
  readonly out: string | undefined
  readonly tags: string
  readonly go: string
}

async function buildOne(given: string, { out, tags, go }: BuildOptions, terminal: Terminal): Promise<void> {
  const folder = await folderOf(given)
  const toolchain = await findToolchain(go, folder)
  const source = await inspectSource(toolchain, folder, tags, given)
  const file = await targetOf(given, out)
  await checkTarget(file)
  const work = await mkdtemp(path.join(tmpdir(), 'sluice-build-'))
  try {
    const bytes = await compile({ toolchain, folder, source, tags, work })
    const trial = await tryStart(path.basename(file), bytes)
    if (trial.faults.length > 0) throw new BuildFault(trial.faults.join('\n'))
    await write(file, bytes)
    terminal.success(`${path.relative('', file) || file}  ${(bytes.length / 1e6).toFixed(1)} MB, ${toolchain.version}`)
    for (const { symbol, names } of trial.registered) terminal.print(`\t${symbol}: ${names.join(', ')}`)
    for (const warning of [...source.warnings, ...trial.warnings]) terminal.note(`\twarning: ${warning}`)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function folderOf(given: string): Promise<string> {
  const found = await stat(given).catch(() => undefined)
  if (found === undefined) throw new BuildFault('there is no such folder')
  if (!found.isDirectory())
    throw new BuildFault(`it is a file; the folder is expected: sluice plugin build ${path.dirname(given)}`)
  return realpath(given)
}

const isFolder = (name: string): Promise<boolean> =>
  stat(name).then(
    found => found.isDirectory(),
    () => false
  )

/** Beside the source, or what `--out` says; under the name of the folder as it was given, which may be a link. */
async function targetOf(given: string, out: string | undefined): Promise<string> {
  const folder = path.resolve(given)
  const name = `${path.basename(folder)}.so.wasm`
  if (out === undefined) return path.join(folder, name)
  return out.endsWith('/') || (await isFolder(out)) ? path.join(out, name) : out
}

/** The build takes a while: that its result can be written is asked before. @throws BuildFault */
async function checkTarget(file: string): Promise<void> {
  let folder = path.dirname(file)
  for (;;) {
    try {
      if (!(await stat(folder)).isDirectory()) throw new BuildFault(`${file} cannot be written: ${folder} is no folder`)
      return await access(folder, constants.W_OK)
    } catch (error) {
      if (error instanceof BuildFault) throw error
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(file, error)
    }
    // folders that are missing are made
    folder = path.dirname(folder)
  }
}

const unwritable = (file: string, cause: unknown): BuildFault =>
  new BuildFault(`${file} cannot be written: ${(cause as Error).message}; --out names another place`)

/** Reads which registerers there are. @throws BuildFault for what is no plugin */
async function inspectSource(toolchain: Toolchain, folder: string, tags: string, given: string): Promise<PluginSource> {
  const listed = await listPackage(toolchain, folder, tags)
  if (listed.files.length === 0) {
    throw new BuildFault(cgoFault(folder, listed.ignored, '') ?? leftOut(listed) ?? listed.error ?? `no Go files in ${given}`)
  }
  if (listed.name === '') throw new BuildFault(listed.error ?? `no package in ${given}`)
  const variables = new Set<string>()
  let hasMain = false
  let namesZones = false
  const texts = await Promise.all(listed.files.map(file => readFile(path.join(folder, file), 'utf8')))
  for (const text of texts) {
    const symbols = symbolsOf(text)
    for (const name of symbols.variables) variables.add(name)
    hasMain ||= symbols.hasMain
    namesZones ||= text.includes('time.LoadLocation')
  }
  const registerers = REGISTERERS.filter(name => variables.has(name))
  if (listed.name !== 'main' || registerers.length === 0) {
    const cgo = cgoFault(folder, listed.ignored, '')
    throw new BuildFault(cgo ?? `no ${REGISTERERS.slice(0, 2).join(', ')} or ${REGISTERERS[2]} in package main of ${given}`)
  }
  const warnings: string[] = []
  if (variables.has('MiddlewareRegisterer')) {
    warnings.push('MiddlewareRegisterer belongs to KrakenD Enterprise and is left out')
  }
  if (namesZones && !tags.split(',').includes('timetzdata')) {
    warnings.push('it names time zones: where the gateway runs without zoneinfo files, build with --tags timetzdata')
  }
  const added = addedFile(await readdir(folder), texts)
  return { module: listed.module, registerers, hasMain, added, warnings }
}

interface CompileOptions {
  readonly toolchain: Toolchain
  readonly folder: string
  readonly source: PluginSource
  readonly tags: string
  readonly work: string
}

/** Returns the module with its sections. @throws BuildFault with what the compiler says */
async function compile({ toolchain, folder, source, tags, work }: CompileOptions): Promise<Buffer> {
  const { registerers, hasMain, module, added } = source
  const compiler = await outsideOfModules(toolchain, work)
  const overlay = await writeOverlay({ toolchain: compiler, folder, registerers, hasMain, added, work })
  const result = path.join(work, 'plugin.wasm')
  // the same source gives the same bytes: no paths, no state of a repository
  const linker = `-s -w ${linkerFlags(toolchain.flags)}`.trim()
  const fixed = ['-trimpath', '-buildvcs=false', '-ldflags', linker, '-o', result]
  const args = ['build', '-overlay', overlay, ...fixed, ...tagged(tags), '.']
  const built = await runGo(compiler, args, folder, compiler === toolchain ? {} : staysItself(compiler))
  if (built.status !== 0) {
    throw new BuildFault(compileFault(built.stderr, folder, await listPackage(toolchain, folder, tags)))
  }
  const facts = { border: BORDER_VERSION, go: toolchain.version, module, registerers }
  return withProgram(await readFile(result), { facts, exec: await readWasmExec(toolchain, folder) })
}

/** A gateway that starts meanwhile finds the old file or the new one. */
async function write(file: string, bytes: Buffer): Promise<void> {
  const beside = `${file}.${process.pid}`
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(beside, bytes)
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw unwritable(file, error)
  }
}
