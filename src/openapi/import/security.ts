/** What a document asks of clients, as far as the gateway can check it: tokens. */

import type { Json, JsonObject } from '../../config/types.js'
import { follow, membersOf, textOf, textsOf } from './references.js'

/** In place of an address that the document does not have: no token is valid until it is filled in. */
export const UNKNOWN_KEYS = 'https://issuer.example/.well-known/jwks.json'

export interface ImportedSecurity {
  /** Options of `auth/validator`; undefined = the gateway checks no tokens. */
  readonly validator: JsonObject | undefined
  /** Fields, cookies and query strings that must go on to the backend. */
  readonly headers: readonly string[]
  readonly queries: readonly string[]
  /** Why clients are let through that show something else; '' = nothing is left out. */
  readonly unchecked: string
}

/** @param requirement the operation's, or the document's */
export function securityOf(requirement: Json | undefined, root: JsonObject, jwkUrl: string | undefined): ImportedSecurity {
  const schemes = follow(follow(root.components, root).securitySchemes, root)
  const alternatives = (Array.isArray(requirement) ? requirement : []).map(one => membersOf(one as Json))
  const headers = new Set<string>()
  const queries = new Set<string>()
  let checked = alternatives.length > 0
  const unchecked = new Set<string>()
  for (const alternative of alternatives) {
    let hasToken = false
    for (const [name] of alternative) {
      const scheme = follow(schemes[name], root)
      const place = placeOf(scheme)
      if (place.header !== '') headers.add(place.header)
      if (place.query !== '') queries.add(place.query)
      if (isToken(scheme)) hasToken = true
      else unchecked.add(`${name} (${describe(scheme)})`)
    }
    checked &&= hasToken
  }
  if (!checked && alternatives.some(one => one.length === 0)) unchecked.clear()
  const tokensAside = !checked && alternatives.length > 0 && unchecked.size === 0 ? 'security is optional' : ''
  return {
    validator: checked ? validatorOf(alternatives, jwkUrl) : undefined,
    headers: [...headers],
    queries: [...queries],
    unchecked: [...unchecked].join(', ') || tokensAside
  }
}

function isToken({ type, scheme, bearerFormat }: JsonObject): boolean {
  if (type === 'oauth2' || type === 'openIdConnect') return true
  return type === 'http' && textOf(scheme).toLowerCase() === 'bearer' && /^$|jwt/i.test(textOf(bearerFormat))
}

function placeOf({ type, in: where, name }: JsonObject): { header: string; query: string } {
  if (type !== 'apiKey') return { header: type === 'mutualTLS' ? '' : 'Authorization', query: '' }
  if (where === 'query') return { header: '', query: textOf(name) }
  return { header: where === 'cookie' ? 'Cookie' : textOf(name), query: '' }
}

function describe({ type, scheme, in: where }: JsonObject): string {
  if (type === 'apiKey') return `a key in the ${textOf(where)}`
  return type === 'http' ? `HTTP ${textOf(scheme)}` : textOf(type)
}

/** Scopes are checked where all alternatives ask for the same ones. */
function validatorOf(alternatives: readonly (readonly [string, Json][])[], jwkUrl: string | undefined): JsonObject {
  const asked = alternatives.map(one => one.flatMap(([, scopes]) => textsOf(scopes)).sort())
  const same = asked.every(one => one.join(' ') === asked[0]!.join(' ')) ? asked[0]! : []
  return {
    alg: 'RS256',
    jwk_url: jwkUrl ?? UNKNOWN_KEYS,
    ...(jwkUrl?.startsWith('http:') ? { disable_jwk_security: true } : {}),
    cache: true,
    ...(same.length === 0 ? {} : { scopes: same, scopes_key: 'scope', scopes_matcher: 'all' })
  }
}
