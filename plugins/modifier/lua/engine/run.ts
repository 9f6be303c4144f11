/**
 * One run of a program: its globals, what it may use, and the driver that lets it wait and pause.
 * Over 300 lines: the meter of the machine and the driver work on the same counts.
 */
import { all, PAUSE, settle, Wait } from './calls.js'
import { asLuaError, errorAt, LIMIT_TEXTS, type LuaLimit, limitError } from './errors.js'
import { stringTable } from './libraries.js'
import { loadChunk } from './load-chunk.js'
import { restoreMachine, type SavedMachine, saveMachine } from './machine-state.js'
import type { TypeMetatables } from './metatables.js'
import type { ChunkMain, RunnableProgram, Variant } from './program.js'
import {
  BUSY_PATIENCE,
  LONG_MS,
  MEMORY_PORTION,
  NOTED_MS,
  QUANTUM_WHEN_TIRED,
  SHARE_MS,
  SHORT_MS,
  SHORT_STEPS,
  SLOW_MS,
  SLOW_STEPS
} from './run-measures.js'
import { RunTables } from './run-tables.js'
import type { RunningScript, RunOptions } from './running.js'
import { BOUNDARY } from './syntax/positions.js'
import { untilEnd } from './until-end.js'
import type { LuaFunction, LuaTable, LuaValue } from './values.js'
import { LONGEST_TEXT, type VirtualMachine, vm } from './vm.js'
import { FIRST_SLICE_BYTES, noteMade, SLICE_BYTES, turnAfterCollection } from './young-garbage.js'

type Driven = Generator<unknown, unknown, unknown>
export class LuaRun implements RunningScript {
  readonly context: unknown
  readonly globals: LuaTable
  tired = false
  private readonly program: RunnableProgram
  private readonly variant: Variant
  private readonly signal: AbortSignal | undefined
  private readonly deadline: number
  private readonly metatables: TypeMetatables
  private readonly tables: RunTables
  private readonly cpuMs: number
  private fuel: number
  private memory: number
  private used = 0
  /** Steps of {@link fuel} that `vm.fuel` began with. */
  private portion = 0
  /** {@link fuel} when the run began or went on. */
  private stepsBefore = 0
  /** When the run first looked at the clock since it began or went on; 0 = it has not, nor will most. */
  private since = 0
  /** {@link memory} when the slice began. */
  private memoryBefore = 0
  /** What other scripts had computed in this turn when this one began or went on. */
  private spentBefore = 0
  /** What a run in several parts keeps between them. */
  private guards = 0
  private handler: VirtualMachine['handler']
  private coroutine: unknown
  /** Chunks that the script made: kept, so that errors of their functions find their lines. */
  private readonly loaded: ChunkMain[] = []
  /** The chunk that runs, and what the run had used when it began. */
  private chunk = 0
  private usedBefore = 0
  /** CPU time of the process when the run first looked at the clock; 0 = it has not. */
  private cpuBefore = 0

  constructor(program: RunnableProgram, variant: Variant, context: unknown, options: RunOptions | undefined) {
    this.program = program
    this.variant = variant
    this.context = context
    this.signal = options?.signal
    this.deadline = options?.deadline ?? Number.POSITIVE_INFINITY
    this.fuel = program.limits.fuel
    this.memory = Math.min(program.limits.memoryBytes, 2 ** 30)
    this.cpuMs = program.cold ? 2 * program.limits.cpuMs : program.limits.cpuMs
    this.tables = new RunTables(variant, program.reachesMetatables)
    this.globals = this.tables.globals
    this.metatables = { string: program.libraries === 'open' ? this.own(stringTable) : undefined, others: undefined }
  }

  own(table: LuaTable): LuaTable {
    return this.tables.own(table)
  }

  get(name: string): LuaValue {
    return this.globals.getString(name)
  }

  set(name: string, value: LuaValue): void {
    this.globals.setHash(name, value)
  }

  /** Runs a chunk: its results, or a promise when the script waited or paused. @throws LuaError */
  execute(index: number): readonly LuaValue[] | Promise<readonly LuaValue[]> {
    const main = this.variant.mains[index]
    if (main === undefined) throw new RangeError(`the program has no chunk ${index}`)
    this.chunk = index
    this.usedBefore = this.used
    return this.variant.resumable ? this.drive(settle(main(this.globals)) as Driven, undefined, false) : this.plainly(main)
  }

