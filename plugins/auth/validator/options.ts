/** The options of `auth/validator`: their schema, and reading them. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { KEY_SOURCE_PROPERTIES, type KeyTimes } from '../../_shared/keys/key-options.js'
import { ALGORITHMS, KEY_STRATEGIES, type KeyUse } from '../../_shared/keys/key-set.js'
import { texts } from '../../_shared/option-types.js'
import { type ClaimTest, compileClaimReader, compileWordTest } from './claims.js'

export const VALIDATOR_SCHEMA = {
  type: 'object',
  description: 'Lets requests pass that carry a signed JSON Web Token; at service level only shared_cache_duration counts',
  properties: {
    ...KEY_SOURCE_PROPERTIES,
    alg: { enum: ALGORITHMS, description: 'The one algorithm that tokens are signed with' },
    cache: { type: 'boolean', default: false, description: 'Keeps the key set for cache_duration; else for a few seconds' },
    cache_duration: { type: 'integer', minimum: 0, default: 900, description: 'Seconds a key set is kept' },
    shared_cache_duration: {
      type: 'integer',
      minimum: 0,
      default: 900,
      description: 'Service level: cache_duration of all endpoints with cache'
    },
    failed_jwk_key_cooldown: {
      type: 'string',
      description: 'A key that was not found is not looked for again for this long; at least 1s'
    },
    key_identify_strategy: { enum: KEY_STRATEGIES, default: 'kid', description: 'How the token names its key' },
    auth_header_name: {
      type: 'string',
      default: 'Authorization',
      description: 'Header with the token, with or without the word Bearer'
    },
    cookie_key: { type: 'string', default: 'access_token', description: 'Cookie with the token, when there is no such header' },
    issuer: { type: 'string', description: 'The iss claim must be this' },
    audience: texts('The aud claim must hold all of these'),
    roles: texts('The token must have one of these roles'),
    roles_key: { type: 'string', default: 'roles', description: 'Claim with the roles' },
    roles_key_is_nested: { type: 'boolean', default: false, description: 'Dots in roles_key lead into objects' },
    scopes: texts('Scopes the token must have'),
    scopes_key: { type: 'string', description: 'Claim with the scopes, needed beside them; dots lead into objects' },
    scopes_matcher: { enum: ['any', 'all'], default: 'any', description: 'Whether one of the scopes is enough' },
    propagate_claims: {
      type: 'array',
      items: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 },
      description: 'Pairs of claim and header: what backends see of the token'
    },
    propagate_claims_preserve_array: { type: 'boolean', default: false, description: 'A list becomes one header field per item' },
    leeway: { type: 'string', default: '1s', description: 'How far clocks may differ; at least 1s' },
    token_cache_bytes: {
      type: 'integer',
      minimum: 0,
      default: 16_777_216,
      description:
        'Bytes for tokens that were verified: the same token needs no cryptography again. 0 = each one is verified anew'
    },
    operation_debug: { type: 'boolean', default: false, description: 'Logs why tokens are refused, at level ERROR' }
  },
  additionalProperties: false
} as const

/** ms; what `cache: false` means: new and withdrawn keys are seen soon, the key server is not asked for every request. */
const UNCACHED_MS = 10_000
const DEFAULT_CACHE_SECONDS = 900
/** ms; least cool-down and least leeway. */
const LEAST_MS = 1000

/** Key in the map that the places share: seconds of the service's cache. */
export const SHARED_CACHE = 'auth/validator shared_cache_duration'

/** Reads `alg` and `key_identify_strategy`. */
export function readKeyUse(options: OptionReader, context: ComponentContext): KeyUse {
  const alg = options.text('alg')
  if (!(ALGORITHMS as readonly string[]).includes(alg))
    context.fail(
      '/alg',
      alg === '' ? `unknown algorithm: give one of ${ALGORITHMS.join(', ')}` : `unknown algorithm ${JSON.stringify(alg)}`
    )
  const named = options.text('key_identify_strategy', 'kid')
  const strategy = KEY_STRATEGIES.find(one => one === named)
  if (strategy === undefined) context.fail('/key_identify_strategy', `expected one of ${KEY_STRATEGIES.join(', ')}`)
  return { alg, strategy, use: 'verify' }
}

