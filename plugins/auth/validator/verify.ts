/**
 * Verifies tokens: spelling, header, key, signature, claims. A token that is known needs the claims alone, and most others are verified
 * in the turn they came in: there is a promise only where keys are being fetched, or where the thread pool verifies.
 */

import { type KeyUse, keyNameOf } from '../../_shared/keys/key-set.js'
import type { FoundKey, KeySource } from '../../_shared/keys/key-source.js'
import type { SignatureKey } from '../../_shared/keys/signature.js'
import { type ClaimRules, type Claims, checkClaims, TokenRefused } from './claims.js'
import { checkCompact, readObject } from './compact.js'
import { freezeClaims } from './frozen-claims.js'
import { MAX_TOKEN_CHARS } from './token.js'
import type { TokenMemory } from './token-memory.js'

export interface VerifierOptions {
  readonly keys: KeySource
  readonly wanted: KeyUse
  readonly rules: ClaimRules
  /** ms a request waits for keys that are being fetched. */
  readonly keyWaitMs: number
  /** s since 1970. */
  readonly nowSeconds: () => number
  /** Of the same `keys` and `wanted`; undefined: each token is verified anew. */
  readonly memory: TokenMemory | undefined
}

/** A token in its parts. */
interface TokenParts {
  readonly keyName: string
  /** What is signed. */
  readonly signed: Buffer
  readonly payload: Buffer
  readonly signature: Buffer
}

/** Headers that were found right are kept: the tokens of an issuer have few. */
const MAX_RIGHT_HEADERS = 100
const MAX_KEPT_CHARS = 512

/** Verifies the tokens of one endpoint: exactly one algorithm is accepted, whatever a token's header says. */
export class TokenVerifier {
  private readonly options: VerifierOptions
  /** Names of keys by the text of the header. */
  private readonly rightHeaders = new Map<string, string>()

  constructor(options: VerifierOptions) {
    this.options = options
  }

  /**
   * Returns the claims, deeply frozen; a promise of them where something must be waited for.
   * @throws TokenRefused, or rejects with it; the reason is for the log
   */
  verify(token: string): Claims | Promise<Claims> {
    if (token.length > MAX_TOKEN_CHARS) throw new TokenRefused('the token is too long')
    const { memory } = this.options
    if (memory === undefined) return this.verifyAnew(token, '')
    const place = memory.placeOf(token)
    const claims = memory.find(place)
    if (claims === undefined) return this.verifyAnew(token, place)
    try {
      this.checkClaims(claims)
    } catch (refusal) {
      memory.forget(place)
      throw refusal
    }
    return claims
  }

  /** Forgets a token that was refused for another reason, such as revocation. */
  forget(token: string): void {
    const { memory } = this.options
    memory?.forget(memory.placeOf(token))
  }

  private verifyAnew(token: string, place: string): Claims | Promise<Claims> {
    const { keys, wanted, keyWaitMs } = this.options
    const parts = this.partsOf(token)
    const found = keys.find(parts.keyName, wanted)
    if (found instanceof Promise) return within(found, keyWaitMs).then(key => this.verifyWith(key, parts, place))
    return this.verifyWith(found, parts, place)
  }

  private verifyWith(key: FoundKey, parts: TokenParts, place: string): Claims | Promise<Claims> {
    if (key === undefined) throw new TokenRefused('no key has the name that the token gives')
    const isRight = key.verify(parts.signed, parts.signature)
    if (isRight instanceof Promise) return isRight.then(later => this.accept(later, key, parts, place))
    return this.accept(isRight, key, parts, place)
  }

  private accept(isRight: boolean, key: SignatureKey, parts: TokenParts, place: string): Claims {
    if (!isRight) throw new TokenRefused('the signature is not that of the key')
    const { keyName, payload } = parts
    const claims = readObject(payload, 'payload')
    this.checkClaims(claims)
    const bytes = freezeClaims(claims)
    this.options.memory?.remember(place, { claims, key, keyName }, bytes)
    return claims
  }

  private checkClaims(claims: Claims): void {
    const { rules, nowSeconds } = this.options
    checkClaims(claims, rules, nowSeconds())
  }

  private partsOf(token: string): TokenParts {
    checkCompact(token)
    const first = token.indexOf('.')
    const last = token.lastIndexOf('.')
    return {
      keyName: this.keyNameIn(token.slice(0, first)),
      signed: Buffer.from(token.slice(0, last), 'latin1'),
      payload: Buffer.from(token.slice(first + 1, last), 'base64url'),
      signature: Buffer.from(token.slice(last + 1), 'base64url')
    }
  }

  private keyNameIn(text: string): string {
    const known = this.rightHeaders.get(text)
    if (known !== undefined) return known
    const { alg, strategy } = this.options.wanted
    const header = readObject(Buffer.from(text, 'base64url'), 'header')
    checkHeader(header, alg)
    const name = keyNameOf(header, strategy)
    if (text.length <= MAX_KEPT_CHARS) {
      if (this.rightHeaders.size >= MAX_RIGHT_HEADERS) this.rightHeaders.clear()
      // a copy: V8 would keep the whole token for the sake of a part of it
      this.rightHeaders.set(Buffer.from(text, 'latin1').toString('latin1'), name)
    }
    return name
  }
}

/** @throws TokenRefused */
function checkHeader(header: Claims, alg: string): void {
  if (header.alg !== alg) throw new TokenRefused('the algorithm is not the configured one')
  // extensions change what a signature means: `b64`, for one, which a JWT may not have (RFC 7797 §7)
  if (header.crit !== undefined) throw new TokenRefused('the header has critical extensions (crit)')
  if (header.b64 !== undefined) throw new TokenRefused('the header has b64')
  for (const name of ['kid', 'x5t', 'x5t#S256', 'typ', 'cty']) {
    const value = header[name]
    if (value !== undefined && typeof value !== 'string') throw new TokenRefused(`${name} of the header is not a string`)
  }
}

/** A key server that hangs ends the requests that need it, with a refusal, before their time is up. */
function within(found: Promise<FoundKey>, ms: number): Promise<FoundKey> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TokenRefused('the keys did not come in time')), ms)
    timer.unref()
    found.then(key => {
      clearTimeout(timer)
      resolve(key)
    }, reject)
  })
}
