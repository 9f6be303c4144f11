/**
 * The JavaScript that a Go module sees. Go's `wasm_exec.js` runs as a function with a `globalThis` of its own: it defines its class
 * there, and nothing of the gateway's realm is changed. Files and working directory are the gateway's: a Go plugin is trusted code, as a
 * `.so` is.
 */

import { webcrypto } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { compileFunction } from 'node:vm'
import type { WasmImports, WasmInstance } from '../web-assembly.js'

/** What `wasm_exec.js` makes: Go's half of the runtime that is written in JavaScript. */
export interface GoRuntime {
  argv: string[]
  env: Readonly<Record<string, string>>
  exit: (code: number) => void
  readonly importObject: WasmImports & { sluice?: Readonly<Record<string, unknown>> }
  /** The program has ended. */
  readonly exited?: boolean
  _pendingEvent: object | null
  _resume: () => void
  _makeFuncWrapper: (id: number) => (...args: unknown[]) => unknown
  /** Runs until all goroutines wait; the promise ends with the program. */
  run(instance: WasmInstance): Promise<void>
}

/** What a world tells its instance. */
export interface WorldOwner {
  /** Runs what a timer of Go asked for. */
  onTimer(work: () => void): void
  /** The runtime itself writes: a panic's text and stack, or what `println` prints. */
  onTrace(text: string): void
  /** The plugin writes to its standard output (1) or error output (2). */
  onOutput(fd: 1 | 2, bytes: Uint8Array): void
}

/** Makes runtimes of one `wasm_exec.js`. */
export type GoRuntimeFactory = (owner: WorldOwner) => GoRuntime

const NAMES = ['globalThis', 'fs', 'process', 'path', 'crypto', 'performance', 'console', 'setTimeout', 'clearTimeout']

/** Compiles `wasm_exec.js` once. @throws SyntaxError when it is none */
export function compileRuntime(exec: string, file: string): GoRuntimeFactory {
  const body = compileFunction(exec, NAMES, { filename: `${file}/wasm_exec.js` })
  return owner => {
    const world: Record<string, unknown> = {
      fs: filesFor(owner),
      process: PROCESS,
      path,
      crypto: webcrypto,
      performance,
      console: consoleFor(owner),
      setTimeout: (work: () => void, ms: number) => setTimeout(() => owner.onTimer(work), ms).unref(),
      clearTimeout,
      ...STANDARD
    }
    world.globalThis = world
    body(...NAMES.map(name => world[name]))
    return new (world.Go as new () => GoRuntime)()
  }
}

/** What Go's own packages, and plugins that use syscall/js, look up by name. */
const STANDARD = {
  TextEncoder,
  TextDecoder,
  Object,
  Array,
  Uint8Array,
  Uint8ClampedArray,
  ArrayBuffer,
  DataView,
  Date,
  Error,
  TypeError,
  Promise,
  Map,
  Set,
  JSON,
  Math,
  Number,
  String,
  Boolean,
  Symbol,
  Reflect,
  RegExp
}

/** The process as Go asks for it. Its name is not node's: net/http would use a network of its own then. */
const PROCESS = Object.freeze({
  argv0: 'sluice',
  pid: process.pid,
  ppid: process.ppid,
  cwd: () => process.cwd(),
  chdir: (folder: string) => process.chdir(folder),
  umask: () => process.umask(),
  getuid: () => process.getuid?.() ?? -1,
  getgid: () => process.getgid?.() ?? -1,
  geteuid: () => process.geteuid?.() ?? -1,
  getegid: () => process.getegid?.() ?? -1,
  getgroups: () => process.getgroups?.() ?? []
})

type Written = (error: Error | null, length: number) => void

/** Node's files; the standard outputs go to the owner. */
function filesFor(owner: WorldOwner): object {
  const decoder = new TextDecoder()
  return {
    ...fs,
    writeSync(fd: number, bytes: Uint8Array): number {
      if (fd > 2) return fs.writeSync(fd, bytes)
      owner.onTrace(decoder.decode(bytes, { stream: true }))
      return bytes.length
    },
    write(
      fd: number,
      bytes: Uint8Array,
      ...rest: [offset: number, length: number, position: number | null, done: Written]
    ): void {
      const [offset, length, position, done] = rest
      if (fd !== 1 && fd !== 2) return fs.write(fd, bytes, offset, length, position, done)
      owner.onOutput(fd, bytes.subarray(offset, offset + length))
      done(null, length)
    }
  }
}

function consoleFor(owner: WorldOwner): object {
  const print = (...values: unknown[]): void => owner.onOutput(2, Buffer.from(`${values.map(String).join(' ')}\n`))
  return { log: print, warn: print, error: print, info: print, debug: print }
}

/** bytes; the area that Go reads its arguments and environment from holds 8 KiB. */
const ENVIRONMENT_BYTES = 7000

/** What Go's runtime is tuned with: a collector that runs less often, stacks that keep their size. */
const TUNED: Readonly<Record<string, string>> = { GOGC: '400', GODEBUG: 'gcshrinkstackoff=1' }

/** Splits an environment into what fits into Go's area and what the module asks for at its start, `A=1\0B=2`. */
export function splitEnvironment(env: NodeJS.ProcessEnv, memoryLimit: number): { first: Record<string, string>; rest: string } {
  const first: Record<string, string> = {}
  const rest: string[] = []
  let size = 0
  const all = { ...TUNED, GOMEMLIMIT: String(Math.floor(memoryLimit * 0.9)), ...env }
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined || value.includes('\0')) continue
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + 24
    if (size + bytes > ENVIRONMENT_BYTES) rest.push(`${name}=${value}`)
    else {
      first[name] = value
      size += bytes
    }
  }
  return { first, rest: rest.join('\0') }
}