  /**
   * As {@link execute}, but a chunk that is known to compute long takes turns with others of its kind. So does one that cannot pause and has
   * not run yet. Any other begins in a later turn of the event loop where scripts have used up this one. So waits of others do not add up.
   */
  executeInTurn(index: number): readonly LuaValue[] | Promise<readonly LuaValue[]> {
    if (vm.meter !== undefined) return this.execute(index)
    const took = this.program.took.get(index) ?? (this.variant.resumable ? 0 : Number.POSITIVE_INFINITY)
    if (took > LONG_MS) return this.program.slices.ownTurn().then(() => this.execute(index))
    if (this.program.slices.spentThisTurn < this.program.limits.sliceMs) return this.execute(index)
    return this.program.slices.nextTurn().then(() => this.executeInTurn(index))
  }

  private plainly(main: ChunkMain): readonly LuaValue[] {
    const saved = this.enter()
    try {
      return all(main(this.globals))
    } catch (thrown) {
      throw asLuaError(thrown)
    } finally {
      this.leave(saved)
    }
  }

  /** Runs a generator until it ends, waits or pauses. */
  private drive(
    body: Driven,
    sent: unknown,
    failed: boolean,
    paused = false
  ): readonly LuaValue[] | Promise<readonly LuaValue[]> {
    const step = this.advance(body, sent, failed, paused)
    if (step.done === true) return all(step.value)
    if (step.value instanceof Wait) {
      return untilEnd(step.value.promise, this.signal, this.deadline).then(
        value => this.drive(body, value, false),
        (error: unknown) => this.drive(body, error, true)
      )
    }
    return turnAfterCollection(this.program.slices, this).then(() => this.drive(body, undefined, false, true))
  }

  /** Whether the chunk is to go on before those that have not begun. */
  get hasShare(): boolean {
    return this.used - this.usedBefore < SHARE_MS
  }

  spend(ms: number): void {
    this.used += ms
    if (ms > NOTED_MS) this.program.slices.spend(ms)
  }

  private advance(body: Driven, sent: unknown, failed: boolean, paused: boolean): IteratorResult<unknown, unknown> {
    const saved = this.enter()
    if (paused) this.look(this.program.slices.loop.now())
    try {
      let step = failed ? body.throw(sent) : body.next(sent)
      while (step.done !== true && step.value !== PAUSE && !(step.value instanceof Wait)) {
        step = body.throw(errorAt('can not yield from outside of a coroutine', 1))
      }
      return step
    } catch (thrown) {
      throw asLuaError(thrown)
    } finally {
      this.leave(saved)
    }
  }

  refuel(): number {
    this.takeSteps()
    if (this.fuel < 0) this.end('fuel')
    if (this.signal?.aborted === true) this.end('aborted')
    const { limits, slices } = this.program
    this.cpuBefore ||= slices.loop.cpuMs(0)
    const now = slices.loop.now()
    if (this.since === 0) this.look(now)
    slices.pace.look(now)
    if (now > this.deadline) this.end('deadline')
    const slice = now - this.since
    if (this.used + slice > this.cpuMs && this.computed(slice)) this.end('cpu')
    if (!this.variant.resumable) {
      if (this.holdsUp(slice)) this.end('cpu')
      if (slice > SLOW_MS && limits.fuel - this.fuel > SLOW_STEPS && slices.loop.cpuMs(this.cpuBefore) > SLOW_MS)
        this.program.slowDown()
    } else if (slice + this.spentBefore > limits.sliceMs || this.hasMadeEnough()) {
      // asked before: a library function or metamethod runs, which cannot pause and holds up others for too long
      if (this.tired && this.holdsUp(slice)) this.end('cpu')
      this.tired = true
      // none: the run pauses at the next place where it can
      return this.portionOf(vm.pinned > 0 ? QUANTUM_WHEN_TIRED : 0)
    }
    return this.portionOf(slices.pace.steps)
  }

