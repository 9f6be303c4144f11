/**
 * Where keys come from: a file read at start, or a URL whose key set is cached.
 *
 * In: what a token says about its key. Out: the imported key, at once when it is known. A key set is fetched when it is first
 * needed, when it has grown old, and when a token names another key. There is one fetch at a time, however many
 * requests wait for it. Failures and unknown names are remembered, so that bad tokens and dead servers cost nothing.
 */

import type * as Jose from 'jose'
import { KeySet, type KeyUse } from './key-set.js'
import type { SignatureKey } from './signature.js'
import type { SmallFetch } from './small-fetch.js'

export type FoundKey = SignatureKey | undefined

/** Told which keys are left, when the set has been fetched anew. */
export type KeysChanged = (left: ReadonlySet<SignatureKey>) => void

/** Finds keys. */
export interface KeySource {
  /** The key, undefined when there is none. A promise where something must be fetched or imported first; it never rejects. */
  find(name: string, wanted: KeyUse): FoundKey | Promise<FoundKey>
  /** Makes the keys ready. @throws Error when they cannot be had */
  load(): Promise<KeySet>
  /** Calls `listener` each time the set has been fetched anew, until the function that it returns is called. */
  onChange(listener: KeysChanged): () => void
}

/** Keys that stay as they are. */
export class FixedKeys implements KeySource {
  private readonly set: KeySet

  constructor(set: KeySet) {
    this.set = set
  }

  find(name: string, wanted: KeyUse): FoundKey | Promise<FoundKey> {
    const slot = this.set.slot(name, wanted)
    return slot === undefined ? undefined : (slot.key ?? slot.ready)
  }

  async load(): Promise<KeySet> {
    return this.set
  }

  /** Never calls: these keys do not change. */
  onChange(): () => void {
    return () => {}
  }
}

export interface RemoteKeysOptions {
  readonly jose: typeof Jose
  readonly url: string
  readonly fetch: SmallFetch
  /** ms a key set is used before it is fetched anew. */
  readonly maxAgeMs: number
  /** ms a name that no key has is not looked for again. */
  readonly missCooldownMs: number
  /** Told of each fetch that failed. */
  readonly onFailure: (error: Error) => void
  /** ms that only grow. */
  readonly now: () => number
}

/** Least time between two fetches that unknown names or failures ask for. */
const RETRY_MS = 1000
/** A set this old is renewed while requests still use it. */
const RENEW_AT = 0.8
const MOST_MISSES = 1000

/** Keys of a URL. */
export class RemoteKeys implements KeySource {
  private readonly options: RemoteKeysOptions
  private set: KeySet | undefined
  private fetchedAt = 0
  private triedAt = Number.NEGATIVE_INFINITY
  private failed = false
  private pending: Promise<KeySet> | undefined
  private readonly misses = new Map<string, number>()
  private readonly listeners = new Set<KeysChanged>()

  constructor(options: RemoteKeysOptions) {
    this.options = options
  }

  find(name: string, wanted: KeyUse): FoundKey | Promise<FoundKey> {
    const now = this.options.now()
    const age = now - this.fetchedAt
    const { set } = this
    if (set === undefined || age >= this.options.maxAgeMs) return this.findAfterFetch(name, wanted, now, this.failed)
    if (age >= this.options.maxAgeMs * RENEW_AT && this.mayTry(now)) this.load().catch(() => {})
    const slot = set.slot(name, wanted)
    if (slot !== undefined) return slot.key ?? slot.ready
    const missedAt = this.misses.get(name)
    if (missedAt !== undefined && now - missedAt < this.options.missCooldownMs) return undefined
    return this.findAfterFetch(name, wanted, now, true)
  }

  load(): Promise<KeySet> {
    this.pending ??= this.fetch().finally(() => {
      this.pending = undefined
    })
    return this.pending
  }

  onChange(listener: KeysChanged): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Ends its connections. */
  readonly close = (): Promise<void> | void => this.options.fetch.close()

  private mayTry(now: number): boolean {
    return this.pending !== undefined || now - this.triedAt >= RETRY_MS
  }

  private findAfterFetch(name: string, wanted: KeyUse, now: number, sparing: boolean): FoundKey | Promise<FoundKey> {
    if (sparing && !this.mayTry(now)) return undefined
    return this.load().then(
      set => {
        const slot = set.slot(name, wanted)
        if (slot === undefined) this.miss(name)
        return slot?.ready
      },
      () => undefined
    )
  }

  private miss(name: string): void {
    const { misses } = this
    misses.delete(name)
    if (misses.size >= MOST_MISSES) misses.delete(misses.keys().next().value!)
    if (name.length <= 256) misses.set(name, this.options.now())
  }

  private async fetch(): Promise<KeySet> {
    const { jose, url, fetch, now, onFailure } = this.options
    this.triedAt = now()
    try {
      const answer = await fetch.get(url, 'application/jwk-set+json, application/json')
      if (answer.status !== 200) throw new Error(`status ${answer.status}`)
      const set = KeySet.parse(jose, answer.text, this.set)
      this.set = set
      this.fetchedAt = now()
      this.failed = false
      const left = set.inUse()
      for (const tell of this.listeners) tell(left)
      return set
    } catch (cause) {
      this.failed = true
      this.triedAt = now()
      const error = new Error(`the keys of ${withoutSecrets(url)} cannot be had: ${textOf(cause)}`, { cause })
      onFailure(error)
      throw error
    }
  }
}

/** A URL for people: without user, password and query. */
export function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function textOf(cause: unknown): string {
  // a JSON error quotes the text, which may hold private keys
  if (cause instanceof SyntaxError) return 'not JSON'
  const error = cause as { message?: string; code?: string }
  return error.message || error.code || 'unknown cause'
}
