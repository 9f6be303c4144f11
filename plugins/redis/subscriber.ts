/**
 * A connection that listens to channels. It subscribes whenever it is ready, so after every reconnection.
 *
 * What the library does by itself there rejects a promise without a handler. It also forgets a subscription that was under way when the
 * connection broke.
 */

import type { Cluster, Redis } from 'ioredis'
import { Backoff } from './backoff.js'

type Listener = (message: Buffer) => void

export class Subscriber {
  private readonly connection: Redis | Cluster
  private readonly failed: (error: Error) => void
  private readonly listeners = new Map<string, Set<Listener>>()
  private readonly backoff = new Backoff()
  private again: NodeJS.Timeout | undefined

  /** @param connection makes new connections by itself, and does not subscribe by itself */
  constructor(connection: Redis | Cluster, failed: (error: Error) => void) {
    this.connection = connection
    this.failed = failed
    connection.on('error', failed)
    connection.on('ready', () => this.subscribe([...this.listeners.keys()]))
    connection.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      for (const listener of this.listeners.get(channel.toString()) ?? []) listener(message)
    })
    connection.connect().catch(failed)
  }

  /** Calls `listener` for each message of a channel. @returns the end of it */
  add(channel: string, listener: Listener): () => void {
    const known = this.listeners.get(channel)
    const all = known ?? new Set()
    this.listeners.set(channel, all.add(listener))
    if (known === undefined && this.connection.status === 'ready') this.subscribe([channel])
    return () => {
      all.delete(listener)
      if (all.size > 0) return
      this.listeners.delete(channel)
      if (this.connection.status === 'ready') this.connection.unsubscribe(channel).catch(() => undefined)
    }
  }

  close(): void {
    clearTimeout(this.again)
    this.connection.disconnect()
  }

  private subscribe(channels: readonly string[]): void {
    if (channels.length === 0) return
    this.connection.subscribe(...channels).catch((error: Error) => {
      this.failed(error)
      clearTimeout(this.again)
      this.again = setTimeout(() => {
        if (this.connection.status === 'ready') this.subscribe([...this.listeners.keys()])
      }, this.backoff.next())
      this.again.unref()
    })
  }
}
