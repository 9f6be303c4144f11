/** Turns objects of an answer into signed tokens. */

import type * as Jose from 'jose'
import { stringifyJson } from 'sluice/plugin'
import { sortJson } from '../../_shared/go-text.js'

/** How tokens are made. */
export interface SignPlan {
  readonly jose: typeof Jose
  readonly key: Jose.CryptoKey
  readonly alg: string
  /** `kid` of the token's header. */
  readonly keyId: string
  /** `typ` of the token's header. */
  readonly type: string
  /** JWS JSON serialisation (RFC 7515 §7.2.2) as text, instead of the compact one. */
  readonly full: boolean
}

/** Signs one object. */
export type Sign = (payload: object) => Promise<string>

/** Compiles signing. The payload has sorted keys, so that equal objects give equal texts. */
export function compileSign({ jose, key, alg, keyId, type, full }: SignPlan): Sign {
  const header = { alg, kid: keyId, typ: type }
  const encoder = new TextEncoder()
  return async payload => {
    const bytes = encoder.encode(sortJson(stringifyJson(payload)))
    if (!full) return new jose.CompactSign(bytes).setProtectedHeader(header).sign(key)
    const signed = await new jose.FlattenedSign(bytes).setProtectedHeader(header).sign(key)
    return JSON.stringify({ payload: signed.payload, protected: signed.protected, signature: signed.signature })
  }
}

/** Replaces each named field that is an object by its token; others stay. Returns true when anything was signed. */
export async function signFields(data: Record<string, unknown>, keys: readonly string[], sign: Sign): Promise<boolean> {
  let signed = false
  for (const key of keys) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    data[key] = await sign(value)
    signed = true
  }
  return signed
}
