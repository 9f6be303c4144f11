/**
 * `auth/signer`: signs parts of a response, so that a backend without cryptography can issue tokens.
 *
 * In: the data of the endpoint. Out: the same data, each of the named objects replaced by a token. When a backend fails, or
 * the data cannot be signed, the client gets 400: half a response never leaves unsigned.
 */

import {
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayResponse,
  type Next,
  type OptionReader,
  type Wrap
} from 'sluice/plugin'
import { KEY_SOURCE_PROPERTIES, openKeySource } from '../../_shared/keys/key-options.js'
import { ALGORITHMS } from '../../_shared/keys/key-set.js'
import { compileSign, type Sign, signFields } from './sign.js'

const SCHEMA = {
  type: 'object',
  description: 'Replaces objects of the response by signed tokens',
  properties: {
    ...KEY_SOURCE_PROPERTIES,
    alg: { enum: ALGORITHMS, description: 'Algorithm to sign with' },
    kid: { type: 'string', description: 'Name of the key in the key set' },
    keys_to_sign: { type: 'array', items: { type: 'string' }, description: 'Top-level fields of the response that are signed' },
    full: { type: 'boolean', default: false, description: 'JWS JSON serialisation instead of the compact one' },
    typ: { type: 'string', default: 'JWT', description: 'typ of the header' },
    leeway: { type: 'string', description: 'Has no effect on signing' }
  },
  additionalProperties: false
} as const

/** ms; keys are read once, at start. */
const KEY_TIMES = { maxAgeMs: Number.MAX_SAFE_INTEGER, missCooldownMs: 1000 }

export default defineComponent({
  namespace: 'auth/signer',
  scopes: ['endpoint'],
  slots: { endpoint: 'proxy/signer' },
  needs: 'data',
  guard: true,
  caseless: true,
  lacks: 'encrypted key files (`secret_url`, `cypher_key`)',
  schema: SCHEMA,
  compile(options, context) {
    return compileSigner(options, context, `${context.tag}[JWTSigner]`)
  }
})

async function compileSigner(options: OptionReader, context: ComponentContext, tag: string): Promise<Wrap> {
  const alg = options.text('alg')
  if (!(ALGORITHMS as readonly string[]).includes(alg))
    context.fail('/alg', `unknown algorithm: give one of ${ALGORITHMS.join(', ')}`)
  const keyId = options.text('kid')
  if (keyId === '') context.fail('/kid', 'which key of the set? give its kid')
  const fields = options.texts('keys_to_sign')
  const type = options.text('typ') || 'JWT'
  const full = options.flag('full')
  const source = await openKeySource(options, KEY_TIMES, context, tag)
  const open = async (): Promise<Sign> => {
    const key = await source.find(keyId, { alg, strategy: 'kid', use: 'sign' })
    if (key === undefined) throw new Error(`the set has no private key ${JSON.stringify(keyId)} for ${alg}`)
    const sign = compileSign({ key, alg, keyId, type, full })
    try {
      await sign({})
    } catch (cause) {
      throw new Error(`the key cannot sign: ${(cause as Error).message}`)
    }
    return sign
  }
  const away = await source.load().then(
    () => undefined,
    (cause: Error) => cause.message
  )
  if (away !== undefined) {
    if (options.has('jwk_local_path')) options.fail('/jwk_local_path', away)
    options.report('/jwk_url', `${away}. Requests are refused until the server has given the keys`, 'warning')
  }
  const sign = away === undefined ? await open().catch((cause: Error) => options.fail('/kid', cause.message)) : signLater(open)
  context.logger.debug(`${tag} Signer enabled`)
  return compileStage(sign, fields)
}

/** Signs as soon as `open` finds the key. Until then each call asks again, and the key source spares its server. */
function signLater(open: () => Promise<Sign>): Sign {
  let opened: Promise<Sign> | undefined
  return async payload => {
    opened ??= open()
    try {
      return await (await opened)(payload)
    } catch (cause) {
      opened = undefined
      throw cause
    }
  }
}

function compileStage(sign: Sign, fields: readonly string[]): Wrap {
  const signed = async (response: GatewayResponse): Promise<GatewayResponse> => {
    // a partial response is an error here: what misses could be what must be signed
    if (response.failure !== undefined) {
      response.discard()
      throw failure(response.failure)
    }
    // an upstream that says who may not have a token, to a login, say
    if (isFinalStatus(response.metadataStatus)) response.status = response.metadataStatus
    const data = await response.body.json()
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return response
    if (await signFields(data as Record<string, unknown>, fields, sign)) response.body.touchJson()
    return response
  }
  return (next: Next) => request => next(request).then(signed).catch(rethrow)
}

/** True for what a response can have; scripts write any number. */
const isFinalStatus = (status: number): boolean => status >= 200 && status <= 599

/** What the client did wrong keeps its status; all else is KrakenD's 400 of this stage. */
function rethrow(cause: unknown): never {
  if (cause instanceof GatewayError && cause.code.startsWith('SLUICE_ERR_CLIENT_')) throw cause
  throw failure(cause)
}

function failure(cause: unknown): GatewayError {
  if (cause instanceof GatewayError && cause.statusCode === 400 && cause.ownStatus) return cause
  const message = (cause as Error).message
  return new GatewayError(cause instanceof GatewayError ? cause.code : 'SLUICE_ERR_PLUGIN_FAILED', {
    message,
    cause,
    statusCode: 400
  })
}
