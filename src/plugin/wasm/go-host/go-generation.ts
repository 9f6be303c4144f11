/** One life of a Go module: its instance, what is open with it, what it has registered. */

import type { GuestServices } from '../guest-services.js'
import type { WasmModule } from '../web-assembly.js'
import { type BorderOwner, type BorderSource, borderImports } from './go-border.js'
import type { GoCounts } from './go-handles.js'
import { GoHandles } from './go-handles.js'
import { GoInstance, type InstanceOwner } from './go-instance.js'
import { OP } from './go-messages.js'
import { type GoRuntimeFactory, splitEnvironment } from './go-world.js'

/** A compiled module, ready to be started. */
export interface GoCode {
  /** Without its folder: `x.so.wasm`. */
  readonly file: string
  readonly module: WasmModule
  readonly runtime: GoRuntimeFactory
  readonly services: GuestServices
}

/** Kinds of registerers, as Go numbers them. */
export const KINDS = ['handler', 'client', 'modifier'] as const
export type GoKind = (typeof KINDS)[number]

/** One registered name. */
export interface GoName {
  readonly name: string
  /** Modifiers: what it applies to. */
  onRequest: boolean
  onResponse: boolean
}

/** What a factory is called with. */
export interface GoPlace {
  readonly token: number
  /** 0 server, 1 client, 2 request modifier, 3 response modifier. */
  readonly kind: number
  readonly name: string
  /** JSON. */
  readonly extra: string
}

/** What is open inside of Go: exchanges, goroutines that wait for the gateway, streams; and all goroutines, those that are kept included. */
export interface GoOpen {
  readonly exchanges: number
  readonly waits: number
  readonly handles: number
  readonly goroutines: number
}

/** Stands for the question of {@link GoGeneration.open} among the tokens of places. */
const COUNTED = -1

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical', 'fatal'] as const
const ON_REQUEST = 1
const ON_RESPONSE = 2

interface Making {
  resolve(text: string): void
  reject(cause: Error): void
}

export class GoGeneration implements BorderSource, BorderOwner {
  readonly handles: GoHandles
  /** By kind. */
  readonly names: Readonly<Record<GoKind, GoName[]>> = { handler: [], client: [], modifier: [] }
  /** What is wrong with registerers, by kind. */
  readonly faults = new Map<GoKind, string>()
  private readonly code: GoCode
  private readonly makings = new Map<number, Making>()
  private counted: GoOpen | undefined = undefined

  constructor(code: GoCode, owner: InstanceOwner, counts: GoCounts) {
    this.code = code
    const { module, runtime, services } = code
    const instance = new GoInstance({
      module,
      runtime,
      environment: splitEnvironment(process.env, services.maxMemory),
      imports: borderImports(this, this),
      owner
    })
    this.handles = new GoHandles(instance, counts)
  }

  get instance(): GoInstance {
    return this.handles.instance
  }

  /** Runs a factory. @throws Error with the text of its error */
  async make({ token, kind, name, extra }: GoPlace): Promise<void> {
    const { outbox } = this.instance
    const made = this.making(token)
    outbox.begin(OP.make).u32(token).u32(kind).utf8(name).utf8(extra).done()
    this.instance.flush()
    await made
  }

  /** Forgets what a factory has made. */
  drop(token: number): void {
    this.instance.outbox.begin(OP.drop).u32(token).done()
    this.instance.flush()
  }

  /** Asks Go what is open inside of it. Go responds at once; undefined: it runs, or does no more. */
  open(): GoOpen | undefined {
    if (!this.instance.alive) return undefined
    this.counted = undefined
    this.instance.outbox.begin(OP.count).u32(COUNTED).done()
    this.instance.flush()
    return this.counted
  }

  private making(token: number): Promise<string> {
    return new Promise((resolve, reject) => this.makings.set(token, { resolve, reject }))
  }

  /** Ends the instance; what is open gets the cause. */
  end(cause: Error): void {
    this.instance.end()
    this.lose(cause)
  }

  /** The instance runs no more. */
  lose(cause: Error): void {
    for (const making of this.makings.values()) making.reject(cause)
    this.makings.clear()
    this.handles.lose(cause)
  }

  // --- from Go ----------------------------------------------------------------------------------------------------

  log(level: number, text: string): void {
    this.code.services.logger[LEVELS[level] ?? 'info'](text)
  }

  registered(kind: number, text: string, on: number): void {
    if (kind < 0) {
      this.faults.set(KINDS[-1 - kind]!, text)
      return
    }
    const names = this.names[KINDS[kind]!]
    let name = names.find(one => one.name === text)
    if (name === undefined) {
      name = { name: text, onRequest: false, onResponse: false }
      names.push(name)
    }
    name.onRequest ||= (on & ON_REQUEST) !== 0
    name.onResponse ||= (on & ON_RESPONSE) !== 0
  }

  made(token: number, ok: boolean, text: string): void {
    if (token === COUNTED) {
      const [exchanges = 0, waits = 0, handles = 0, goroutines = 0] = text.split(' ').map(Number)
      this.counted = { exchanges, waits, handles, goroutines }
      return
    }
    const making = this.makings.get(token)
    this.makings.delete(token)
    if (ok) making?.resolve(text)
    else making?.reject(new Error(text))
  }

  outbound(): ReturnType<GuestServices['outbound']> {
    return this.code.services.outbound()
  }
}
