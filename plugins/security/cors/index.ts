/**
 * `security/cors`: lets browsers read responses from pages of other origins.
 *
 * In: every request, before routing and plugins. Out: preflights are answered here, also for paths that do not exist; all
 * other responses get the gateway's CORS fields in place of those that an upstream sent.
 */

import {
  type ComponentContext,
  defineComponent,
  type Follower,
  type GatewayRequest,
  GatewayResponse,
  type OptionReader,
  type SlottedFollow
} from 'sluice/plugin'
import { texts } from '../../_shared/option-types.js'
import { type CorsPolicy, compilePolicy, originProblem } from './policy.js'

const SCHEMA = {
  type: 'object',
  description: 'Lets browsers read responses from pages of other origins',
  properties: {
    allow_origins: texts('Origins that may; one * in each stands for anything. Default: all'),
    allow_methods: texts('Methods that may be used. Default: GET, POST, HEAD'),
    allow_headers: texts('Request headers that may be sent. Default: all'),
    expose_headers: texts('Response headers that may be read'),
    allow_credentials: { type: 'boolean', default: false, description: 'Cookies and the like may be sent' },
    allow_private_network: { type: 'boolean', default: false, description: 'Public pages may ask a private network' },
    max_age: { type: 'string', default: '0h', description: 'How long a browser remembers a preflight, a duration' },
    options_passthrough: { type: 'boolean', default: false, description: 'Preflights go on to the endpoints' },
    options_success_status: { type: 'integer', default: 204, description: 'The status of preflight responses, 200 to 299' },
    debug: { type: 'boolean', default: false, description: 'Logs each decision' }
  },
  additionalProperties: false
} as const

const DEFAULT_METHODS: readonly string[] = ['GET', 'POST', 'HEAD']
const ALL: readonly string[] = ['*']
/** Stands for a list with a fault, in tolerant mode. */
const UNREADABLE: readonly string[] = []

export default defineComponent({
  namespace: 'security/cors',
  scopes: ['service'],
  slots: { service: 'outer/cors' },
  needs: 'head',
  guard: true,
  lacks: 'single endpoints (Enterprise)',
  schema: SCHEMA,
  compile(options, context) {
    const tag = `${context.tag}[CORS]`
    const policy = readPolicy(options, context, tag)
    const follow = answerCors({
      policy,
      status: readStatus(options),
      passthrough: options.flag('options_passthrough', false, false),
      log: options.flag('debug', false, false) ? text => context.logger.debug(`[CORS] ${text}`) : undefined
    })
    context.logger.debug(`${tag} Enabled CORS for all requests`)
    return [{ slot: 'outer/cors', follow }]
  }
})

function readPolicy(options: OptionReader, context: ComponentContext, tag: string): CorsPolicy {
  const origins = options.texts('allow_origins', [], UNREADABLE)
  for (const [index, origin] of origins.entries()) {
    const problem = originProblem(origin)
    if (problem !== undefined) options.report(`/allow_origins/${index}`, problem)
  }
  const allowOrigins = filled(origins, ALL)
  const allowCredentials = options.flag('allow_credentials', false, false)
  if (allowCredentials && allowOrigins.includes('*')) {
    context.logger.warning(`${tag} allow_credentials has no effect with the origin *: browsers refuse both together`)
  }
  return compilePolicy({
    allowOrigins,
    allowMethods: filled(options.texts('allow_methods', [], UNREADABLE), DEFAULT_METHODS).map(method => method.toUpperCase()),
    allowHeaders: filled(options.fieldNames('allow_headers', [], UNREADABLE), ALL),
    exposeHeaders: options.fieldNames('expose_headers', [], UNREADABLE),
    allowCredentials,
    allowPrivateNetwork: options.flag('allow_private_network', false, false),
    maxAgeSeconds: readMaxAge(options)
  })
}

/** An absent list and an empty one mean `fallback`, as in KrakenD. One that could not be read allows nothing. */
function filled(list: readonly string[], fallback: readonly string[]): readonly string[] {
  return list.length === 0 && list !== UNREADABLE ? fallback : list
}

function readMaxAge(options: OptionReader): number {
  return Math.trunc(options.durationMs('max_age', 0, 0) / 1000)
}

function readStatus(options: OptionReader): number {
  const status = options.integer('options_success_status', 204, 204)
  if (status === 0) return 204
  if (status >= 200 && status <= 299) return status
  options.report('/options_success_status', 'expected a status from 200 to 299')
  return 204
}

/** Decisions that are kept, and the longest method and origin among them. */
const MOST_KNOWN = 100
const LONGEST_KNOWN = 200

interface CorsPlan {
  readonly policy: CorsPolicy
  readonly status: number
  readonly passthrough: boolean
  readonly log: ((text: string) => void) | undefined
}

function answerCors(plan: CorsPlan): SlottedFollow['follow'] {
  const { policy, status, passthrough, log } = plan
  // pages of few origins ask, with few methods
  const known = new Map<string, Marking>()

  function markingFor(origin: string | undefined, method: string): Marking {
    const key = origin === undefined ? method : `${method} ${origin}`
    let marking = known.get(key)
    if (marking === undefined) {
      marking = new Marking('Origin', policy.actual(origin, method))
      if (known.size >= MOST_KNOWN) known.clear()
      if (key.length <= LONGEST_KNOWN) known.set(key, marking)
    }
    return marking
  }

  return request => {
    const preflight = request.method === 'OPTIONS' ? preflightOf(request) : undefined
    if (preflight === undefined) {
      const marking = markingFor(firstOf(request, 'origin'), request.method)
      if (log !== undefined) log(`Actual request: ${textOf(marking.verdict)}`)
      return marking
    }
    const marking = new Marking(policy.preflightVary, policy.preflight(preflight))
    if (log !== undefined) log(`Preflight request: ${textOf(marking.verdict)}`)
    return passthrough ? marking : marking.response(new GatewayResponse(status))
  }
}

function preflightOf(request: GatewayRequest) {
  const method = firstOf(request, 'access-control-request-method')
  if (method === undefined || method === '') return undefined
  return {
    origin: firstOf(request, 'origin'),
    method,
    headers: request.headers.get('access-control-request-headers'),
    privateNetwork: firstOf(request, 'access-control-request-private-network') === 'true'
  }
}

function firstOf(request: GatewayRequest, name: string): string | undefined {
  return request.headers.getAll(name)[0]
}

function textOf(verdict: readonly string[] | string): string {
  return typeof verdict === 'string' ? verdict : `added ${verdict.filter((_, index) => index % 2 === 0).join(', ')}`
}

/** Puts the gateway's fields in place of the upstream's: a response has one set of CORS fields. */
class Marking implements Follower {
  readonly vary: string
  readonly verdict: readonly string[] | string

  constructor(vary: string, verdict: readonly string[] | string) {
    this.vary = vary
    this.verdict = verdict
  }

  response(response: GatewayResponse): GatewayResponse {
    const { headers } = response
    const { vary, verdict } = this
    headers.deletePrefixed(PREFIX)
    const known = headers.getAll('vary')
    if (known.length === 0) headers.append('Vary', vary)
    else if (!known.some(value => covers(value, vary))) headers.set('Vary', [vary, ...known])
    if (typeof verdict !== 'string') for (let i = 0; i < verdict.length; i += 2) headers.append(verdict[i]!, verdict[i + 1]!)
    return response
  }
}

function covers(known: string, vary: string): boolean {
  const names = known.toLowerCase().split(',')
  return names.some(name => name.trim() === '*' || name.trim() === vary.toLowerCase())
}

/** Of all fields of CORS in responses. */
const PREFIX = 'access-control-'
