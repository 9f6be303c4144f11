/**
 * One instance of a Go module, from its start to its death. Go runs on the gateway's thread: it is entered with messages, by its timers
 * and by the ends of its file operations, and returns when all its goroutines wait.
 *
 * It is never entered again while it runs. What Go asks for is noted and done when it has returned ({@link GoInstance.afterwards}); what is
 * written to the outbox meanwhile is delivered then.
 */

import { type WasmMemory, type WasmModule, WebAssembly } from '../web-assembly.js'
import { Outbox } from './go-messages.js'
import { rootCertificates } from './go-roots.js'
import type { GoRuntime, GoRuntimeFactory, WorldOwner } from './go-world.js'
import { TurnPace } from './turn-pace.js'

/** Work that Go has asked for. */
export interface Afterwards {
  /** Must not throw. */
  run(): void
}

/** What an instance tells the module that it belongs to. */
export interface InstanceOwner {
  /** Called once, when the program ended by itself. `cause`: the panic with its stack, or the exit code. */
  onDeath(cause: string): void
  /** Called after each turn of a module that has started, ms. */
  onTurn(ms: number): void
  /** Called after turns in which memory has grown. */
  onGrowth(bytes: number): void
}

/** ms until a module must have started. */
const START_LIMIT = 10_000
/** Characters of a panic that are kept. */
const TRACE_LENGTH = 16 * 1024

export interface InstanceOptions {
  readonly module: WasmModule
  readonly runtime: GoRuntimeFactory
  readonly environment: { readonly first: Readonly<Record<string, string>>; readonly rest: string }
  /** Functions that the module imports as `sluice`, besides those of the instance itself. */
  readonly imports: Readonly<Record<string, unknown>>
  readonly owner: InstanceOwner
}

interface GoExports {
  readonly mem: WasmMemory
  readonly resume: () => void
}

export class GoInstance implements WorldOwner {
  readonly outbox = new Outbox()
  /** False before the start, and after {@link end} or death. */
  alive = false
  private readonly options: InstanceOptions
  private go: GoRuntime | undefined
  private exports: GoExports | undefined
  private view = Buffer.alloc(0)
  /** Memory has grown since the owner was told. */
  private grown = false
  private inbox = 0
  private inboxSize = 0
  /** Messages that are too long for the inbox, the environment, or root certificates: Go takes them by {@link imports}. */
  private parcel: Buffer | undefined
  /** Go runs, or what it has asked for is being done. */
  private busy = false
  private works: Afterwards[] = []
  private scheduled: NodeJS.Immediate | undefined
  private readonly pace = new TurnPace()
  private readonly onScheduled = (): void => {
    this.scheduled = undefined
    this.flush()
  }
  private trace = ''
  /** The last text on the error output: why `log.Fatal` ended the program. */
  private lastWords = ''
  private exitCode = 0
  private ready: (() => void) | undefined
  private failed: ((cause: Error) => void) | undefined

  constructor(options: InstanceOptions) {
    this.options = options
  }

  /** Starts the program; resolves when its registerers have registered. @throws Error with the program's last words */
  async start(): Promise<void> {
    const { module, runtime, environment, imports } = this.options
    const go = runtime(this)
    this.go = go
    go.argv = ['sluice']
    go.env = environment.first
    go.exit = code => {
      this.exitCode = code
    }
    go._resume = () => this.resume()
    go._makeFuncWrapper = id => this.eventFunction(id)
    const instance = await WebAssembly.instantiate(module, { ...go.importObject, sluice: { ...imports, ...this.ownImports() } })
    this.exports = instance.exports as unknown as GoExports
    const started = new Promise<void>((resolve, reject) => {
      this.ready = resolve
      this.failed = reject
    })
    this.alive = true
    this.enter(() => {
      go.run(instance).catch((error: unknown) => this.die(textOf(error)))
    })
    await this.within(started)
  }

