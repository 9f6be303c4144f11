/** Where the buckets of clients are kept: in this process; a store that several processes share may take its place. */

import { createHash } from 'node:crypto'
import { type BucketRule, type Now, TokenBucket } from './token-bucket.js'

/** Counts the requests of many clients. */
export interface TokenStore {
  /** Takes a token of a client's bucket; a store elsewhere answers later. Must not reject: it decides what its own failure means. */
  take(client: string): boolean | Promise<boolean>
  close(): void
}

/** How long clients are remembered. */
export interface MemoryStoreOptions {
  readonly rule: BucketRule
  /** ms a client must have been idle before it is forgotten. */
  readonly idleMs: number
  /** ms between looks for idle clients. */
  readonly sweepMs: number
  /** Most clients that are remembered; beyond, the longest idle ones are forgotten. Default 500 000. */
  readonly maxClients?: number
  readonly now: Now
}

/** Characters; longer names are kept as their digest, so that no client decides how much memory it takes. */
const LONGEST_NAME = 64

/**
 * Buckets in memory, in two generations: who asks moves to the young one, what is still in the old one when the generations
 * change is forgotten. Forgetting costs nothing, however many clients there are, and memory is bounded.
 */
export class MemoryStore implements TokenStore {
  private readonly options: MemoryStoreOptions
  private readonly halfFull: number
  private young = new Map<string, TokenBucket>()
  private old = new Map<string, TokenBucket>()
  private turnedAt: number
  private timer: NodeJS.Timeout | undefined

  constructor(options: MemoryStoreOptions) {
    this.options = options
    this.halfFull = Math.max(1, Math.floor((options.maxClients ?? 500_000) / 2))
    this.turnedAt = options.now()
    this.timer = undefined
  }

  take(client: string): boolean {
    const name = client.length > LONGEST_NAME ? digest(client) : client
    const now = this.options.now()
    let bucket = this.young.get(name)
    if (bucket === undefined) {
      bucket = this.old.get(name)
      if (bucket !== undefined) this.old.delete(name)
      else bucket = new TokenBucket(this.options.rule, now)
      this.remember(name, bucket, now)
    }
    return bucket.take(now)
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.young.size + this.old.size
  }

  /** Forgets who has been idle long enough; runs by itself. */
  sweep(): void {
    const now = this.options.now()
    if (now - this.turnedAt >= this.options.idleMs) this.turn(now)
    if (this.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
  }

  close(): void {
    clearInterval(this.timer)
    this.timer = undefined
    this.young.clear()
    this.old.clear()
  }

  private remember(name: string, bucket: TokenBucket, now: number): void {
    if (this.young.size >= this.halfFull) this.turn(now)
    // a copy: the name may be a slice that would keep a whole request line alive
    this.young.set(Buffer.from(name).toString(), bucket)
    if (this.timer === undefined) {
      if (this.size === 1) this.turnedAt = now
      this.timer = setInterval(() => this.sweep(), this.options.sweepMs)
      this.timer.unref()
    }
  }

  private turn(now: number): void {
    this.old = this.young
    this.young = new Map()
    this.turnedAt = now
  }
}

function digest(client: string): string {
  return createHash('sha256').update(client).digest('base64')
}
