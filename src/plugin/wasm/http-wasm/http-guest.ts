import type { LogLevel } from '../../../telemetry/logger.js'
import { START_EXPORT } from '../binary.js'
import { GuestExit, wasiImports } from '../wasi.js'
import { type WasmInstance, type WasmMemory, type WasmModule, WebAssembly } from '../web-assembly.js'
import type { GuestCounts } from './guest-counts.js'
import { GuestMemory } from './guest-memory.js'
import type { HttpCall } from './http-call.js'
import { type HttpInstance, httpHandlerImports } from './http-host.js'

/** What all instances of a guest in one place have in common. */
export interface HttpGuestPlan {
  readonly module: WasmModule
  /** Functions of WASI that the module imports. */
  readonly wasi: readonly string[]
  /** Given to the guest by `get_config`. */
  readonly config: Uint8Array
  readonly counts: GuestCounts
  logs(level: LogLevel): boolean
  log(level: LogLevel, text: string): void
}

/** One instance of an http-wasm guest: handles one request at a time. What it throws ends it. */
export class HttpGuest implements HttpInstance {
  readonly config: Uint8Array
  readonly memory: GuestMemory
  features = 0
  call: HttpCall | undefined = undefined
  private readonly plan: HttpGuestPlan
  private readonly onRequest: () => unknown
  private readonly onResponse: (context: number, isError: number) => void
  /** Bytes of memory that are counted. */
  private counted = 0

  /** @throws what the module throws at its start, an Error when an export is missing */
  constructor(plan: HttpGuestPlan) {
    this.plan = plan
    this.config = plan.config
    const { exports } = this.instantiate()
    this.onRequest = functionOf(exports, 'handle_request', 0) as () => unknown
    this.onResponse = functionOf(exports, 'handle_response', 2) as (context: number, isError: number) => void
    const { memory } = exports
    if (typeof (memory as Partial<WasmMemory> | undefined)?.grow !== 'function')
      throw new Error("guest doesn't export memory[memory]")
    this.memory = new GuestMemory(memory as WasmMemory)
    this.start(exports)
    plan.counts.instances++
    this.countMemory()
  }

  private instantiate(): WasmInstance {
    const of = (): this => this
    const { module, wasi } = this.plan
    return new WebAssembly.Instance(module, {
      http_handler: httpHandlerImports(of),
      wasi_snapshot_preview1: wasiImports(wasi, of)
    })
  }

  private start(exports: WasmInstance['exports']): void {
    try {
      for (const run of [exports[START_EXPORT], exports._initialize ?? exports._start]) (run as (() => void) | undefined)?.()
    } catch (error) {
      if (!(error instanceof GuestExit) || error.code !== 0) throw error
    }
  }

  logs(level: LogLevel): boolean {
    return this.plan.logs(level)
  }

  log(level: LogLevel, text: string): void {
    this.plan.log(level, text)
  }

  line(text: string, isError: boolean): void {
    this.plan.log(isError ? 'ERROR' : 'INFO', text)
  }

  /** Runs `handle_request`. Returns the context for {@link handleResponse}; undefined when `next` is not to be called. */
  handleRequest(call: HttpCall): number | undefined {
    this.call = call
    const { counts } = this.plan
    counts.requests++
    const began = performance.now()
    let result: unknown
    try {
      result = this.onRequest()
    } finally {
      counts.ran(performance.now() - began)
    }
    if (typeof result !== 'bigint')
      throw new TypeError('guest exports the wrong signature for func[handle_request]. should be () -> (i64)')
    return (result & 0xffffffffn) !== 0n ? Number((result >> 32n) & 0xffffffffn) : undefined
  }

  /** Runs `handle_response`. */
  handleResponse(context: number, isError: boolean): void {
    const began = performance.now()
    try {
      this.onResponse(context | 0, isError ? 1 : 0)
    } finally {
      this.plan.counts.ran(performance.now() - began)
    }
  }

  /** Its request is done, and the instance is kept. */
  rest(): void {
    this.call = undefined
    if (this.memory.size !== this.counted) this.countMemory()
  }

  /** The instance is let go. */
  gone(): void {
    const { counts } = this.plan
    counts.instances--
    counts.memoryBytes -= this.counted
  }

  private countMemory(): void {
    this.plan.counts.memoryBytes += this.memory.size - this.counted
    this.counted = this.memory.size
  }
}

function functionOf(exports: WasmInstance['exports'], name: string, parameters: number): (...values: number[]) => unknown {
  const found = exports[name]
  if (typeof found !== 'function') throw new Error(`guest doesn't export func[${name}]`)
  if (found.length !== parameters) throw new Error(`guest exports the wrong signature for func[${name}]`)
  return found as (...values: number[]) => unknown
}