  /** A slice begins. */
  private look(now: number): void {
    this.since = now
    const { slices } = this.program
    slices.pace.begin(now)
    this.spentBefore = slices.spentThisTurn
  }

  private hasMadeEnough(): boolean {
    return this.memoryBefore - this.memory > (this.used > 0 ? SLICE_BYTES : FIRST_SLICE_BYTES)
  }

  /** Counts the steps of the last portion; a library function may have taken more. */
  private takeSteps(): void {
    this.fuel -= this.portion - vm.fuel
    this.portion = 0
    vm.fuel = 0
  }

  /** Steps until the next look at the clock, no more than are left. */
  private portionOf(most: number): number {
    this.portion = Math.min(most, this.fuel)
    return this.portion
  }

  /** Whether the time that has passed was spent computing: a machine that is busy elsewhere does not end scripts. */
  private computed(slice: number): boolean {
    return this.used + slice > this.cpuMs * BUSY_PATIENCE || this.program.slices.loop.cpuMs(this.cpuBefore) > this.cpuMs
  }

  /** Whether a run or a library function that cannot pause has held up others for as long as it may, cold or not. */
  private holdsUp(slice: number): boolean {
    const { sliceMs, blockMs } = this.program.limits
    const most = sliceMs + blockMs
    return slice > most && (slice > most * BUSY_PATIENCE || this.program.slices.loop.cpuMs(this.cpuBefore) > most)
  }

  private end(limit: LuaLimit): never {
    throw limitError(limit, LIMIT_TEXTS[limit])
  }

  moreMemory(): void {
    // what was asked for beyond the portion is below zero
    this.memory += vm.memory
    if (this.memory < 0) this.outOfMemory()
    vm.memory = this.memoryPortion()
    this.takeSteps()
  }

  private memoryPortion(): number {
    const portion = Math.min(this.memory, MEMORY_PORTION)
    this.memory -= portion
    return portion
  }

  outOfMemory(): never {
    vm.memory = 0
    this.memory = 0
    this.end('memory')
  }

  get mayWait(): boolean {
    return this.program.mayWait
  }

  load(text: string, chunkName: string): LuaFunction | string {
    const main = loadChunk(this.program, text, chunkName, this.variant.resumable)
    if (typeof main === 'string') return main
    this.loaded.push(main)
    return main.make?.(this.globals) ?? ((...args: LuaValue[]) => main(this.globals, ...args))
  }

  print(text: string): void {
    this.program.print(text)
  }

  private enter(): SavedMachine {
    const saved = saveMachine(this.metatables)
    vm.fuel = this.portionOf(this.program.slices.pace.steps)
    vm.longest = Math.max(LONGEST_TEXT, this.program.limits.memoryBytes / 4)
    this.memoryBefore = this.memory
    vm.memory = this.memoryPortion()
    vm.depth = 0
    vm.maxDepth = this.program.limits.depth
    vm.tails = 0
    vm.guards = this.guards
    vm.handler = this.handler
    vm.pinned = 0
    vm.resumable = this.variant.resumable
    vm.meter = this
    vm.coroutine = this.coroutine
    vm.env = undefined
    this.tired = false
    this.since = 0
    this.stepsBefore = this.fuel
    return saved
  }

  private leave(saved: SavedMachine): void {
    let slice = 0
    if (this.since !== 0) {
      slice = this.program.slices.loop.now() - this.since
      this.spend(slice)
    }
    this.program.took.set(this.chunk, this.used - this.usedBefore)
    this.takeSteps()
    // a slice that was to end for what it made is none of a short run, however few its steps
    const short = !this.tired && slice < SHORT_MS && this.stepsBefore - this.fuel < SHORT_STEPS
    if (this.variant.resumable) this.program.note(short)
    this.memory += vm.memory
    noteMade(this.memoryBefore - this.memory)
    this.guards = vm.guards
    this.handler = vm.handler
    this.coroutine = vm.coroutine
    restoreMachine(saved)
  }
}

// where a run begins, tracebacks end: a run inside of a host function sees nothing of the one around it
for (const name of ['plainly', 'advance']) {
  const method: unknown = Reflect.get(LuaRun.prototype, name)
  if (typeof method === 'function') Object.defineProperty(method, 'name', { value: `${BOUNDARY}${name}` })
}
