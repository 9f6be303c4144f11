/**
 * Limits on requests, of all clients together and of each.
 *
 * In: the client's request. Out: 429 for a client over its limit or one that cannot be told, 503 where all together are over theirs,
 * both without a body; else the request goes on. Clients are judged first, so that one that is over its limit does not use up the
 * limit of all.
 */

import { type ComponentContext, GatewayResponse, type Next, type Wrap } from 'sluice/plugin'
import type { ClientKey } from '../../_shared/client-key.js'
import type { LimitPlan } from './plan.js'
import { defaultCapacity } from './rate.js'
import { openStore, type TokenStore } from './store.js'
import { HERE, Tally } from './tally.js'
import { type BucketRule, bucketRule, TokenBucket } from './token-bucket.js'

/** Compiles a limit that this process counts; undefined when it limits nothing. */
export function compileLimit(plan: LimitPlan, context: ComponentContext): Wrap | undefined {
  const whole = compileWhole(plan, context)
  const clients = compileClients(plan, context)
  if (clients === undefined || whole === undefined) return clients ?? whole
  return next => clients(whole(next))
}

function compileWhole(plan: LimitPlan, context: ComponentContext): Wrap | undefined {
  const rule = wholeRule(plan, context)
  if (rule === undefined) return undefined
  const now = (): number => performance.now()
  const { bucket, tally } = context.keepHere(['all', rule], () => ({ bucket: new TokenBucket(rule, now()), tally: new Tally() }))
  const { capacity } = rule
  const facts = { of: OF_ALL, per_second: plan.wholeRate, capacity, counted_in: HERE }
  context.status('limit', () => ({ ...facts, ...tally.facts() }))
  return next => request => (tally.count(bucket.take(now())) ? next(request) : refused(503))
}

function compileClients(plan: LimitPlan, context: ComponentContext): Wrap | undefined {
  const rule = clientRule(plan, context)
  if (rule === undefined) return undefined
  const tally = context.keepHere(['tally of clients', rule, plan.clientName], () => new Tally())
  const facts = { of: ofEach(plan), per_second: plan.clientRate, capacity: rule.capacity, counted_in: HERE }
  context.status('limit', () => ({ ...facts, ...tally.facts() }))
  return limitClients(plan.clientKey, openStore(rule, plan.clientName, plan.cleanupMs, context), tally)
}

/** Whom a limit is for, on the status page. */
export const OF_ALL = 'all clients'
export const ofEach = ({ clientBy }: LimitPlan): string => `each client by ${clientBy}`

/** The bucket of all clients; undefined without a limit for them. Says so in the log. */
export function wholeRule({ wholeRate, wholeCapacity }: LimitPlan, context: ComponentContext): BucketRule | undefined {
  if (wholeRate <= 0) return undefined
  const capacity = Math.trunc(wholeCapacity) || defaultCapacity(wholeRate)
  context.logger.debug(`${context.tag}[Ratelimit] Rate limit enabled. MaxRate: ${wholeRate.toFixed(6)}, Capacity: ${capacity}`)
  return bucketRule(wholeRate, capacity)
}

/** The bucket of each client; undefined without a limit for them. Says so in the log. */
export function clientRule(plan: LimitPlan, context: ComponentContext): BucketRule | undefined {
  const { clientRate: rate, clientName } = plan
  if (rate <= 0) return undefined
  // KrakenD looks at max_rate here, where client_max_rate is meant: without it a client has one token
  const capacity = Math.trunc(plan.clientCapacity) || (plan.wholeRate < 1 ? 1 : Math.max(1, Math.trunc(rate)))
  const line = `Rate limit enabled. Strategy: ${clientName}, MaxRate: ${rate.toFixed(6)}, Capacity: ${capacity}`
  context.logger.debug(`${context.tag}[Ratelimit] ${line}`)
  return bucketRule(rate, capacity)
}

/** Lets a client's request pass while its bucket has tokens. */
export function limitClients(clientKey: ClientKey, store: TokenStore, tally = new Tally()): Wrap {
  return next => request => {
    const client = clientKey(request)
    if (client === '') {
      tally.refused++
      return refused(429)
    }
    const allowed = store.take(client)
    if (typeof allowed !== 'boolean') return allowed.then(yes => (tally.count(yes) ? next(request) : refused(429)))
    return tally.count(allowed) ? next(request) : refused(429)
  }
}

/** A response without a body. */
export function refused(status: number): ReturnType<Next> {
  return Promise.resolve(new GatewayResponse(status))
}
