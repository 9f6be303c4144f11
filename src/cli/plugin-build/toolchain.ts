/** The Go that compiles a plugin: that of the author's folder, which its go.mod may choose. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { hasOverlay, readGoFlags, writeGoFlags } from './go-flags.js'

/** Why a plugin cannot be built; the message is for people and may have several lines. */
export class BuildFault extends Error {}

/** The Go that this Sluice was tried with last. */
const TRIED = '1.26.8'
const LOWEST_MINOR = 21

export interface Toolchain {
  /** The command. */
  readonly go: string
  readonly root: string
  /** `go1.26.8` */
  readonly version: string
  /** The folder that modules, and other toolchains, are downloaded to. */
  readonly modules: string
  /** The author's GOFLAGS, as far as they go with WebAssembly. */
  readonly flags: readonly string[]
}

export interface CommandResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A command, and the flags that it has by itself. */
type GoCommand = Pick<Toolchain, 'go' | 'flags'>

/** Runs a command in a folder, as for WebAssembly. @throws BuildFault when there is no such command */
export function runGo(
  { go, flags }: GoCommand,
  args: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = {}
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const fixed = { PWD: folder, GOOS: 'js', GOARCH: 'wasm', CGO_ENABLED: '0', GOFLAGS: writeGoFlags(flags) }
    const child = spawn(go, args, {
      cwd: folder,
      env: { ...process.env, ...fixed, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const out: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    child.on('error', () => reject(new BuildFault(noGo(undefined))))
    child.on('close', status =>
      resolve({ status: status ?? 1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(errors).toString() })
    )
  })
}

function noGo(found: string | undefined): string {
  const which = found === undefined ? '' : `, this is ${found}`
  return `sluice plugin build needs Go 1.${LOWEST_MINOR} or later on the PATH (tried with ${TRIED})${which}; https://go.dev/dl`
}

/** Finds the Go of a folder. @throws BuildFault */
export async function findToolchain(go: string, folder: string): Promise<Toolchain> {
  const flags = await authorFlags(go, folder)
  const { status, stdout, stderr } = await runGo({ go, flags }, ['env', 'GOROOT', 'GOVERSION', 'GOMODCACHE'], folder)
  if (status !== 0) throw new BuildFault(stderr.trim())
  const [root = '', version = '', modules = ''] = stdout.trim().split(/\r?\n/)
  const minor = /^go1\.(\d+)/.exec(version)?.[1]
  if (minor !== undefined && Number(minor) < LOWEST_MINOR) throw new BuildFault(noGo(version))
  if (modules === '') throw new BuildFault('Go has no folder for what it keeps: set HOME, or GOPATH and GOCACHE')
  return { go, root, version, modules, flags }
}

/** GOFLAGS of the environment, or those that `go env -w` has kept. */
async function authorFlags(go: string, folder: string): Promise<readonly string[]> {
  const given = process.env.GOFLAGS ?? ''
  // of an empty text Go takes what it has kept; `go env` itself is no build
  const text =
    given.trim() === '' ? (await runGo({ go, flags: [] }, ['env', 'GOFLAGS'], folder, { GOFLAGS: given })).stdout : given
  const flags = readGoFlags(text)
  if (hasOverlay(flags))
    throw new BuildFault('GOFLAGS has -overlay, which sluice plugin build needs for itself: unset it for this build')
  return flags
}

/**
 * Returns a toolchain whose files an overlay may replace. Go 1.25 and later replace none beneath GOMODCACHE, where toolchains lie that a
 * go.mod or GOTOOLCHAIN chose: these are started through a link in `work`.
 */
export async function outsideOfModules(toolchain: Toolchain, work: string): Promise<Toolchain> {
  const within = path.relative(toolchain.modules, toolchain.root)
  if (toolchain.modules === '' || within.startsWith('..') || path.isAbsolute(within)) return toolchain
  const root = path.join(work, 'goroot')
  await symlink(toolchain.root, root, 'junction')
  return { ...toolchain, go: path.join(root, 'bin', 'go'), root }
}

/** What makes `go` of {@link outsideOfModules} stay what it is. */
export const staysItself = ({ root }: Toolchain): NodeJS.ProcessEnv => ({ GOROOT: root, GOTOOLCHAIN: 'local' })

/**
 * Reads `wasm_exec.js` of a Go. Toolchains before 1.24 that came through the module proxy have none: then it is that of the Go that
 * was started, which differs in nothing that counts.
 */
export async function readWasmExec(toolchain: Toolchain, folder: string): Promise<string> {
  const local = await runGo(toolchain, ['env', 'GOROOT'], folder, { GOTOOLCHAIN: 'local' })
  for (const root of [toolchain.root, local.stdout.trim()]) {
    for (const where of ['lib/wasm', 'misc/wasm']) {
      const file = path.join(root, where, 'wasm_exec.js')
      if (existsSync(file)) return readFile(file, 'utf8')
    }
  }
  throw new BuildFault(
    `${toolchain.version} has no lib/wasm/wasm_exec.js in ${toolchain.root}: install Go from https://go.dev/dl`
  )
}

/** What `go list` says of a folder. */
export interface GoPackage {
  readonly name: string
  readonly files: readonly string[]
  /** Left out by constraints, or because they use cgo. */
  readonly ignored: readonly string[]
  /** Path of the module; `main` without one. */
  readonly module: string
  readonly error: string | undefined
}

interface Listed {
  readonly Name?: string
  readonly GoFiles?: readonly string[]
  readonly IgnoredGoFiles?: readonly string[]
  readonly Module?: { readonly Path?: string }
  readonly Error?: { readonly Err?: string }
}

/** Asks for the package of a folder. @throws BuildFault when it has none */
export async function listPackage(toolchain: GoCommand, folder: string, tags: string): Promise<GoPackage> {
  const fields = '-json=Name,GoFiles,IgnoredGoFiles,Module,Error'
  const { status, stdout, stderr } = await runGo(toolchain, ['list', '-e', fields, ...tagged(tags), '.'], folder)
  if (status !== 0 || stdout.trim() === '') throw new BuildFault(moduleFault(stderr.trim(), folder))
  const { Name = '', GoFiles = [], IgnoredGoFiles = [], Module, Error: fault } = JSON.parse(stdout) as Listed
  if (GoFiles.length === 0 && IN_WORKSPACE.test(fault?.Err ?? '')) throw new BuildFault(moduleFault(fault!.Err!, folder))
  return { name: Name, files: GoFiles, ignored: IgnoredGoFiles, module: Module?.Path ?? 'main', error: fault?.Err }
}

/** What Go says of a folder beneath a `go.work` that does not name it. */
const IN_WORKSPACE = /current workspace|workspace modules listed in go\.work/

function moduleFault(text: string, folder: string): string {
  if (IN_WORKSPACE.test(text)) {
    return `${text}\na go.work above does not name this folder: \`go work use ${folder}\`, or GOWORK=off for this build`
  }
  if (!text.includes('go.mod file not found')) return text
  return `${folder} has no go.mod: run \`go mod init ${path.basename(folder)}\` there, as for \`go build\``
}

export const tagged = (tags: string): readonly string[] => (tags === '' ? [] : ['-tags', tags])
