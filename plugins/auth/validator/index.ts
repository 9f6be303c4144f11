/**
 * `auth/validator`: lets only requests pass that carry a valid JSON Web Token.
 *
 * In: the client's request. Out: 401 for a token that is missing or not valid, 403 for one without the roles or scopes; both
 * without a body. Else the request goes on, with claims as headers and parameters where that is configured, and all of
 * them in `request.state` under `JWT`.
 */

import {
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type OptionReader,
  type Wrap
} from 'sluice/plugin'
import { openKeySource } from '../../_shared/keys/key-options.js'
import { type IsRevoked, revokedIn } from '../../_shared/revoked-tokens.js'
import type { ClaimRules, Claims } from './claims.js'
import {
  type AccessTests,
  readAccess,
  readKeyTimes,
  readKeyUse,
  readLeewaySeconds,
  readPropagation,
  SHARED_CACHE,
  VALIDATOR_SCHEMA
} from './options.js'
import { compileHeaders, compileParams, type Propagate } from './propagate.js'
import { compileTokenFinder, type TokenFinder } from './token.js'
import { compileVerify, type Verify } from './verify.js'

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

async function compileValidator(options: OptionReader, context: ComponentContext, tag: string): Promise<Wrap> {
  const { logger, endpointFacts } = context
  // the schema tells an unknown algorithm; a missing key file is told here, beside it
  const keys = await openKeySource(options, readKeyTimes(options, context), context, tag)
  const wanted = readKeyUse(options, context)
  const rules: ClaimRules = {
    issuer: options.text('issuer'),
    audience: options.texts('audience'),
    leewaySeconds: readLeewaySeconds(options)
  }
  const plan: Plan = {
    find: compileTokenFinder(options.text('auth_header_name') || 'Authorization', options.text('cookie_key') || 'access_token'),
    verify: compileVerify({
      jose: await import('jose'),
      keys,
      wanted,
      rules,
      keyWaitMs: Math.min(3000, Math.ceil((endpointFacts?.timeoutMs ?? 2000) / 2)),
      nowSeconds: () => Date.now() / 1000
    }),
    revoked: revokedIn(context),
    access: readAccess(options, context, tag),
    headers: compileHeaders(readPropagation(options, context, tag), options.flag('propagate_claims_preserve_array')),
    params: compileParams(endpointFacts?.urlPatterns ?? []),
    debug: options.flag('operation_debug') ? text => logger.error(`${tag} ${text}`) : undefined
  }
  logger.debug(`${tag} Validator enabled for this endpoint${plan.debug === undefined ? '' : '. Operation debug is enabled'}`)
  return compileStage(plan)
}

/** All that a request meets. */
interface Plan {
  readonly find: TokenFinder
  readonly verify: Verify
  readonly revoked: IsRevoked | undefined
  readonly access: AccessTests
  readonly headers: Propagate | undefined
  readonly params: Propagate | undefined
  readonly debug: ((text: string) => void) | undefined
}

function compileStage({ find, verify, revoked, access, headers, params, debug }: Plan): Wrap {
  const { roles, scopes } = access

  function refuse(request: GatewayRequest, status: 401 | 403, text: string): GatewayResponse {
    debug?.(text)
    request.note(status === 401 ? UNAUTHORIZED : FORBIDDEN)
    return new GatewayResponse(status)
  }

  /** Returns the refusal, or undefined when the claims suffice. */
  function admit(claims: Claims, request: GatewayRequest): GatewayResponse | undefined {
    if (revoked?.(claims)) return refuse(request, 401, 'Token sent by client rejected')
    if (roles !== undefined && !roles(claims)) return refuse(request, 403, 'Token sent by client does not have sufficient roles')
    if (scopes !== undefined && !scopes(claims))
      return refuse(request, 403, 'Token sent by client does not have the required scopes')
    request.state.set(STATE_KEY, claims)
    headers?.(claims, request)
    params?.(claims, request)
    return undefined
  }

  const invalid = (request: GatewayRequest, cause: unknown): GatewayResponse =>
    refuse(request, 401, `Unable to validate the token: ${(cause as Error).message}`)

  return next => request => {
    const token = find(request.headers)
    if (token === undefined) return Promise.resolve(refuse(request, 401, 'Unable to validate the token: Token not found'))
    return verify(token).then(
      claims => {
        let refused: GatewayResponse | undefined
        try {
          refused = admit(claims, request)
        } catch (cause) {
          refused = invalid(request, cause)
        }
        return refused ?? next(request)
      },
      cause => invalid(request, cause)
    )
  }
}
