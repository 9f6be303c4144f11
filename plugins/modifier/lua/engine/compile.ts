/** From sources to a program: parsed and checked at once, made to JavaScript for the way it runs. */
import vmModule from 'node:vm'
import { DEFAULT_LIMITS } from './default-limits.js'
import { generate } from './generate/generate.js'
import { holdsAsync } from './host.js'
import { type LuaLibraries, librariesFor } from './libraries.js'
import type { ChunkMain, LuaLimits, RunnableProgram, Variant } from './program.js'
import { LuaRun } from './run.js'
import type { RunOptions } from './running.js'
import { RUNTIME, RUNTIME_NAMES } from './runtime.js'
import { type Slices, slices } from './slices.js'
import { bufferToLua, textToLua } from './strings.js'
import type { FunctionExpression, LuaSource } from './syntax/ast.js'
import { parseChunk } from './syntax/parser.js'
import { Mentioned } from './syntax/parser-expressions.js'
import { nextFile, registerChunk } from './syntax/positions.js'
import { LuaSyntaxError } from './syntax/syntax-error.js'
import { LuaTable, type LuaValue } from './values.js'

export interface LuaOptions {
  readonly libraries?: LuaLibraries
  /** Globals of the host, shared by all runs. Tables are copied for a script that writes into them. */
  readonly globals?: Readonly<Record<string, LuaValue>>
  readonly limits?: Partial<LuaLimits>
  /** Receives the text of `print`. */
  readonly print?: (text: string) => void
  /** Short runs in a row that can pause, after which a program is made of plain functions; 0: it is from the first. */
  readonly trialRuns?: number
  /** Turns that runs take, with their clock; tests give their own. Default: those of all scripts. */
  readonly slices?: Slices
}

/** Default of {@link LuaOptions.trialRuns}. */
const TRIAL_RUNS = 20
/** How many times as many there are after a plain run that computed long. */
const MORE_TRIALS = 50

/** With one of these a script can reach globals that its text does not name. */
const WIDE = ['_G', 'getfenv', 'setfenv', 'load', 'loadstring', 'dofile', 'module', 'require', 'package', 'debug']

/** First runs, which JavaScript interprets or compiles while they run. */
const COLD_RUNS = 20

/** Functions that write into tables which they are given. */
const WRITERS = ['rawset', 'setmetatable', 'table']

/** Compiles chunks that share their globals. @throws LuaSyntaxError with `source` */
export function compileLua(sources: readonly LuaSource[], options: LuaOptions = {}): LuaProgram {
  const mentioned = new Mentioned()
  const chunks = sources.map(source => {
    try {
      return {
        source,
        chunkName: source.chunkName ?? '<string>',
        tree: parseChunk(bytesOf(source.text), source.chunkName ?? '<string>', mentioned)
      }
    } catch (error) {
      throw located(error, source)
    }
  })
  return new LuaProgram(chunks, mentioned, options)
}

function located(error: unknown, source: LuaSource): unknown {
  if (error instanceof RangeError)
    return located(
      new LuaSyntaxError(`${source.chunkName ?? '<string>'}: nested too deeply`, { line: 1, column: 0 }, 'nested too deeply'),
      source
    )
  if (error instanceof LuaSyntaxError) error.source = source
  return error
}

function bytesOf(text: string | Uint8Array): string {
  return typeof text === 'string' ? textToLua(text) : bufferToLua(text)
}

interface Chunk {
  readonly source: LuaSource
  readonly chunkName: string
  readonly tree: FunctionExpression
}

export class LuaProgram implements RunnableProgram {
  readonly limits: LuaLimits
  readonly print: (text: string) => void
  readonly slices: Slices
  /** Whether a script can reach what its text does not name. */
  readonly wide: boolean
  readonly reachesMetatables: boolean
  /** Whether a run needs its own copies of shared tables. */
  private readonly writesTables: boolean
  readonly libraries: LuaLibraries
  readonly environments: boolean
  readonly mentioned: Mentioned
  private readonly chunks: readonly Chunk[]
  private readonly host: ReadonlyMap<string, LuaValue>
  private readonly variants: (Variant | undefined)[] = []
  readonly mayWait: boolean
  private readonly pauses: boolean
  private trials: number
  /** Short runs in a row. */
  private short = 0
  readonly took = new Map<number, number>()
  /** By way to run: with plain functions, with generators. */
  private readonly runs = [0, 0]

