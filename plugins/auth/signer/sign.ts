/** Turns objects of a response into signed tokens. */

import { stringifyJson } from 'sluice/plugin'
import { sortJson } from '../../_shared/go-text.js'
import type { SignatureKey } from '../../_shared/keys/signature.js'

/** How tokens are made. */
export interface SignPlan {
  readonly key: SignatureKey
  readonly alg: string
  /** `kid` of the token's header. */
  readonly keyId: string
  /** `typ` of the token's header. */
  readonly type: string
  /** JWS JSON serialisation (RFC 7515 §7.2.2) as text, instead of the compact one. */
  readonly full: boolean
}

/** Signs one object. Returns a promise where signing takes long. @throws Error, or rejects, when the key cannot sign */
export type Sign = (payload: object) => string | Promise<string>

/** Compiles signing. The payload has sorted keys, so that equal objects give equal texts. */
export function compileSign({ key, alg, keyId, type, full }: SignPlan): Sign {
  const header = base64url(JSON.stringify({ alg, kid: keyId, typ: type }))
  return object => {
    const payload = base64url(sortJson(stringifyJson(object)))
    const token = (signature: Buffer): string => {
      const text = signature.toString('base64url')
      return full ? JSON.stringify({ payload, protected: header, signature: text }) : `${header}.${payload}.${text}`
    }
    const signature = key.sign(Buffer.from(`${header}.${payload}`, 'latin1'))
    return signature instanceof Promise ? signature.then(token) : token(signature)
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** Replaces each named field that is an object by its token; others stay. Returns true when anything was signed. */
export async function signFields(data: Record<string, unknown>, keys: readonly string[], sign: Sign): Promise<boolean> {
  let signed = false
  for (const key of keys) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    const token = sign(value)
    data[key] = typeof token === 'string' ? token : await token
    signed = true
  }
  return signed
}
