/**
 * `qos/ratelimit/router`: limits the requests of an endpoint, per client and as a whole.
 *
 * In: the client's request, after authentication. Out: 429 for a client over its limit or one that cannot be told, 503 for an
 * endpoint over its own, both without a body; else the request goes on. Clients are judged first, so that one that is over
 * its limit does not use up the endpoint's.
 */

import { type ComponentContext, defineComponent, GatewayResponse, type Next, type OptionReader, type Wrap } from 'sluice/plugin'
import { defaultCapacity, RATE_PROPERTIES, SECOND_MS, UNREADABLE } from '../rate.js'
import { openStore, type TokenStore } from '../store.js'
import { bucketRule, TokenBucket } from '../token-bucket.js'
import { type ClientKey, compileClientKey } from './client-key.js'

const SCHEMA = {
  type: 'object',
  description: 'Limits the requests of an endpoint, as a whole and per client',
  properties: {
    ...RATE_PROPERTIES,
    client_max_rate: { type: 'number', description: 'Requests of one client in the time of `every`; 0 = no limit' },
    client_capacity: { type: 'number', minimum: 0, description: 'Most requests of one client at once' },
    strategy: { type: 'string', description: 'What tells clients apart: ip, header or param' },
    key: { type: 'string', description: 'The header or the path parameter; with ip: the header that has the address' },
    cleanup_period: { type: 'string', default: '1m', description: 'How often idle clients are looked for, a duration from 1s' },
    cleanup_threads: { type: 'number', description: 'Accepted and without effect: forgetting clients takes no threads' },
    num_shards: { type: 'number', description: 'Accepted and without effect: one thread needs no shards' }
  },
  additionalProperties: false
} as const

const MINUTE_MS = 60_000

export default defineComponent({
  namespace: 'qos/ratelimit/router',
  scopes: ['endpoint'],
  slots: { endpoint: 'router/ratelimit' },
  needs: 'head',
  guard: true,
  schema: SCHEMA,
  compile(options, context) {
    const plan = readPlan(options, context)
    const whole = compileWhole(plan, context)
    const clients = compileClients(plan, context)
    if (clients === undefined || whole === undefined) return clients ?? whole
    return next => clients(whole(next))
  }
})

/** What the options say; rates are requests per second, 0 = no limit. */
interface Plan {
  readonly wholeRate: number
  readonly wholeCapacity: number
  readonly clientRate: number
  readonly clientCapacity: number
  /** `ip (key: )`, for the log. */
  readonly clientName: string
  readonly clientKey: ClientKey
  readonly cleanupMs: number
}

/** All requests as those of one client: for a limit that cannot tell clients apart. */
const ONE_CLIENT: ClientKey = () => 'all'

/**
 * Reads the options. In tolerant mode a limit that cannot be read is left out while the other one holds, as in KrakenD; alone it
 * is read as strictly as can be: one request in the time of `every`, all clients together.
 */
function readPlan(options: OptionReader, context: ComponentContext): Plan {
  const perSecond = SECOND_MS / Math.max(SECOND_MS, options.durationMs('every', SECOND_MS, SECOND_MS))
  const whole = options.amount('max_rate', 0, UNREADABLE)
  const client = options.amount('client_max_rate', 0, UNREADABLE)
  const strategy = options.text('strategy', '', '')
  const key = options.text('key', '', '')
  const clientKey = client > 0 ? readClientKey(options, strategy, key, context) : undefined
  const wholeHolds = whole > 0 && whole !== UNREADABLE
  const clientHolds = client > 0 && client !== UNREADABLE && clientKey !== undefined
  const leftOut = client > 0 && !clientHolds && wholeHolds
  return {
    wholeRate: (whole !== UNREADABLE ? whole : clientHolds ? 0 : 1) * perSecond,
    wholeCapacity: options.amount('capacity', 0, 0),
    clientRate: (leftOut ? 0 : client === UNREADABLE ? 1 : client) * perSecond,
    clientCapacity: options.amount('client_capacity', 0, 0),
    clientName: `${strategy} (key: ${key})`,
    clientKey: clientKey ?? ONE_CLIENT,
    cleanupMs: Math.min(Math.max(options.durationMs('cleanup_period', MINUTE_MS, MINUTE_MS), SECOND_MS), LONGEST_TIMER_MS)
  }
}

function readClientKey(options: OptionReader, strategy: string, key: string, context: ComponentContext): ClientKey | undefined {
  const clientKey = compileClientKey(strategy, key)
  if (clientKey === undefined) options.report('/strategy', `unknown strategy '${strategy}': ip, header and param exist`)
  else checkKey(strategy.toLowerCase(), key, context)
  return clientKey
}

function compileWhole({ wholeRate, wholeCapacity }: Plan, context: ComponentContext): Wrap | undefined {
  if (wholeRate <= 0) return undefined
  const capacity = Math.trunc(wholeCapacity) || defaultCapacity(wholeRate)
  context.logger.debug(`${context.tag}[Ratelimit] Rate limit enabled. MaxRate: ${wholeRate.toFixed(6)}, Capacity: ${capacity}`)
  const now = (): number => performance.now()
  const bucket = new TokenBucket(bucketRule(wholeRate, capacity), now())
  return next => request => (bucket.take(now()) ? next(request) : refused(503))
}

function compileClients(plan: Plan, context: ComponentContext): Wrap | undefined {
  const { clientRate: rate, clientName } = plan
  if (rate <= 0) return undefined
  // KrakenD looks at max_rate here, where client_max_rate is meant: without it a client has one token
  const capacity = Math.trunc(plan.clientCapacity) || (plan.wholeRate < 1 ? 1 : Math.max(1, Math.trunc(rate)))
  const line = `Rate limit enabled. Strategy: ${clientName}, MaxRate: ${rate.toFixed(6)}, Capacity: ${capacity}`
  context.logger.debug(`${context.tag}[Ratelimit] ${line}`)
  const store = openStore(bucketRule(rate, capacity), plan.cleanupMs, context)
  return limitClients(plan.clientKey, store)
}

/** ms; Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647

/** A limit that could never let a request pass is a mistake. */
function checkKey(strategy: string, key: string, context: ComponentContext): void {
  if (strategy === 'ip' || context.service.tolerant) return
  if (key === '') return context.report('/key', `the strategy '${strategy}' needs a key`)
  const params = context.endpointFacts?.params ?? []
  if (strategy === 'param' && !params.includes(key)) {
    context.report('/key', `the endpoint has no parameter '${key}'${params.length === 0 ? '' : `, only ${params.join(', ')}`}`)
  }
}

/** Lets a client's request pass while its bucket has tokens. */
export function limitClients(clientKey: ClientKey, store: TokenStore): Wrap {
  return next => request => {
    const client = clientKey(request)
    if (client === '') return refused(429)
    const allowed = store.take(client)
    if (typeof allowed !== 'boolean') return allowed.then(yes => (yes ? next(request) : refused(429)))
    return allowed ? next(request) : refused(429)
  }
}

function refused(status: number): ReturnType<Next> {
  return Promise.resolve(new GatewayResponse(status))
}
