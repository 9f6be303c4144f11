/** Verifies a token: signature by jose, key by the token's header, claims by the rules. */

import type * as Jose from 'jose'
import { type KeyUse, keyNameOf } from '../../_shared/keys/key-set.js'
import type { FoundKey, KeySource } from '../../_shared/keys/key-source.js'
import { type ClaimRules, type Claims, checkClaims, TokenRefused } from './claims.js'
import { checkCompact, readObject } from './compact.js'
import { MAX_TOKEN_CHARS } from './token.js'

/** Resolves with the claims. @rejects TokenRefused with the reason, for the log */
export type Verify = (token: string) => Promise<Claims>

export interface VerifyOptions {
  readonly jose: typeof Jose
  readonly keys: KeySource
  readonly wanted: KeyUse
  readonly rules: ClaimRules
  /** ms a request waits for keys that are being fetched. */
  readonly keyWaitMs: number
  /** s since 1970. */
  readonly nowSeconds: () => number
}

/** Compiles verification: exactly one algorithm is accepted, whatever the token's header says. */
export function compileVerify({ jose, keys, wanted, rules, keyWaitMs, nowSeconds }: VerifyOptions): Verify {
  const { compactVerify } = jose
  const options = { algorithms: [wanted.alg] }

  function keyFor(
    header: Jose.CompactJWSHeaderParameters,
    { protected: text }: Jose.FlattenedJWSInput
  ): FoundKey | Promise<FoundKey> {
    checkHeader(header, text!, wanted.alg)
    const found = keys.find(keyNameOf(header, wanted.strategy), wanted)
    if (found === undefined) throw new TokenRefused('no key has the name that the token gives')
    if (!(found instanceof Promise)) return found
    return within(found, keyWaitMs)
  }

  function read({ payload }: Jose.CompactVerifyResult): Claims {
    const claims = readObject(payload, 'payload')
    checkClaims(claims, rules, nowSeconds())
    return claims
  }

  return async token => {
    if (token.length > MAX_TOKEN_CHARS) throw new TokenRefused('the token is too long')
    checkCompact(token)
    return read(await compactVerify(token, keyFor as Jose.CompactVerifyGetKey, options))
  }
}

/** Headers that were found right: the tokens of an issuer have few. */
const RIGHT_HEADERS = new Set<string>()
const MAX_RIGHT_HEADERS = 100
const MAX_KEPT_CHARS = 512

/** @throws TokenRefused */
function checkHeader(header: Jose.CompactJWSHeaderParameters, text: string, alg: string): void {
  if (header.alg !== alg) throw new TokenRefused('the algorithm is not the configured one')
  if (RIGHT_HEADERS.has(text)) return
  readObject(Buffer.from(text, 'base64url'), 'header')
  // extensions change what a signature means: `b64`, for one, which a JWT may not have (RFC 7797 §7)
  if (header.crit !== undefined) throw new TokenRefused('the header has critical extensions')
  if (header.b64 !== undefined) throw new TokenRefused('the header has b64')
  for (const name of ['kid', 'x5t', 'x5t#S256', 'typ', 'cty']) {
    const value = header[name]
    if (value !== undefined && typeof value !== 'string') throw new TokenRefused(`${name} of the header is not a string`)
  }
  if (text.length > MAX_KEPT_CHARS) return
  if (RIGHT_HEADERS.size >= MAX_RIGHT_HEADERS) RIGHT_HEADERS.clear()
  RIGHT_HEADERS.add(text)
}

/** A key server that hangs ends the requests that need it, with a refusal, before their time is up. */
function within(found: Promise<FoundKey>, ms: number): Promise<Jose.CryptoKey> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TokenRefused('the keys did not come in time')), ms)
    timer.unref()
    found.then(key => {
      clearTimeout(timer)
      if (key === undefined) reject(new TokenRefused('no key has the name that the token gives'))
      else resolve(key)
    }, reject)
  })
}
