/** What a quota has decided at one place, tier by tier, for the status page. */

import type { ComponentContext } from 'sluice/plugin'
import type { Attachment, QuotaTier } from './attachment.js'

/** Counts since the start. */
export class QuotaTally {
  allowed = 0
  refused = 0
  /** Requests that were judged without Redis; they are allowed or refused as well. */
  unanswered = 0
  /** The weights of responses that were counted. */
  weight = 0
  /** Responses whose weight could not be counted. */
  uncounted = 0

  /** Counts a decision, and returns it. */
  count(allowed: boolean): boolean {
    if (allowed) this.allowed++
    else this.refused++
    return allowed
  }
}

/** The tallies of all tiers, and the one of requests without a tier. */
export interface QuotaTallies {
  of(tier: QuotaTier | undefined): QuotaTally
}

/** Makes the tallies of one place, which outlive a new configuration of the same quota, and shows them. */
export function showTallies(attachment: Attachment, context: ComponentContext): QuotaTallies {
  const { quota, tiers, onFailureAllow, onUnmatchedAllow, weight } = attachment
  const tallyOf = (name: string, limits: string): QuotaTally =>
    context.keepHere(['tally of a quota', quota, name, limits], () => new QuotaTally())
  const tallies = new Map<QuotaTier | undefined, QuotaTally>()
  const refusal = context.scope === 'backend' ? 'the call fails' : 'refused with 500'
  for (const [at, tier] of tiers.entries()) {
    const { rule, counters } = tier
    const limits = counters.limits.map(({ amount, unit }) => `${amount.toLocaleString('en')} a ${unit}`).join(', ')
    const tally = tallyOf(`${at} ${rule}`, limits)
    tallies.set(tier, tally)
    const facts = { quota, rule, limits, of: `each client by ${tier.clientBy}` }
    const withoutRedis = onFailureAllow ? 'allowed' : refusal
    context.status('quota', () => ({
      ...facts,
      ...counters.link.truth(),
      without_redis: withoutRedis,
      allowed: tally.allowed,
      refused: tally.refused,
      without_answer: tally.unanswered,
      ...(weight === undefined ? {} : { weight_counted: tally.weight, not_counted: tally.uncounted })
    }))
  }
  const rest = tallyOf('no tier', String(onUnmatchedAllow))
  if (tiers.every(({ matches }) => matches !== undefined)) {
    const facts = { quota, rule: 'requests of no tier', limits: onUnmatchedAllow ? 'none' : 'refused with 400' }
    context.status('quota', () => ({ ...facts, allowed: rest.allowed, refused: rest.refused }))
  }
  return { of: tier => tallies.get(tier) ?? rest }
}
