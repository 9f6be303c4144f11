/**
 * `auth/client-credentials`: the gateway's own token for a backend.
 *
 * In: a backend call. Out: the same call with `Authorization`, whatever the client sent there. Without a token the call is
 * not made.
 */

import {
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayRequest,
  type OptionReader,
  type Wrap
} from 'sluice/plugin'
import { withoutSecrets } from '../../_shared/keys/key-source.js'
import { SmallFetch } from '../../_shared/keys/small-fetch.js'
import { formText, TokenSource } from './token-source.js'

const SCHEMA = {
  type: 'object',
  description: 'Fetches an access token by the client credentials grant and sends it to the backend',
  properties: {
    client_id: { type: 'string', description: 'Who asks' },
    client_secret: { type: 'string', description: 'Its secret' },
    token_url: { type: 'string', description: 'Where tokens are issued' },
    scopes: { type: 'string', description: 'Scopes to ask for, separated by commas' },
    endpoint_params: {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string' } },
      description: 'More parameters of the token request'
    },
    is_disabled: { type: 'boolean', default: false, description: 'Leaves the component out' }
  },
  additionalProperties: false
} as const

/** ms; a token server that takes longer has no token. */
const FETCH_MS = 10_000
/** bytes */
const MOST_BYTES = 1024 * 1024

export default defineComponent({
  namespace: 'auth/client-credentials',
  scopes: ['backend'],
  slots: { backend: 'transport/credentials' },
  needs: 'head',
  guard: true,
  schema: SCHEMA,
  compile(options, context) {
    return compileCredentials(options, context)
  }
})

function compileCredentials(options: OptionReader, context: ComponentContext): Wrap | undefined {
  if (options.flag('is_disabled')) return undefined
  const url = options.text('token_url')
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol !== 'https:' && protocol !== 'http:')
    context.fail('/token_url', 'not an http or https URL: write it like `https://auth.example/token`')
  const clientId = options.text('client_id')
  if (clientId === '') context.fail('/client_id', 'missing')
  const fetch = new SmallFetch({
    timeoutMs: FETCH_MS,
    maxBytes: MOST_BYTES,
    redirects: 0,
    insecure: false,
    pins: new Set(),
    env: context.service.env
  })
  context.onClose(() => fetch.close())
  const tokens = new TokenSource({
    fetch,
    url,
    clientId,
    clientSecret: options.text('client_secret'),
    form: formOf(options, context),
    now: () => performance.now()
  })
  context.logger.debug(`${context.tag}[OAuth2] Tokens come from ${withoutSecrets(url)}`)
  return compileStage(tokens)
}

/** The form of the request, in the order of names; parameters cannot name what the grant fixes (RFC 6749 §4.4.2). */
function formOf(options: OptionReader, context: ComponentContext): string {
  const fields = new Map<string, readonly string[]>([['grant_type', ['client_credentials']]])
  const scopes = options
    .text('scopes')
    .split(',')
    .map(scope => scope.trim())
    .filter(scope => scope !== '')
  if (scopes.length > 0) fields.set('scope', [scopes.join(' ')])
  for (const [name, values] of options.textLists('endpoint_params')) {
    if (name !== 'grant_type' && (fields.has(name) || name === 'client_id' || name === 'client_secret'))
      context.fail(`/endpoint_params/${name}`, `cannot overwrite parameter ${name}`)
    fields.set(name, values)
  }
  const names = [...fields.keys()].sort()
  return names.flatMap(name => fields.get(name)!.map(value => `${formText(name)}=${formText(value)}`)).join('&')
}

function compileStage(tokens: TokenSource): Wrap {
  return next => {
    const send = (request: GatewayRequest, value: string): ReturnType<typeof next> => {
      request.headers.set('Authorization', value)
      return next(request)
    }
    return request => {
      const current = tokens.current
      if (current !== undefined) return send(request, current)
      return tokens.fetch().then(
        value => send(request, value),
        (cause: Error) => Promise.reject(failure(cause))
      )
    }
  }
}

function failure(cause: Error): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_CREDENTIALS', { message: cause.message, cause })
}
