import type { Socket } from 'node:net'
import type { buildConnector, Dispatcher, Client as UndiciClient } from 'undici'
import { connectFailure, omitConnection, reportResets, stopOmitting } from '../http/undici-quirks.js'
import type { TimerWheel } from '../telemetry/timer-wheel.js'
import { type HeadWatch, tidyAnswerHeads } from './answer-heads.js'
import type { FieldsOfHead } from './known-lines.js'
import { type OpeningTimes, OpeningWatch } from './opening-times.js'
import type { CallConnection, QueuedCall } from './queued-call.js'
import { headOf } from './request-head.js'
import { SocketReader } from './socket-reader.js'
import { Client } from './undici.js'

/** Who a client goes back to when its call has ended. */
export interface ClientOwner {
  free(client: PooledClient): void
}

/** What the clients of one origin have in common. */
export interface ClientSettings {
  readonly origin: URL
  readonly options: UndiciClient.Options
  /** Returns a function that opens a connection; each gets a reader of its own, TLS none. */
  readonly connectorOf: (reader: SocketReader | undefined) => buildConnector.connector
  readonly wheel: TimerWheel
  /** Connections older than this are closed after their call, ms. */
  readonly maxAgeMs: number
  /** Every connection ends with its response (`disable_keep_alives`). */
  readonly endsAll: boolean
}

const NO_FIELDS: string[] = []

/** One connection at a time, and at most one call on it: undici's Client with what a pool and its calls need to know of it. */
export class PooledClient extends Client implements CallConnection, HeadWatch {
  private readonly owner: ClientOwner
  private readonly wheel: TimerWheel
  private readonly maxAgeMs: number
  private readonly endsAll: boolean
  /** As undici's client writes it. */
  private readonly hostLine: string
  /** Of the call under way; undefined where undici writes it. */
  private head: string | undefined = undefined
  private connectedAt = 0
  private served = 0
  private times: OpeningTimes | undefined = undefined
  private socket: Socket | undefined = undefined
  /** A call was taken up and has not ended. */
  private busy = false
  awaitsHead = true
  mayShorten = false
  fields: FieldsOfHead | undefined = undefined
  /** Of the connection; undefined for TLS, which decrypts into buffers of its own. */
  reader: SocketReader | undefined = undefined

  constructor(settings: ClientSettings, owner: ClientOwner) {
    const { origin, connectorOf } = settings
    const connect = (target: buildConnector.Options, done: buildConnector.Callback): void => {
      // undici connects anew after a call that was aborted with its connection, for that call
      if (!this.busy) return done(new Error('no call waits for a connection'), null)
      const reader = origin.protocol === 'https:' ? undefined : new SocketReader()
      const socket: unknown = connectorOf(reader)(target, (...outcome) => {
        // A failed attempt may give no second argument at all.
        if (!outcome[1]) return done(connectFailure(outcome[0]!), null)
        this.opened(outcome[1], reader)
        done(...outcome)
      })
      this.times = new OpeningWatch(socket as Socket | undefined)
    }
    super(origin, { ...settings.options, connect })
    this.owner = owner
    this.wheel = settings.wheel
    this.maxAgeMs = settings.maxAgeMs
    this.endsAll = settings.endsAll
    this.hostLine = `host: ${origin.host}\r\n`
  }

  private opened(socket: Socket, reader: SocketReader | undefined): void {
    this.socket = socket
    this.awaitsHead = true
    this.fields = undefined
    this.reader = reader
    reader?.attach(socket)
    tidyAnswerHeads(socket, this)
    omitConnection(socket, this.endsAll, () => this.head)
    reportResets(socket)
    socket.once('close', () => this.lost(socket))
    this.connectedAt = this.wheel.now()
    this.served = 0
  }

  /** What is without a connection holds no 64 KiB buffer. */
  private lost(socket: Socket): void {
    if (this.socket !== socket) return
    this.socket = undefined
    this.reader = undefined
    this.served = 0
  }

  /** Sends a call on this connection, which is opened when it has to be. */
  carry(options: Dispatcher.DispatchOptions, call: QueuedCall): void {
    call.onClient(this)
    this.busy = true
    if (this.connected && this.wheel.now() - this.connectedAt > this.maxAgeMs) options.reset = true
    this.head = this.endsAll ? undefined : headOf(options, this.hostLine)
    if (this.head !== undefined) options.headers = NO_FIELDS
    this.mayShorten = options.method !== 'HEAD' && options.upgrade === undefined
    this.dispatch(options, call as unknown as Dispatcher.DispatchHandler)
  }

  /** The connection is open. */
  get connected(): boolean {
    return this.socket !== undefined && !this.socket.destroyed
  }

  /** The connection has brought a response before. */
  get reused(): boolean {
    return this.served > 0
  }

  get opening(): OpeningTimes | undefined {
    return this.served > 0 ? undefined : this.times
  }

  /** A final head was read: body bytes follow. */
  headArrived(raw: readonly Buffer[]): readonly Buffer[] {
    this.awaitsHead = false
    this.mayShorten = false
    const { fields } = this
    if (fields === undefined) return raw
    this.fields = undefined
    let next = 0
    for (let i = 0; i < fields.length; i++) fields[i] ??= raw[next++]
    return fields as Buffer[]
  }

  /** The response came to its end. undici keeps a next call back until it knows whether the connection lives on. */
  succeeded(): void {
    this.awaitsHead = true
    this.busy = false
    this.served++
    this.owner.free(this)
  }

  /** The call ended without a response, or with the connection. undici is in the middle of it: it takes no call now. */
  failed(): void {
    this.busy = false
    queueMicrotask(() => this.owner.free(this))
  }

  /** The connection changed its protocol and belongs to a tunnel now. */
  gaveAway(socket: Socket): void {
    if (Object.hasOwn(socket, 'read')) delete (socket as { read?: unknown }).read // see tidyAnswerHeads
    stopOmitting(socket)
    this.reader?.release(socket)
    this.lost(socket)
  }

  /** Closes an unused connection; the next call opens another one. */
  disconnect(): void {
    this.socket?.destroy()
  }
}
