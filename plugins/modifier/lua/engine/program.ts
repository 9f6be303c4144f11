/** A compiled program, as a run sees it. */
import type { LuaLibraries } from './libraries.js'
import type { Slices } from './slices.js'
import type { LuaFunction, LuaTable, LuaValue } from './values.js'

export interface LuaLimits {
  /** Milliseconds that a run may compute. Waiting does not count. */
  readonly cpuMs: number
  /** Milliseconds that a script may hold up others. With a larger `cpuMs` programs are made so that they can pause. */
  readonly blockMs: number
  /** Milliseconds after which a program that can pause lets others go on. */
  readonly sliceMs: number
  /** Steps: calls, iterations, work of library functions. */
  readonly fuel: number
  /** Bytes that strings, tables and closures of a run may ask for; at most 1 GiB. */
  readonly memoryBytes: number
  /** Nested calls. */
  readonly depth: number
}

/** The body of a chunk: runs over a table of globals. */
export interface ChunkMain {
  (globals: LuaTable, ...args: LuaValue[]): unknown
  /** In programs with environments: makes the body as a function whose environment can be set. */
  readonly make?: (globals: LuaTable) => LuaFunction
}

/** A program made for one way to run: with plain functions, or with generators. */
export interface Variant {
  readonly resumable: boolean
  readonly mains: readonly ChunkMain[]
  /** Globals of a new run: keys are shared, values copied, tables among them forked. */
  readonly globals: LuaTable
  readonly forks: readonly number[]
  /** Place of `_G`, or -1. */
  readonly self: number
}

export interface RunnableProgram {
  readonly limits: LuaLimits
  readonly libraries: LuaLibraries
  readonly print: (text: string) => void
  /** When runs may compute, and the clock that measures them. */
  readonly slices: Slices
  /** Whether a script can reach tables that its text does not name. */
  readonly reachesMetatables: boolean
  /** By chunk: milliseconds that its last run computed. */
  readonly took: Map<number, number>
  /** Whether JavaScript has not compiled it yet: such runs get twice the time. */
  readonly cold: boolean
  /** Whether the text names what waits or yields. */
  readonly mayWait: boolean
  /** Counts a slice of a run that can pause. After many short ones in a row, runs are made of plain functions. */
  note(short: boolean): void
  /** From now on runs of this program pause: one has computed too long. */
  slowDown(): void
  /** Compiles a chunk that a script made. @throws LuaSyntaxError */
  load(text: string, chunkName: string, resumable: boolean): ChunkMain
}
