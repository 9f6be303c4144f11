/** Verifies a token: signature by jose, key by the token's header, claims by the rules. */

import type * as Jose from 'jose'
import { type KeyUse, keyNameOf } from '../key-set.js'
import type { FoundKey, KeySource } from '../key-source.js'
import { type ClaimRules, type Claims, checkClaims, TokenRefused } from './claims.js'
import { MAX_TOKEN_CHARS } from './token.js'

/** Answers the claims. @rejects TokenRefused with the reason, for the log */
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
  const decoder = new TextDecoder()

  function keyFor(header: Jose.CompactJWSHeaderParameters): Jose.CryptoKey | Promise<Jose.CryptoKey> {
    // extensions change what a signature means: `b64`, for one (RFC 7797 §7)
    if (header.crit !== undefined) throw new TokenRefused('the header has critical extensions')
    if (header.alg !== wanted.alg) throw new TokenRefused('the algorithm is not the configured one')
    const found = keys.find(keyNameOf(header, wanted.strategy), wanted)
    if (found === undefined) throw new TokenRefused('no key has the name that the token gives')
    if (!(found instanceof Promise)) return found
    return within(found, keyWaitMs)
  }

  function read({ payload }: Jose.CompactVerifyResult): Claims {
    const claims: unknown = JSON.parse(decoder.decode(payload))
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new TokenRefused('the payload is no object')
    checkClaims(claims as Claims, rules, nowSeconds())
    return claims as Claims
  }

  return token => {
    if (token.length > MAX_TOKEN_CHARS) return Promise.reject(new TokenRefused('the token is too long'))
    return compactVerify(token, keyFor, options).then(read)
  }
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
