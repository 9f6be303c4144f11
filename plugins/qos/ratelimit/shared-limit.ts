/**
 * Limits that are counted in Redis.
 *
 * In: the client's request. Out: a refusal as `limit.ts` says. Where Redis does not answer in time, 503; with `on_failure_allow` the request
 * goes on, and with `local_fallback` the buckets of this process decide.
 */

import type { ComponentContext, OptionReader, Wrap } from 'sluice/plugin'
import type { ClientKey } from '../../_shared/client-key.js'
import { findLink } from '../../_shared/redis/find-link.js'
import type { RedisLink } from '../../_shared/redis/link.js'
import { clientRule, refused, wholeRule } from './limit.js'
import { type LimitPlan, REQUEST_LIMIT_PROPERTIES, readLimitPlan } from './plan.js'
import { SharedBuckets, type Verdict } from './shared-buckets.js'
import { openStore } from './store.js'
import { type BucketRule, TokenBucket } from './token-bucket.js'

/** JSON Schema of the options. */
export const SHARED_LIMIT_PROPERTIES = {
  connection_name: { type: 'string', description: 'The name of a connection or cluster in the `redis` of the service' },
  connection_pool: { type: 'string', description: 'The older name of `connection_name`' },
  on_failure_allow: { type: 'boolean', default: false, description: 'Lets requests pass while Redis does not answer' },
  local_fallback: {
    type: 'boolean',
    default: false,
    description: 'While Redis does not answer, the same limit holds for this process alone (Sluice)'
  },
  ...REQUEST_LIMIT_PROPERTIES
} as const

/** What stands for a bucket while Redis does not answer: true lets the request pass, undefined refuses it for lack of an answer. */
type Fallback = (client: string) => boolean | undefined | Promise<boolean>

/**
 * Compiles a limit that is counted in Redis; undefined when it limits nothing.
 * @param place tells this limit from others of the gateway
 */
export function compileSharedLimit(options: OptionReader, context: ComponentContext, place: string): Wrap | undefined {
  const plan = readLimitPlan(options, context)
  const local = options.flag('local_fallback', false, false)
  const allow = options.flag('on_failure_allow', false, false)
  const link = findLink(options, context)
  const full = `${context.service.name} ${place}`
  const fallbackOf = (counted: () => Fallback): Fallback => (local ? counted() : () => (allow ? true : undefined))
  const whole = compileWhole(plan, context, link, full, fallbackOf)
  const clients = compileClients(plan, context, link, full, fallbackOf)
  if (whole === undefined && clients === undefined)
    options.report('', 'the limit limits nothing: give max_rate or client_max_rate', 'warning')
  if (clients === undefined || whole === undefined) return clients ?? whole
  return next => clients(whole(next))
}

type FallbackOf = (counted: () => Fallback) => Fallback

function compileWhole(
  plan: LimitPlan,
  context: ComponentContext,
  link: RedisLink,
  place: string,
  fallbackOf: FallbackOf
): Wrap | undefined {
  const rule = wholeRule(plan, context)
  if (rule === undefined) return undefined
  const buckets = new SharedBuckets(link, `${place} all`, rule)
  return limitBy(
    () => 'all',
    503,
    buckets,
    fallbackOf(() => countedHere(rule))
  )
}

function countedHere(rule: BucketRule): Fallback {
  const bucket = new TokenBucket(rule, performance.now())
  return () => bucket.take(performance.now())
}

function compileClients(
  plan: LimitPlan,
  context: ComponentContext,
  link: RedisLink,
  place: string,
  fallbackOf: FallbackOf
): Wrap | undefined {
  const rule = clientRule(plan, context)
  if (rule === undefined) return undefined
  const buckets = new SharedBuckets(link, `${place} client`, rule)
  const fallback = fallbackOf(() => {
    const store = openStore(rule, plan.clientName, plan.cleanupMs, context)
    return client => store.take(client)
  })
  return limitBy(plan.clientKey, 429, buckets, fallback)
}

/** @param status of the refusal when the bucket is empty */
function limitBy(
  clientKey: ClientKey,
  status: number,
  buckets: { take(client: string): Promise<Verdict> },
  fallback: Fallback
): Wrap {
  return next => async request => {
    const client = clientKey(request)
    if (client === '') return refused(status)
    const verdict = await buckets.take(client)
    if (verdict === 'pass') return next(request)
    if (verdict === 'limited') return refused(status)
    const allowed = await fallback(client)
    return allowed ? next(request) : refused(allowed === undefined ? 503 : status)
  }
}