/** Reads the times of the key cache. */
export function readKeyTimes(options: OptionReader, context: ComponentContext): KeyTimes {
  const cache = options.flag('cache')
  if (cache && options.has('jwk_local_path')) context.fail('/cache', 'cache could not be used with jwk_local_path')
  const own = options.count('cache_duration', DEFAULT_CACHE_SECONDS) || DEFAULT_CACHE_SECONDS
  const seconds = (context.shared.get(SHARED_CACHE) as number | undefined) ?? own
  const missCooldownMs = Math.max(LEAST_MS, options.durationMs('failed_jwk_key_cooldown', LEAST_MS))
  return { maxAgeMs: cache ? seconds * 1000 : UNCACHED_MS, missCooldownMs }
}

/** Reads `leeway`, in seconds. */
export function readLeewaySeconds(options: OptionReader): number {
  return Math.max(LEAST_MS, options.durationMs('leeway', LEAST_MS)) / 1000
}

const DEFAULT_TOKEN_CACHE_BYTES = 16 * 1024 * 1024

/** Reads `token_cache_bytes`; 0 = no tokens are remembered. */
export function readTokenCacheBytes(options: OptionReader): number {
  return options.count('token_cache_bytes', DEFAULT_TOKEN_CACHE_BYTES)
}

/** Reads what decides between 200 and 403. */
export interface AccessTests {
  readonly roles: ClaimTest | undefined
  readonly scopes: ClaimTest | undefined
}

/** Compiles roles and scopes, and says in the log what they are. */
export function readAccess(options: OptionReader, context: ComponentContext, tag: string): AccessTests {
  const { logger } = context
  const rolesKey = options.text('roles_key') || 'roles'
  const nested = options.flag('roles_key_is_nested')
  logger.debug(`${tag} Roles will be matched against the ${nested ? 'nested ' : ''}key: '${rolesKey}'`)
  const roles = compileWordTest(compileClaimReader(rolesKey, nested), options.texts('roles'), 'any')
  const wanted = options.texts('scopes')
  const named = options.text('scopes_matcher', 'any')
  if (named !== 'any' && named !== 'all') context.fail('/scopes_matcher', 'expected one of any, all')
  const scopesKey = options.text('scopes_key')
  if (wanted.length > 0 && scopesKey === '') {
    const message = 'scopes without scopes_key: KrakenD checks none of them'
    if (!context.service.tolerant) context.fail('/scopes', `${message}; name the claim they are in, such as "scope"`)
    logger.error(`${tag} ${message}`)
    return { roles, scopes: undefined }
  }
  if (wanted.length === 0) logger.debug(`${tag} No scope validation required`)
  else {
    const how = named === 'all' ? 'all' : 'any of'
    logger.debug(
      `${tag} Constraint added: tokens must contain a claim '${scopesKey}' with ${how} these scopes: [${wanted.join(' ')}]`
    )
  }
  const scopes = compileWordTest(compileClaimReader(scopesKey, true), wanted, named)
  return { roles, scopes }
}

/** Fields that belong to one connection or say where a message ends (RFC 9110 §7.6.1, RFC 9112 §6); no claim may set them. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
])

/** A field that the validator sets gets to a backend, or to what may read it on the way. */
function isSeen(header: string, { endpointFacts }: ComponentContext): boolean {
  if (endpointFacts === undefined) return true
  const { inputHeaders, readsUnlisted } = endpointFacts
  return readsUnlisted || inputHeaders.some(name => name === '*' || name.toLowerCase() === header.toLowerCase())
}

/** Reads `propagate_claims`. Tolerant: leaves out what KrakenD's HTTP library does not send either. */
export function readPropagation(
  options: OptionReader,
  context: ComponentContext,
  tag: string
): readonly (readonly [string, string])[] {
  const pairs = options.textPairs('propagate_claims')
  return pairs.filter(([, header], i) => {
    const pointer = `/propagate_claims/${i}/1`
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(header)) context.fail(pointer, 'not the name of a header')
    if (!FRAMING.has(header.toLowerCase())) {
      if (!isSeen(header, context)) {
        context.report(pointer, `${header} reaches no backend: name it in the endpoint's input_headers`, 'warning')
      }
      return true
    }
    const message = `${header} belongs to the connection, a claim cannot set it`
    if (!context.service.tolerant) context.fail(pointer, message)
    context.logger.error(`${tag} ${pointer}: ${message}. It is left out`)
    return false
  })
}
