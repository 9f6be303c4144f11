/**
 * `auth/validator`: lets only requests pass that carry a valid JSON Web Token.
 *
 * In: the client's request. Out: 401 for a token that is missing or not valid, 403 for one without the roles or scopes; both
 * without a body. Else the request goes on, with claims as headers and parameters where that is configured, and all of
 * them in `request.state` under `JWT`.
 */

import {
  type Compiled,
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type OptionReader,
  type SlottedEdit
} from 'sluice/plugin'
import { openKeySource } from '../../_shared/keys/key-options.js'
import { withoutSecrets } from '../../_shared/keys/key-source.js'
import { type IsRevoked, revokedIn } from '../../_shared/revoked-tokens.js'
import type { ClaimRules, Claims } from './claims.js'
import { openTokenMemory } from './open-memory.js'
import {
  type AccessTests,
  readAccess,
  readKeyTimes,
  readKeyUse,
  readLeewaySeconds,
  readPropagation,
  readTokenCacheBytes,
  SHARED_CACHE,
  VALIDATOR_SCHEMA
} from './options.js'
import { compileHeaders, compileParams, type Propagate } from './propagate.js'
import { compileTokenFinder, type TokenFinder } from './token.js'
import { TokenVerifier } from './verify.js'

/** Where the claims of a verified token are found: `request.state.get('JWT')`. */
const STATE_KEY = 'JWT'

/** For the access log: a code, and no line of text, as with KrakenD. */
const UNAUTHORIZED = new GatewayError('SLUICE_ERR_CLIENT_UNAUTHORIZED', { message: '' })
const FORBIDDEN = new GatewayError('SLUICE_ERR_CLIENT_FORBIDDEN', { message: '' })

export default defineComponent({
  namespace: 'auth/validator',
  scopes: ['service', 'endpoint'],
  slots: { endpoint: 'router/auth' },
  needs: 'head',
  guard: true,
  caseless: true,
  refusal: 401,
  lacks: 'encrypted key files (`secret_url`, `cypher_key`)',
  schema: VALIDATOR_SCHEMA,
  async compile(options, context) {
    if (context.scope === 'service') return compileShared(options, context)
    const tag = `${context.tag}[JWTValidator]`
    return compileValidator(options, context, tag)
  }
})

function compileShared(options: OptionReader, context: ComponentContext): undefined {
  for (const key of options.keys()) {
    if (key in VALIDATOR_SCHEMA.properties && key !== 'shared_cache_duration')
      context.report(`/${key}`, `'${key}' protects no endpoint here: it belongs to each endpoint's auth/validator`, 'warning')
  }
  if (options.has('shared_cache_duration')) context.shared.set(SHARED_CACHE, options.count('shared_cache_duration', 900) || 900)
}

async function compileValidator(options: OptionReader, context: ComponentContext, tag: string): Promise<Compiled> {
  const { logger, endpointFacts } = context
  // the schema tells an unknown algorithm; a missing key file is told here, beside it
  const keys = await openKeySource(options, readKeyTimes(options, context), context, tag)
  const wanted = readKeyUse(options, context)
  const rules: ClaimRules = {
    issuer: options.text('issuer'),
    audience: options.texts('audience'),
    leewaySeconds: readLeewaySeconds(options)
  }
  const access = readAccess(options, context, tag)
  const headers = compileHeaders(readPropagation(options, context, tag), options.flag('propagate_claims_preserve_array'))
  const isDebugging = options.flag('operation_debug')
  const find = compileTokenFinder(
    options.fieldName('auth_header_name', 'Authorization'),
    options.cookieName('cookie_key', 'access_token')
  )
  const memoryOptions = { keys, wanted, maxBytes: readTokenCacheBytes(options), nowSeconds }
  const source = options.text('jwk_local_path') || withoutSecrets(options.text('jwk_url'))
  const verifier = new TokenVerifier({
    keys,
    wanted,
    rules,
    keyWaitMs: Math.min(3000, Math.ceil((endpointFacts?.timeoutMs ?? 2000) / 2)),
    nowSeconds,
    memory: await openTokenMemory(memoryOptions, source, context)
  })
  logger.debug(`${tag} Validator enabled for this endpoint${isDebugging ? '. Operation debug is enabled' : ''}`)
  const plan: Plan = {
    find,
    verifier,
    revoked: revokedIn(context),
    access,
    headers,
    params: compileParams(endpointFacts?.urlPatterns ?? []),
    debug: isDebugging ? text => logger.error(`${tag} ${text}`) : undefined
  }
  return [{ slot: 'router/auth', request: compileStage(plan) }]
}

const nowSeconds = (): number => Date.now() / 1000

/** All that a request meets. */
interface Plan {
  readonly find: TokenFinder
  readonly verifier: TokenVerifier
  readonly revoked: IsRevoked | undefined
  readonly access: AccessTests
  readonly headers: Propagate | undefined
  readonly params: Propagate | undefined
  readonly debug: ((text: string) => void) | undefined
}

/** Returns the refusal of a request, or undefined when it may go on. */
type Stage = NonNullable<SlottedEdit['request']>

function compileStage({ find, verifier, revoked, access, headers, params, debug }: Plan): Stage {
  const { roles, scopes } = access

  function refuse(request: GatewayRequest, status: 401 | 403, text: string): GatewayResponse {
    debug?.(text)
    request.note(status === 401 ? UNAUTHORIZED : FORBIDDEN)
    return new GatewayResponse(status)
  }

  const invalid = (request: GatewayRequest, cause: unknown): GatewayResponse =>
    refuse(request, 401, `Unable to validate the token: ${(cause as Error).message}`)

  function admit(token: string, claims: Claims, request: GatewayRequest): GatewayResponse | undefined {
    try {
      if (revoked?.(claims)) {
        verifier.forget(token)
        return refuse(request, 401, 'Token sent by client rejected')
      }
      if (roles !== undefined && !roles(claims))
        return refuse(request, 403, 'Token sent by client does not have sufficient roles')
      if (scopes !== undefined && !scopes(claims))
        return refuse(request, 403, 'Token sent by client does not have the required scopes')
      request.state.set(STATE_KEY, claims)
      headers?.(claims, request)
      params?.(claims, request)
      return undefined
    } catch (cause) {
      return invalid(request, cause)
    }
  }

  return request => {
    const token = find(request.headers)
    if (token === undefined) return refuse(request, 401, 'Unable to validate the token: Token not found')
    let claims: Claims | Promise<Claims>
    try {
      claims = verifier.verify(token)
    } catch (cause) {
      return invalid(request, cause)
    }
    if (!(claims instanceof Promise)) return admit(token, claims, request)
    return claims.then(
      later => admit(token, later, request),
      cause => invalid(request, cause)
    )
  }
}
