/**
 * Limits that are counted in Redis.
 *
 * In: the client's request. Out: a refusal as `limit.ts` says. Where Redis does not answer in time, 503; with `on_failure_allow` the request
 * goes on, and with `local_fallback` the buckets of this process decide.
 */

import type { ComponentContext, OptionReader, StatusFacts, Wrap } from 'sluice/plugin'
import type { ClientKey } from '../../_shared/client-key.js'
import { findLink } from '../../_shared/redis/find-link.js'
import type { RedisLink } from '../../_shared/redis/link.js'
import { clientRule, OF_ALL, ofEach, refused, wholeRule } from './limit.js'
import { type LimitPlan, REQUEST_LIMIT_PROPERTIES, readLimitPlan } from './plan.js'
import { SharedBuckets, type Verdict } from './shared-buckets.js'
import { openStore } from './store.js'
import { Tally } from './tally.js'
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

/** What stands for a bucket while Redis does not answer: true lets the request pass, undefined refuses it with 503. */
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
  const whenAway = local ? 'counted by this process' : allow ? 'allowed' : 'refused with 503'
  const shared: SharedPlan = { plan, link, place: full, fallbackOf, whenAway }
  const whole = compileWhole(shared, context)
  const clients = compileClients(shared, context)
  if (whole === undefined && clients === undefined)
    options.report('', 'the limit limits nothing: give max_rate or client_max_rate', 'warning')
  if (clients === undefined || whole === undefined) return clients ?? whole
  return next => clients(whole(next))
}

/** A limit in Redis, and what stands for it without. */
interface SharedPlan {
  readonly plan: LimitPlan
  readonly link: RedisLink
  /** Tells the limit from all others. */
  readonly place: string
  readonly fallbackOf: (counted: () => Fallback) => Fallback
  /** What becomes of requests then, for the status page. */
  readonly whenAway: string
}

function compileWhole(shared: SharedPlan, context: ComponentContext): Wrap | undefined {
  const rule = wholeRule(shared.plan, context)
  if (rule === undefined) return undefined
  const limit: SharedLimit = {
    clientKey: () => 'all',
    status: 503,
    buckets: new SharedBuckets(shared.link, `${shared.place} all`, rule),
    fallback: shared.fallbackOf(() => countedHere(rule)),
    tally: context.keepHere(['shared tally of all', rule, shared.link.name], () => new Tally())
  }
  showLimit({ of: OF_ALL, per_second: shared.plan.wholeRate, capacity: rule.capacity }, limit.tally, shared, context)
  return limitBy(limit)
}

function countedHere(rule: BucketRule): Fallback {
  const bucket = new TokenBucket(rule, performance.now())
  return () => bucket.take(performance.now())
}

function compileClients(shared: SharedPlan, context: ComponentContext): Wrap | undefined {
  const { plan, link } = shared
  const rule = clientRule(plan, context)
  if (rule === undefined) return undefined
  const limit: SharedLimit = {
    clientKey: plan.clientKey,
    status: 429,
    buckets: new SharedBuckets(link, `${shared.place} client`, rule),
    fallback: shared.fallbackOf(() => {
      const store = openStore(rule, plan.clientName, plan.cleanupMs, context)
      return client => store.take(client)
    }),
    tally: context.keepHere(['shared tally of clients', rule, plan.clientName, link.name], () => new Tally())
  }
  showLimit({ of: ofEach(plan), per_second: plan.clientRate, capacity: rule.capacity }, limit.tally, shared, context)
  return limitBy(limit)
}

function showLimit(facts: StatusFacts, tally: Tally, { link, whenAway }: SharedPlan, context: ComponentContext): void {
  context.status('limit', () => ({ ...facts, ...link.truth(), without_redis: whenAway, ...tally.sharedFacts() }))
}

interface SharedLimit {
  readonly clientKey: ClientKey
  /** Of the refusal when the bucket is empty. */
  readonly status: number
  readonly buckets: { take(client: string): Promise<Verdict> }
  readonly fallback: Fallback
  readonly tally: Tally
}

function limitBy({ clientKey, status, buckets, fallback, tally }: SharedLimit): Wrap {
  return next => async request => {
    const client = clientKey(request)
    if (client === '') {
      tally.count(false)
      return refused(status)
    }
    const verdict = await buckets.take(client)
    if (verdict !== 'unknown') return tally.count(verdict === 'pass') ? next(request) : refused(status)
    tally.unanswered++
    const allowed = await fallback(client)
    return tally.count(allowed === true) ? next(request) : refused(allowed === undefined ? 503 : status)
  }
}
