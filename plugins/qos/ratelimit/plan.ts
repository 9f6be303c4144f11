/** The options of limits on requests: of an endpoint, of the service, of a tier, counted here or in Redis. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { type ClientKey, compileClientKey } from '../../_shared/client-key.js'
import { RATE_PROPERTIES, SECOND_MS, UNREADABLE } from './rate.js'

/** JSON Schema of the keys of every such limit. */
export const REQUEST_LIMIT_PROPERTIES = {
  ...RATE_PROPERTIES,
  client_max_rate: { type: 'number', description: 'Requests of one client in the time of `every`; 0 = no limit' },
  client_capacity: { type: 'number', minimum: 0, description: 'Most requests of one client at once' },
  strategy: { type: 'string', description: 'What tells clients apart: ip, header or param' },
  key: { type: 'string', description: 'The header or the path parameter; with ip: the header that has the address' }
} as const

/** The keys that only a limit counted in this process has. */
export const LOCAL_LIMIT_PROPERTIES = {
  ...REQUEST_LIMIT_PROPERTIES,
  cleanup_period: { type: 'string', default: '1m', description: 'How often idle clients are looked for, a duration from 1s' },
  cleanup_threads: { type: 'number', description: 'Accepted and without effect: forgetting clients takes no threads' },
  num_shards: { type: 'number', description: 'Accepted and without effect: one thread needs no shards' }
} as const

const MINUTE_MS = 60_000

/** ms; Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647

/** What the options say; rates are requests per second, 0 = no limit. */
export interface LimitPlan {
  readonly wholeRate: number
  readonly wholeCapacity: number
  readonly clientRate: number
  readonly clientCapacity: number
  /** `ip (key: )`, for the log. */
  readonly clientName: string
  /** `header X-Key`, for the status page. */
  readonly clientBy: string
  readonly clientKey: ClientKey
  readonly cleanupMs: number
}

/** All requests as those of one client: for a limit that cannot tell clients apart. */
const ONE_CLIENT: ClientKey = () => 'all'

/**
 * Reads the options. In tolerant mode a limit that cannot be read is left out while the other one holds, as in KrakenD; alone it
 * is read as strictly as can be: one request in the time of `every`, all clients together.
 */
export function readLimitPlan(options: OptionReader, context: ComponentContext): LimitPlan {
  const perSecond = SECOND_MS / Math.max(SECOND_MS, options.durationMs('every', SECOND_MS, SECOND_MS))
  const whole = options.amount('max_rate', 0, UNREADABLE)
  const client = options.amount('client_max_rate', 0, UNREADABLE)
  const strategy = options.text('strategy', '', '')
  const key = strategy.toLowerCase() === 'param' ? options.text('key', '', '') : options.fieldName('key', '', '')
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
    clientBy: `${strategy} ${key}`.trim(),
    clientKey: clientKey ?? ONE_CLIENT,
    cleanupMs: Math.min(Math.max(options.durationMs('cleanup_period', MINUTE_MS, MINUTE_MS), SECOND_MS), LONGEST_TIMER_MS)
  }
}

function readClientKey(options: OptionReader, strategy: string, key: string, context: ComponentContext): ClientKey | undefined {
  const clientKey = compileClientKey(strategy, key)
  if (strategy === '')
    options.report('', 'client_max_rate limits no client without a strategy: give "strategy": "ip", "header" or "param"')
  else if (clientKey === undefined) options.report('/strategy', `unknown strategy '${strategy}': ip, header and param exist`)
  else checkKey(options, strategy.toLowerCase(), key, context)
  return clientKey
}

/** A limit that could never let a request pass is a mistake. */
function checkKey(options: OptionReader, strategy: string, key: string, context: ComponentContext): void {
  if (strategy === 'ip' || context.service.tolerant) return
  if (key === '') return options.report('/key', `the strategy '${strategy}' needs a key`)
  if (strategy !== 'param') return
  if (context.scope === 'service') return options.report('/strategy', 'only an endpoint has parameters: use ip or header')
  const params = context.endpointFacts?.params ?? []
  if (params.includes(key)) return
  options.report('/key', `the endpoint has no parameter '${key}'${params.length === 0 ? '' : `, only ${params.join(', ')}`}`)
}
