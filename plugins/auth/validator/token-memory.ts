/**
 * Tokens whose signature was found right, so that the next request with the same token needs no cryptography.
 *
 * In: a token. Out: its claims, and the key that had signed it. What is remembered says nothing about rules: times, issuer, audience,
 * roles, scopes and revocation are looked at for each request. Nothing that was refused is kept.
 *
 * Tokens are kept as their SHA-256, which costs what a `Map` takes to hash so long a text. A memory dump holds no tokens that a thief
 * could use. A client that compares times learns nothing: a token that differs in one character has an unrelated hash.
 */

import { hash } from 'node:crypto'
import type { LRUCache } from 'lru-cache'
import type { KeyUse } from '../../_shared/keys/key-set.js'
import type { KeySource } from '../../_shared/keys/key-source.js'
import type { SignatureKey } from '../../_shared/keys/signature.js'
import type { Claims } from './claims.js'

/** A token that was verified. */
export interface KnownToken {
  /** Deeply frozen. */
  readonly claims: Claims
  readonly key: SignatureKey
  /** How the token names its key. */
  readonly keyName: string
}

/** What the memory of one key set has done, for metrics. */
export interface TokenMemoryCounts {
  readonly hits: number
  readonly misses: number
  readonly evictions: number
  readonly tokens: number
  readonly bytes: number
}

/** Bytes that a token takes beside its claims: as measured with 100,000 tokens. */
const TOKEN_BYTES = 260
/** ms between two looks for tokens that have expired. */
const SWEEP_MS = 30_000
/** Tokens that are looked at in one turn of the event loop. */
const SLICE = 2_000

export interface TokenMemoryOptions {
  /** Most bytes of all that is remembered, as far as they can be told. */
  readonly maxBytes: number
  readonly keys: KeySource
  readonly wanted: KeyUse
  /** s since 1970. */
  readonly nowSeconds: () => number
}

/** Remembers tokens of one key set up to a number of bytes; the least recently used are forgotten first. */
export class TokenMemory {
  private readonly known: LRUCache<string, KnownToken>
  private readonly options: TokenMemoryOptions
  private hits = 0
  private misses = 0
  private evictions = 0
  private timer: NodeJS.Timeout | undefined
  private isClosed = false
  /** Ends that keys tell of their changes. */
  private readonly deaf: () => void

  private constructor(Cache: typeof LRUCache, options: TokenMemoryOptions) {
    this.options = options
    this.known = new Cache<string, KnownToken>({
      maxSize: options.maxBytes,
      dispose: (_token, _place, reason) => {
        if (reason === 'evict') this.evictions++
      }
    })
    this.deaf = options.keys.onChange(left => this.forgetWhere(({ key }) => !left.has(key)))
  }

  static async open(options: TokenMemoryOptions): Promise<TokenMemory> {
    const { LRUCache } = await import('lru-cache')
    return new TokenMemory(LRUCache, options)
  }

  get counts(): TokenMemoryCounts {
    const { hits, misses, evictions, known } = this
    return { hits, misses, evictions, tokens: known.size, bytes: known.calculatedSize }
  }

  /** Where a token is kept, for the other methods. */
  placeOf(token: string): string {
    return hash('sha256', token, 'binary')
  }

  /** Returns the claims of a token that is known, if its key can still be had without waiting. */
  find(place: string): Claims | undefined {
    const known = this.known.get(place)
    if (known === undefined) {
      this.misses++
      return undefined
    }
    const { keys, wanted } = this.options
    if (keys.find(known.keyName, wanted) !== known.key) {
      this.known.delete(place)
      this.misses++
      return undefined
    }
    this.hits++
    return known.claims
  }

  /** @param claimsBytes what the claims take in memory */
  remember(place: string, token: KnownToken, claimsBytes: number): void {
    if (this.isClosed) return
    this.known.set(place, token, { size: TOKEN_BYTES + claimsBytes })
    this.timer ??= setTimeout(() => this.sweep(), SWEEP_MS).unref()
  }

  forget(place: string): void {
    this.known.delete(place)
  }

  close(): void {
    this.isClosed = true
    this.deaf()
    clearTimeout(this.timer)
    this.known.clear()
  }

  private sweep(): void {
    const now = this.options.nowSeconds()
    this.forgetWhere(({ claims }) => typeof claims.exp === 'number' && claims.exp < now)
    this.timer = this.known.size === 0 ? undefined : setTimeout(() => this.sweep(), SWEEP_MS).unref()
  }

  /** A slice in each turn of the event loop: 73,000 tokens at once took 30 ms. */
  private forgetWhere(isGone: (token: KnownToken) => boolean): void {
    const { known } = this
    const places = [...known.keys()]
    const forgetSlice = (): void => {
      for (const place of places.splice(-SLICE)) {
        const token = known.peek(place)
        if (token !== undefined && isGone(token)) known.delete(place)
      }
      if (places.length > 0) setImmediate(forgetSlice)
    }
    forgetSlice()
  }
}
