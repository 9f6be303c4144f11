/** Claims on their way to backends: as headers and as parameters of `url_pattern`. */

import type { GatewayRequest } from 'sluice/plugin'
import { claimText, goValue } from '../../_shared/go-text.js'
import { onTheWire } from '../../_shared/on-the-wire.js'
import { type ClaimReader, type Claims, compileClaimReader, TokenRefused } from './claims.js'

/** Puts claims into a request. @throws TokenRefused for a claim that cannot travel in a header */
export type Propagate = (claims: Claims, request: GatewayRequest) => void

/**
 * Compiles `propagate_claims`: what the client sent under these names is gone, whatever the token says; a missing claim
 * is an empty value. `lists`: a list becomes one field per item, not one field with commas.
 */
export function compileHeaders(pairs: readonly (readonly [string, string])[], lists: boolean): Propagate | undefined {
  if (pairs.length === 0) return undefined
  const targets = pairs.map(([claim, header]) => ({ claim, header, read: compileClaimReader(claim, true) }))
  return (claims, request) => {
    const { headers } = request
    for (const { claim, header, read } of targets) {
      const value = read(claims)
      headers.delete(header)
      const values = lists && Array.isArray(value) ? value.map(goValue) : [claimText(value)]
      try {
        headers.set(header, values.map(onTheWire))
      } catch {
        throw new TokenRefused(`the claim ${claim} cannot travel in a header`)
      }
    }
  }
}

/** The claim of that very name, as KrakenD takes it, else the one that dots lead to. */
function compileParamReader(claim: string): ClaimReader {
  const flat = compileClaimReader(claim, false)
  const nested = compileClaimReader(claim, true)
  return claims => flat(claims) ?? nested(claims)
}

const PLACEHOLDER = /\{(JWT\.([\w\-.:/]+))\}/g

/**
 * Compiles the claims that patterns ask for as `{JWT.sub}`; undefined when they ask for none. A claim that is missing, null or
 * empty gives no parameter, which ends the call: `/u/{JWT.sub}/7` without a value is another resource.
 */
export function compileParams(urlPatterns: readonly string[]): Propagate | undefined {
  const wanted = new Map<string, ClaimReader>()
  for (const pattern of urlPatterns) {
    for (const [, param, claim] of pattern.matchAll(PLACEHOLDER)) wanted.set(param!, compileParamReader(claim!))
  }
  if (wanted.size === 0) return undefined
  return (claims, request) => {
    // parameters may belong to the route: they are copied, not written to, with what is noted of their spelling
    const params: Record<string, string> = Object.assign(Object.create(null), request.params)
    for (const [param, read] of wanted) {
      const text = claimText(read(claims) ?? undefined)
      if (text === '') delete params[param]
      else params[param] = text
    }
    request.params = params
  }
}
