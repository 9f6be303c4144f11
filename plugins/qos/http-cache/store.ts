/** Where cached responses are kept. Two stores have this interface: memory (`MemoryStore`), and Redis (`redis-store.ts`). */

import type { LRUCache } from 'lru-cache'

/** A stored response. Everything in it can be written as JSON but the body, which is bytes. */
export interface StoredAnswer {
  readonly kind: 'answer'
  readonly status: number
  /** `[name, value, …]` as the upstream spelled them; of the bytes in `body`. */
  readonly fields: readonly string[]
  readonly body: Buffer
  /** ms since the epoch. */
  readonly storedAt: number
  /** The same moment on the monotonic clock of this process; undefined for a response that a process has read from Redis. */
  readonly steadyAt?: number | undefined
  /** The URL that was called, for messages about it. */
  readonly url: string
}

/** Which request fields tell the responses of one URL apart. */
export interface StoredVariants {
  readonly kind: 'variants'
  /** Lower-cased names; `*` = all fields of the request, for private responses. */
  readonly fields: readonly string[]
  /** Part of the key of each response: a new number forgets the old ones. */
  readonly generation: string
}

/** The monotonic clock, ms. Tests make it stand still. */
export const steadyClock = { now: (): number => performance.now() }

/** The moment at which a response comes, for {@link StoredAnswer}. */
export const momentNow = (): { readonly storedAt: number; readonly steadyAt: number } => ({
  storedAt: Date.now(),
  steadyAt: steadyClock.now()
})

/**
 * ms since the epoch, by the clock that has gone further since the response came: the wall clock may have been set back, and the
 * monotonic one may stand still while the machine sleeps.
 */
export function timeFor({ storedAt, steadyAt }: StoredAnswer): number {
  const now = Date.now()
  return steadyAt === undefined ? now : Math.max(now, storedAt + steadyClock.now() - steadyAt)
}

export type Stored = StoredAnswer | StoredVariants

/** Keys and values; any method may return a promise. */
export interface CacheStore {
  get(key: string): Stored | undefined | Promise<Stored | undefined>
  set(key: string, value: Stored): void | Promise<void>
  delete(key: string): void | Promise<void>
}

/** Bytes that an entry takes beside its key, fields and body, and a string beside its characters: as measured with small responses. */
const ENTRY_BYTES = 640
const STRING_BYTES = 32

/** Holds entries up to a number of bytes and of items; the least recently used go first. */
export class MemoryStore implements CacheStore {
  private readonly entries: LRUCache<string, Stored>

  constructor(entries: LRUCache<string, Stored>) {
    this.entries = entries
  }

  /** @param maxBytes most bytes of all entries. @param maxItems most responses, of one URL each; 0 = no limit */
  static async open(maxBytes: number, maxItems: number): Promise<MemoryStore> {
    const { LRUCache } = await import('lru-cache')
    return new MemoryStore(
      new LRUCache({
        maxSize: maxBytes,
        // a response has a second entry, for what its URL varies by
        ...(maxItems > 0 ? { max: maxItems * 2 } : {}),
        sizeCalculation: (value, key) => sizeOf(key, value)
      })
    )
  }

  get(key: string): Stored | undefined {
    return this.entries.get(key)
  }

  set(key: string, value: Stored): void {
    this.entries.set(key, value)
  }

  delete(key: string): void {
    this.entries.delete(key)
  }
}

/** One owner's part of a store: the room is everybody's, the keys are its own. */
export class StorePart implements CacheStore {
  private readonly store: CacheStore
  private readonly prefix: string

  /** @param owner differs from that of every other part */
  constructor(store: CacheStore, owner: string) {
    this.store = store
    this.prefix = `${owner} `
  }

  get(key: string): Stored | undefined | Promise<Stored | undefined> {
    return this.store.get(this.prefix + key)
  }

  set(key: string, value: Stored): void | Promise<void> {
    return this.store.set(this.prefix + key, value)
  }

  delete(key: string): void | Promise<void> {
    return this.store.delete(this.prefix + key)
  }
}

function sizeOf(key: string, value: Stored): number {
  let size = ENTRY_BYTES + key.length
  for (const field of value.fields) size += STRING_BYTES + field.length
  return value.kind === 'answer' ? size + value.body.length : size
}
