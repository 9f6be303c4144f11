/**
 * The buckets of all clients of all limits of one gateway, within one bound.
 *
 * In: a limit, the name of a client, the time. Out: whether the client has a token left. Clients are remembered in two generations: one
 * who asks moves to the young one; when it is full, or old enough, it becomes the old one and what the old one held is forgotten.
 * So at least the last {@link MOST_CLIENTS} clients are known and at most twice as many, in {@link BucketShard}s of 84 MiB together.
 */

import { hash, randomBytes } from 'node:crypto'
import { BucketShard } from './bucket-shard.js'
import { type BucketRule, type Now, refillMs, TokenBucket } from './token-bucket.js'

/** Clients of one generation. */
export const MOST_CLIENTS = 1_000_000

/** Shards of a generation: each is small, so that growing one delays no request. */
const SHARDS = 256

/** Least time that a client is remembered, ms. */
const LEAST_IDLE_MS = 600_000

/** A limit whose clients are counted here. */
export interface RoomLimit {
  readonly rule: BucketRule
  /** Tells its clients from those of others. */
  readonly salt: string
  /** Keys of clients that asked lately: a hash costs more than all the rest (1.3 of 1.4 µs). */
  readonly recent: Map<string, BucketKey>
}

interface BucketKey {
  /** Not 0. */
  readonly high: number
  readonly low: number
}

/** Keys that a limit has at hand, and the longest name among them. */
const MOST_RECENT = 1000
const LONGEST_RECENT = 64

class Generation {
  size = 0
  private readonly shards: BucketShard[] = Array.from({ length: SHARDS }, () => new BucketShard())

  shardOf(high: number): BucketShard {
    return this.shards[high >>> 24]!
  }
}

export class BucketRoom {
  private readonly now: Now
  private readonly most: number
  private readonly salt = randomBytes(16).toString('base64')
  private young = new Generation()
  private old = new Generation()
  private turnedAt: number
  /** A client that was forgotten before its bucket was full again had asked at this time, or earlier. */
  private forgotUpTo = Number.NEGATIVE_INFINITY
  private idleMs = LEAST_IDLE_MS
  private limits = 0
  /** Longest that a bucket of some limit takes to be full again. */
  private refillMs = 0
  /** The bucket that is looked at, taken out of the arrays. */
  private readonly bucket: TokenBucket

  /** @param most clients of one generation */
  constructor(now: Now, most = MOST_CLIENTS) {
    this.now = now
    this.most = most
    this.turnedAt = now()
    this.bucket = new TokenBucket({ intervalMs: 1, capacity: 1 }, 0)
  }

  /** Adds a limit. Its clients are remembered until their buckets are full again. */
  open(rule: BucketRule): RoomLimit {
    this.limits++
    this.refillMs = Math.max(this.refillMs, refillMs(rule))
    this.idleMs = Math.max(this.idleMs, this.refillMs)
    return { rule, salt: `${this.salt} ${this.limits} `, recent: new Map() }
  }

  /** Takes a token of a client's bucket; false when there is none. */
  take(limit: RoomLimit, client: string): boolean {
    const now = this.now()
    if (now - this.turnedAt >= this.idleMs) this.turn(now)
    const { high, low } = limit.recent.get(client) ?? keyOf(limit, client)
    const { bucket } = this
    bucket.rule = limit.rule
    let shard = this.young.shardOf(high)
    let at = shard.find(high, low)
    if (at >= 0) shard.load(at, bucket)
    else {
      this.recall(high, low, now)
      if (this.young.size >= this.most) this.turn(now)
      shard = this.young.shardOf(high)
      at = shard.add(high, low)
      this.young.size++
    }
    const taken = bucket.take(now)
    shard.save(at, bucket)
    return taken
  }

  /** Clients that are remembered; one that moved to the young generation is counted twice until the old one goes. */
  get size(): number {
    return this.young.size + this.old.size
  }

  /** Forgets who has been idle long enough. */
  sweep(): void {
    if (this.size > 0 && this.now() - this.turnedAt >= this.idleMs) this.turn(this.now())
  }

  /** Fills {@link bucket} with what the old generation knows, or with a new one. */
  private recall(high: number, low: number, now: number): void {
    const { bucket } = this
    const shard = this.old.shardOf(high)
    const at = shard.find(high, low)
    if (at >= 0) {
      shard.load(at, bucket)
      return
    }
    const { rule } = bucket
    // one who may have been forgotten too early gets one token and no whole capacity: a million others had to come in between
    bucket.tokens = now < this.forgotUpTo + refillMs(rule) ? 1 : rule.capacity
    bucket.refilledAt = now
  }

  private turn(now: number): void {
    // the old generation was asked for the last time before it became old
    if (this.old.size > 0 && now - this.turnedAt < this.refillMs) this.forgotUpTo = this.turnedAt
    this.old = this.young
    this.young = new Generation()
    this.turnedAt = now
  }
}

function keyOf({ salt, recent }: RoomLimit, client: string): BucketKey {
  const digest = hash('sha256', salt + client, 'buffer')
  const key = { high: digest.readUInt32LE(0) || 1, low: digest.readUInt32LE(4) }
  if (client.length > LONGEST_RECENT) return key
  if (recent.size >= MOST_RECENT) recent.clear()
  // a copy: the name may be a slice that would keep a whole request line alive
  recent.set(Buffer.from(client).toString(), key)
  return key
}
