/** What a pool, its connections and the calls on them know of each other. */

import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { OpeningTimes } from './opening-times.js'
import type { SocketReader } from './socket-reader.js'

/** The connection that a call is on. */
export interface CallConnection {
  /** It has brought a response before. */
  readonly reused: boolean
  /** How it was opened, for the call that it was opened for; undefined when it is {@link reused}. */
  readonly opening: OpeningTimes | undefined
  /** What reads it; undefined for TLS. */
  readonly reader: SocketReader | undefined
  /** The call tells that its final head was read; returns all its fields for those that undici parsed. */
  headArrived(raw: readonly Buffer[]): readonly Buffer[]
  /** The call tells that its response came to its end. */
  succeeded(): void
  /** The call tells that it ended without a response, or with the connection. */
  failed(): void
  /** The call tells that the connection changed its protocol. */
  gaveAway(socket: Socket): void
}

/** A call as its pool sees it. */
export interface QueuedCall {
  /** Called when the call has to wait. */
  onQueued(entry: WaitingCall): void
  /** Called when a connection takes the call up. */
  onClient(client: CallConnection): void
  /** Called when the pool cannot send the call. */
  onError(cause: Error): void
}

/** A call that waits for a connection, and what it will send. */
export interface WaitingCall {
  readonly call: QueuedCall
  readonly options: Dispatcher.DispatchOptions
  next: WaitingCall | undefined
  previous: WaitingCall | undefined
}
