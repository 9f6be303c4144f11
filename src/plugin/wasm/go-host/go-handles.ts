/** What is open between the gateway and one instance of a Go module, by the numbers that both use. */

import type { PushSource } from '../../../message/push-source.js'
import type { Span } from '../../../telemetry/span.js'
import type { GoInstance } from './go-instance.js'
import type { FieldEdit, GoMessage } from './go-messages.js'
import { OP } from './go-messages.js'
import { HandleTable } from './handle-table.js'

/** A stream that Go reads. Its handle is that of an exchange, call or connection. */
export interface ReaderHandle {
  /** Copies up to `size` bytes into Go's memory: how many, 0 at the end, -1 for later, -2 when it broke off. */
  read(at: number, size: number): number
  /** Takes the stream away from its body, whose place another one takes: Go goes on reading the old one. */
  hold(): void
  /** Sends all that is left to an output of the same instance, without Go. */
  spliceInto(output: OutputHandle): void
  discard(): void
}

/** Bytes that Go writes. Its handle is negative. */
export interface OutputHandle {
  /** 1 for more, 0 when Go waits for a wake, -1 when they go nowhere. */
  write(at: number, length: number): number
  end(trailers: readonly string[]): void
  /** Breaks off. */
  fail(cause: unknown): void
}

/** One request that Go has. Each function is called while Go runs: it copies, and acts afterwards. */
export interface ExchangeHandle {
  /** The span of the plugin's work; undefined = the exchange is not recorded. */
  readonly span: Span | undefined
  /** Go responds. `head` is read at once. */
  reply?(reply: GoReply): void
  /** Go sends the request further in. */
  next?(call: GoNext): void
  /** A wrapper has seen the response of `next` and may have changed its head. */
  pass?(id: number, status: number, edits: readonly FieldEdit[]): void
  /** Go makes the gateway's own call. */
  own?(call: GoCall): void
  /** Go asks for the data of a response. */
  data?(): void
  /** A modifier is done. */
  modified?(flags: number, message: GoMessage): void
  /** Go's function returned an error, panicked or was cut: `status` is one of {@link FAIL}, or the error's own. */
  failed(status: number, text: string): void
  /** Go's function has returned, and its output has ended. */
  ended?(): void
  /** The instance has died, or is let go. */
  lost(cause: Error): void
}

/** Failures of Go that have no status. */
export const FAIL = { plain: 0, panic: -1, cut: -2, abort: -3 } as const

/** How the body of what Go sends travels. */
export const BODY = { own: 0, none: 1, inline: 2, stream: 3 } as const

export interface GoReply {
  readonly status: number
  readonly fields: string[]
  /** As the author declared it, -1 without. */
  readonly length: number
  readonly bytes: Buffer
  /** Nothing follows. */
  readonly final: boolean
}

/** A body that Go sends. */
export interface GoBody {
  /** One of {@link BODY}. */
  readonly how: number
  readonly bytes: Buffer
  /** Of a stream: Go writes into it from the turn on in which it was announced. */
  readonly source: PushSource | undefined
}

export interface GoNext {
  readonly id: number
  /** The response goes to the client on the gateway's side. */
  readonly passes: boolean
  /** The same, but Go is told its head first. */
  readonly hears: boolean
  readonly method: string
  readonly path: string
  readonly query: string
  readonly host: string
  readonly edits: readonly FieldEdit[]
  /** Fields that the plugin and those further out have set for the response. */
  readonly added: string[]
  readonly body: GoBody
}

/** A call that Go makes. */
export interface GoCall {
  readonly id: number
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly query: string
  readonly host: string
  /** Of the gateway's own call. */
  readonly edits: readonly FieldEdit[]
  /** Of any other call. */
  readonly fields: string[]
  readonly body: GoBody
  readonly gunzip: boolean
  readonly insecure: boolean
  /** undefined: as the environment says; null: none. */
  readonly proxy: string | null | undefined
}

/** What the instances of a module have done. */
export interface GoCounts {
  /** Bytes of bodies that crossed. */
  toGo: number
  fromGo: number
  /** Requests and responses that Go's functions were called for. */
  requests: number
  /** Those that ended with a panic, or with the instance. */
  errors: number
  /** Time within Go, ms. */
  busyMs: number
}

/** Exchanges are numbered from here; Go's own calls and connections below. One range for both would close streams of the other side. */
const FIRST_EXCHANGE = 2 ** 30
const LAST_EXCHANGE = 2 ** 31 - 1
/** Most spans of exchanges that are over: Go does not tell when its functions have returned. */
const MOST_LATE = 256

export class GoHandles {
  readonly instance: GoInstance
  readonly counts: GoCounts
  readonly exchanges = new HandleTable<ExchangeHandle>()
  readonly readers = new HandleTable<ReaderHandle>()
  readonly outputs = new HandleTable<OutputHandle>()
  /** How to end calls and connections that are being opened. */
  readonly openings = new HandleTable<() => void>()
  /** Spans of exchanges that are over while their functions in Go go on. */
  private readonly late = new Map<number, Span>()
  private last = FIRST_EXCHANGE - 1

  constructor(instance: GoInstance, counts: GoCounts) {
    this.instance = instance
    this.counts = counts
  }

  /** Notes an exchange and returns its handle. */
  begin(exchange: ExchangeHandle): number {
    do this.last = this.last >= LAST_EXCHANGE ? FIRST_EXCHANGE : this.last + 1
    while (this.exchanges.has(this.last))
    this.exchanges.set(this.last, exchange)
    this.counts.requests++
    return this.last
  }

  /**
   * Forgets an exchange and lets its body go.
   * @param span of calls that Go still makes for it; undefined = it makes none, or they are not recorded
   */
  leave(exchange: number, span: Span | undefined): void {
    const { readers, late } = this
    this.exchanges.delete(exchange)
    if (span !== undefined) late.set(exchange, span)
    if (late.size > MOST_LATE) late.delete(late.keys().next().value!)
    const reader = readers.get(exchange)
    if (reader === undefined) return
    readers.delete(exchange)
    reader.discard()
  }

  /** The span that the calls of an exchange are below; undefined = they are not recorded. */
  spanOf(exchange: number): Span | undefined {
    return this.exchanges.get(exchange)?.span ?? this.late.get(exchange)
  }

  /** Wakes a goroutine that waits for a handle. */
  wake(handle: number, text = ''): void {
    this.instance.outbox.begin(OP.wake).u32(handle).rest(text).done()
    this.instance.flush()
  }

  /** All is over: what is open is told. */
  lose(cause: Error): void {
    this.counts.errors += this.exchanges.size
    for (const exchange of this.exchanges.all()) exchange.lost(cause)
    for (const end of this.openings.all()) end()
    for (const output of this.outputs.all()) output.fail(cause)
    for (const reader of this.readers.all()) reader.discard()
    this.exchanges.clear()
    this.openings.clear()
    this.outputs.clear()
    this.readers.clear()
  }
}