  private async within(started: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the module has not started within ${START_LIMIT / 1000} s`)), START_LIMIT)
    })
    try {
      await Promise.race([started, late])
    } catch (error) {
      this.end()
      throw error
    } finally {
      clearTimeout(timer)
      this.ready = undefined
      this.failed = undefined
    }
  }

  private ownImports(): Readonly<Record<string, unknown>> {
    return {
      attach: (at: number, size: number) => {
        this.inbox = at
        this.inboxSize = size
      },
      ready: () => this.ready?.(),
      environment: () => {
        this.parcel = Buffer.from(this.options.environment.rest)
        return this.parcel.length
      },
      roots: () => {
        this.parcel = rootCertificates()
        return this.parcel.length
      },
      take: (at: number) => {
        this.parcel?.copy(this.memory(), at)
        this.parcel = undefined
      }
    }
  }

  // --- Go's memory ------------------------------------------------------------------------------------------------

  /** A view that is good until Go runs again: memory that grows leaves old views empty. */
  memory(): Buffer {
    if (this.view.byteLength === 0) {
      this.view = Buffer.from(this.exports!.mem.buffer)
      this.grown = true
    }
    return this.view
  }

  text(at: number, length: number): string {
    return this.memory().toString('utf8', at, at + length)
  }

  get memoryBytes(): number {
    return this.exports?.mem.buffer.byteLength ?? 0
  }

  // --- turns ------------------------------------------------------------------------------------------------------

  /** Delivers what is in the outbox now, or, while Go runs, when it has returned. */
  flush(): void {
    if (!this.alive) this.outbox.clear()
    while (this.alive && !this.busy && !this.outbox.empty) this.turn(() => this.deliver())
  }

  /** Delivers what is in the outbox in this turn of the event loop. Entered once for many, Go finds its code and memory in the caches. */
  flushSoon(): void {
    if (this.outbox.count >= this.pace.together) this.flush()
    else this.scheduled ??= setImmediate(this.onScheduled)
  }

  /** Runs `work` when Go has returned. */
  afterwards(work: Afterwards): void {
    this.works.push(work)
  }

  private deliver(): void {
    const messages = this.outbox.take()
    if (messages.length <= this.inboxSize) messages.copy(this.memory(), this.inbox)
    else {
      messages.copy(this.memory(), this.inbox, 0, 4)
      this.parcel = Buffer.from(messages.subarray(4))
    }
    this.resume()
  }

  /** Enters Go, and again for what was written to the outbox meanwhile. */
  private enter(work: () => void): void {
    this.turn(work)
    this.flush()
  }

  /** Enters Go once, then does what it has asked for. */
  private turn(work: () => void): void {
    const began = performance.now()
    this.busy = true
    try {
      work()
    } catch (error) {
      this.die(textOf(error))
    }
    if (this.go?.exited === true) this.die(`exit code ${this.exitCode}`)
    if (this.alive) this.lookAround(performance.now() - began)
    for (let works = this.works; works.length > 0; works = this.works) {
      this.works = []
      for (const one of works) one.run()
    }
    this.busy = false
  }

  private lookAround(took: number): void {
    const { owner } = this.options
    if (this.ready === undefined) {
      this.pace.took(took)
      owner.onTurn(took)
    }
    if (this.trace !== '') this.tell()
    this.memory()
    if (!this.grown) return
    this.grown = false
    owner.onGrowth(this.memoryBytes)
  }

  private resume(): void {
    // `wasm_exec.js` asks again and again whether a timer was heard of
    if (!this.alive || this.go?.exited === true) throw new Error('the Go program has ended')
    this.exports!.resume()
  }

  /** A timer of Go has fired. */
  onTimer(work: () => void): void {
    if (this.alive) this.enter(work)
  }

  /** A function of Go that JavaScript calls: the end of a file operation. */
  private eventFunction(id: number): (...args: unknown[]) => unknown {
    const call = (event: { result?: unknown }): unknown => {
      if (!this.alive || this.go?.exited === true) return undefined
      this.go!._pendingEvent = event
      // within a call that Go has made, its runtime allows to be entered again
      if (this.busy) this.resume()
      else this.enter(() => this.resume())
      return event.result
    }
    return function (this: unknown, ...args: unknown[]) {
      return call({ id, this: this, args } as { result?: unknown })
    }
  }

  // --- words and death --------------------------------------------------------------------------------------------

  onTrace(text: string): void {
    if (this.trace.length < TRACE_LENGTH) this.trace += text
  }

  onOutput(fd: 1 | 2, bytes: Uint8Array): void {
    const copy = Buffer.from(bytes)
    if (fd === 2) this.lastWords = copy.toString().trim()
    ;(fd === 1 ? process.stdout : process.stderr).write(copy)
  }

  /** What the runtime wrote and went on after: `println` of the plugin. */
  private tell(): void {
    process.stderr.write(this.trace)
    this.trace = ''
  }

  private die(cause: string): void {
    if (!this.alive) return
    const trace = this.trace.trim()
    const words = trace === '' ? [cause, this.lastWords].filter(text => text !== '').join(': ') : trace
    this.end()
    this.failed?.(new Error(`the module ended at its start: ${words}`))
    if (this.failed === undefined) this.options.owner.onDeath(words)
  }

  /** Lets the instance go: nothing of it runs any more. */
  end(): void {
    this.alive = false
    this.outbox.clear()
    this.works = []
    clearImmediate(this.scheduled)
    this.scheduled = undefined
  }
}

function textOf(error: unknown): string {
  if (error instanceof RangeError && error.message.includes('call stack')) return 'stack overflow'
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
