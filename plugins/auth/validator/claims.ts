/** What a token's claims must say, and where they are found: times, issuer, audience, roles, scopes. */

/** The payload of a token. Its keys come from the token: read own properties only. */
export type Claims = Readonly<Record<string, unknown>>

/** Why a token is refused; the text is for the log, never for the client. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
}

/** What tokens must say. */
export interface ClaimRules {
  /** Exact; '' = any. */
  readonly issuer: string
  /** All of them must be in the token; empty = any. */
  readonly audience: readonly string[]
  /** s; clocks may differ by this much. */
  readonly leewaySeconds: number
}

/**
 * Checks the registered claims (RFC 7519 §4.1) that are there; a token without `exp` is fine.
 * @throws TokenRefused
 */
export function checkClaims(claims: Claims, rules: ClaimRules, nowSeconds: number): void {
  const exp = timeOf(claims, 'exp')
  if (exp !== undefined && nowSeconds - rules.leewaySeconds > exp) throw new TokenRefused('token is expired (exp)')
  const nbf = timeOf(claims, 'nbf')
  if (nbf !== undefined && nowSeconds + rules.leewaySeconds < nbf) throw new TokenRefused('token not valid yet (nbf)')
  const iat = timeOf(claims, 'iat')
  if (iat !== undefined && nowSeconds + rules.leewaySeconds < iat) throw new TokenRefused('token issued in the future (iat)')
  const issuer = textOf(claims, 'iss')
  if (rules.issuer !== '' && issuer !== rules.issuer) throw new TokenRefused('invalid issuer claim (iss)')
  textOf(claims, 'sub')
  textOf(claims, 'jti')
  checkAudience(own(claims, 'aud'), rules.audience)
}

function checkAudience(value: unknown, wanted: readonly string[]): void {
  if (value === undefined) {
    if (wanted.length > 0) throw new TokenRefused('invalid audience claim (aud): none')
    return
  }
  const audience = typeof value === 'string' ? [value] : value
  if (!Array.isArray(audience) || !audience.every(item => typeof item === 'string'))
    throw new TokenRefused('invalid audience claim (aud): neither a string nor a list of strings')
  for (const one of wanted) if (!audience.includes(one)) throw new TokenRefused('invalid audience claim (aud)')
}

/** An own claim; null counts as absent. */
function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function timeOf(claims: Claims, name: string): number | undefined {
  const value = own(claims, name)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || Math.abs(value) >= BEYOND_TIME) throw new TokenRefused(`${name} is not a number of seconds`)
  return value
}

/** s; KrakenD holds times in 64 bits, and no clock gets there. */
const BEYOND_TIME = 2 ** 63

function textOf(claims: Claims, name: string): string | undefined {
  const value = own(claims, name)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new TokenRefused(`${name} is not a string`)
  return value
}

/** Returns one claim, or undefined when it is absent. */
export type ClaimReader = (claims: Claims) => unknown

/** Compiles the way to a claim. `nested`: dots lead into objects, but not in names that are URLs (`http…`). */
export function compileClaimReader(name: string, nested: boolean): ClaimReader {
  if (!nested || !name.includes('.') || name.startsWith('http')) return claims => own(claims, name)
  const path = name.split('.')
  return claims => {
    let value: unknown = claims
    for (const key of path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
      value = own(value as Claims, key)
    }
    return value
  }
}

/** Says whether a token may pass. */
export type ClaimTest = (claims: Claims) => boolean

/** Compiles the test that a claim, a list of words or one string of words, has one of `wanted`, or all; undefined when nothing is wanted. */
export function compileWordTest(read: ClaimReader, wanted: readonly string[], match: 'any' | 'all'): ClaimTest | undefined {
  if (wanted.length === 0) return undefined
  return claims => {
    const value = read(claims)
    const words: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
    return match === 'any' ? wanted.some(word => words.includes(word)) : wanted.every(word => words.includes(word))
  }
}