  constructor(chunks: readonly Chunk[], mentioned: Mentioned, options: LuaOptions) {
    const {
      globals = {},
      libraries = 'closed',
      limits,
      print = text => process.stdout.write(Buffer.from(text, 'latin1')),
      trialRuns = TRIAL_RUNS
    } = options
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.print = print
    this.slices = options.slices ?? slices
    this.chunks = chunks
    this.mentioned = mentioned
    this.libraries = libraries
    const { texts, variables } = mentioned
    this.wide = WIDE.some(name => variables.has(name))
    this.reachesMetatables = this.wide || variables.has('getmetatable')
    this.writesTables = this.reachesMetatables || mentioned.writes || WRITERS.some(name => variables.has(name))
    this.environments = ['setfenv', 'getfenv', 'module'].some(name => texts.has(name))
    this.host = new Map([...librariesFor(libraries), ...Object.entries(globals)])
    this.mayWait = variables.has('coroutine') || (this.wide && texts.has('coroutine')) || this.namesAsync(globals)
    this.pauses = this.mayWait || this.limits.cpuMs > this.limits.blockMs
    this.trials = trialRuns
    this.variant()
  }

  private namesAsync(globals: Readonly<Record<string, LuaValue>>): boolean {
    return Object.entries(globals).some(([name, value]) => (this.wide || this.mentioned.variables.has(name)) && holdsAsync(value))
  }

  /** Whether scripts run as generators, which can pause and wait. */
  get resumable(): boolean {
    return this.pauses || this.short < this.trials
  }

  get cold(): boolean {
    return this.runs[this.resumable ? 1 : 0]! <= COLD_RUNS
  }

  note(short: boolean): void {
    this.short = short ? this.short + 1 : 0
  }

  slowDown(): void {
    if (this.resumable) return
    this.short = 0
    this.trials = Math.max(this.trials, TRIAL_RUNS) * MORE_TRIALS
  }

  /** Begins a run with globals of its own. `context` is what host functions get from `context()`. */
  start(context?: unknown, options?: RunOptions): LuaRun {
    this.runs[this.resumable ? 1 : 0]!++
    return new LuaRun(this, this.variant(), context, options)
  }

  private variant(): Variant {
    const { resumable } = this
    const at = resumable ? 1 : 0
    this.variants[at] ??= this.make(resumable)
    return this.variants[at]
  }

  private make(resumable: boolean): Variant {
    const slots = new Map<string, number>()
    if (this.wide) for (const name of ['_G', ...this.host.keys()]) slots.set(name, slots.size)
    const mains = this.chunks.map(({ tree, chunkName, source }) => {
      try {
        return evaluate(
          tree,
          { chunkName, resumable, environments: this.environments, slots, runtimeNames: RUNTIME_NAMES },
          source
        )
      } catch (error) {
        throw located(error, source)
      }
    })
    const names = [...slots.keys()]
    const globals = new LuaTable(
      [],
      names,
      names.map(name => this.host.get(name))
    )
    globals.makeIndex()
    const forks = this.writesTables ? globals.values.flatMap((value, i) => (value instanceof LuaTable ? [i] : [])) : []
    return { resumable, mains, globals, forks, self: slots.get('_G') ?? -1 }
  }

  /** Compiles a chunk that a script made. */
  load(text: string, chunkName: string, resumable: boolean): ChunkMain {
    const tree = parseChunk(text, chunkName)
    return evaluate(
      tree,
      { chunkName, resumable, environments: this.environments, slots: undefined, runtimeNames: RUNTIME_NAMES },
      undefined
    )
  }
}

function evaluate(tree: FunctionExpression, options: Parameters<typeof generate>[1], source: LuaSource | undefined): ChunkMain {
  const { code, marks } = generate(tree, options)
  const file = nextFile()
  const map = { chunkName: options.chunkName, marks, source }
  registerChunk(file, map)
  const make = vmModule.compileFunction(code, ['R'], { filename: file }) as (runtime: typeof RUNTIME) => ChunkMain
  // what runs keeps the map of its lines
  return Object.assign(make(RUNTIME), { map })
}
