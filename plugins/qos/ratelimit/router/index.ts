/**
 * `qos/ratelimit/router`: limits the requests of an endpoint, per client and as a whole.
 *
 * In: the client's request, after authentication. Out: 429 for a client over its limit or one that cannot be told, 503 for an
 * endpoint over its own, both without a body; else the request goes on. Clients are judged first, so that one that is over
 * its limit does not use up the endpoint's.
 */

import { type ComponentContext, defineComponent, GatewayResponse, type Next, type Wrap } from 'sluice/plugin'
import { defaultCapacity, durationOption, RATE_PROPERTIES, SECOND_MS } from '../rate.js'
import { openStore, type TokenStore } from '../store.js'
import { bucketRule, TokenBucket } from '../token-bucket.js'
import { type ClientKey, compileClientKey } from './client-key.js'

interface Options {
  readonly max_rate?: number
  readonly capacity?: number
  readonly client_max_rate?: number
  readonly client_capacity?: number
  readonly strategy?: string
  readonly key?: string
  readonly every?: string
  readonly cleanup_period?: string
  readonly cleanup_threads?: number
  readonly num_shards?: number
}

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

export default defineComponent<Options>({
  namespace: 'qos/ratelimit/router',
  scopes: ['endpoint'],
  slots: { endpoint: 'router/ratelimit' },
  needs: 'head',
  schema: SCHEMA,
  compile(options, context) {
    const tag = `${context.tag}[Ratelimit]`
    const perSecond = SECOND_MS / Math.max(SECOND_MS, durationOption(options.every, 'every', SECOND_MS, tag, context))
    const whole = compileWhole(options, perSecond, tag, context)
    const clients = compileClients(options, perSecond, tag, context)
    if (clients === undefined || whole === undefined) return clients ?? whole
    return next => clients(whole(next))
  }
})

function compileWhole(options: Options, perSecond: number, tag: string, context: ComponentContext): Wrap | undefined {
  const rate = (options.max_rate ?? 0) * perSecond
  if (rate <= 0) return undefined
  const capacity = Math.trunc(options.capacity ?? 0) || defaultCapacity(rate)
  context.logger.debug(`${tag} Rate limit enabled. MaxRate: ${rate.toFixed(6)}, Capacity: ${capacity}`)
  const now = (): number => performance.now()
  const bucket = new TokenBucket(bucketRule(rate, capacity), now())
  return next => request => (bucket.take(now()) ? next(request) : refused(503))
}

function compileClients(options: Options, perSecond: number, tag: string, context: ComponentContext): Wrap | undefined {
  const rate = (options.client_max_rate ?? 0) * perSecond
  if (rate <= 0) return undefined
  const { strategy = '', key = '' } = options
  const clientKey = compileClientKey(strategy, key)
  if (clientKey === undefined) context.fail('/strategy', `unknown strategy '${strategy}': ip, header and param exist`)
  checkKey(strategy.toLowerCase(), key, context)
  // KrakenD looks at max_rate here, where client_max_rate is meant: without it a client has one token
  const wholeRate = (options.max_rate ?? 0) * perSecond
  const capacity = Math.trunc(options.client_capacity ?? 0) || (wholeRate < 1 ? 1 : Math.max(1, Math.trunc(rate)))
  const period = durationOption(options.cleanup_period, 'cleanup_period', MINUTE_MS, tag, context)
  context.logger.debug(
    `${tag} Rate limit enabled. Strategy: ${strategy} (key: ${key}), MaxRate: ${rate.toFixed(6)}, Capacity: ${capacity}`
  )
  const sweepMs = Math.min(Math.max(period, SECOND_MS), LONGEST_TIMER_MS)
  const store = openStore(bucketRule(rate, capacity), sweepMs, context)
  return limitClients(clientKey, store)
}

/** ms; Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647

/** A limit that could never let a request pass is a mistake. */
function checkKey(strategy: string, key: string, context: ComponentContext): void {
  if (strategy === 'ip' || context.service.tolerant) return
  if (key === '') context.fail('/key', `the strategy '${strategy}' needs a key`)
  const params = context.endpointFacts?.params ?? []
  if (strategy === 'param' && !params.includes(key)) {
    context.fail('/key', `the endpoint has no parameter '${key}'${params.length === 0 ? '' : `, only ${params.join(', ')}`}`)
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
