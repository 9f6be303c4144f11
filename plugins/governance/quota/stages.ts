/** The stages of a quota: the one that judges a request, and the one that counts by the response. */

import {
  type Compiled,
  type ComponentContext,
  GatewayError,
  GatewayResponse,
  type Next,
  type SlottedWrap,
  type Wrap
} from 'sluice/plugin'
import type { Limit, QuotaState } from '../../_shared/quota/counters.js'
import { RedisUnavailable } from '../../_shared/redis/link.js'
import type { Attachment, QuotaTier } from './attachment.js'
import { type QuotaTallies, type QuotaTally, showTallies } from './quota-tally.js'

/** Compiles the stages of one place. */
export function compileStages(attachment: Attachment, context: ComponentContext): Compiled {
  const { weight } = attachment
  const tallies = showTallies(attachment, context)
  const stage = compileStage(attachment, tallies, context)
  if (weight?.where !== 'body') return stage
  if (context.scope === 'backend') return [{ slot: 'decoded/ratelimit', needs: 'data', wrap: stage }]
  // the fields that clients send are whole further out, and the response is data further in
  const counting: SlottedWrap = { slot: 'proxy/check', needs: 'data', wrap: compileBodyCount(attachment, weight.path, context) }
  return [{ slot: 'router/ratelimit', wrap: stage }, counting]
}

/** The client and the tier that a request was judged by. */
interface Judged {
  readonly tier: QuotaTier
  readonly client: string
  readonly tally: QuotaTally
}

function compileStage(attachment: Attachment, tallies: QuotaTallies, context: ComponentContext): Wrap {
  const { tiers, weight, onUnmatchedAllow, onFailureAllow, showsHeaders } = attachment
  const refuse = context.scope === 'backend' ? refuseCall : refuseRequest
  const [cost, mode] = weight === undefined ? ([1, 'take'] as const) : ([0, 'look'] as const)
  return next => async request => {
    const tier = tiers.find(one => one.matches?.(request) ?? true)
    const tally = tallies.of(tier)
    if (tier === undefined) return tally.count(onUnmatchedAllow) ? next(request) : refuse(400)
    const client = tier.clientKey(request)
    if (client === '') {
      tally.count(false)
      return refuse(400)
    }
    let state: QuotaState
    try {
      state = await tier.counters.count(client, cost, mode)
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error
      tally.unanswered++
      return tally.count(onFailureAllow) ? next(request) : refuse(500)
    }
    const fields = showsHeaders ? fieldsOf(tier.counters.limits, state) : []
    if (!tally.count(state.allowed)) return refuse(429, fields)
    const judged = { tier, client, tally }
    if (context.scope === 'endpoint') request.state.set(attachment, judged)
    const response = await next(request)
    if (weight?.where === 'header') count(judged, weightIn(response.headers.get(weight.field)), context)
    else if (weight !== undefined && context.scope === 'backend') count(judged, await bodyWeight(response, weight.path), context)
    if (context.scope !== 'backend') for (const [name, value] of fields) response.headers.append(name, value)
    return response
  }
}

function compileBodyCount(attachment: Attachment, path: readonly string[], context: ComponentContext): Wrap {
  return next => async request => {
    const response = await next(request)
    const judged = request.state.get(attachment) as Judged | undefined
    if (judged !== undefined) count(judged, await bodyWeight(response, path), context)
    return response
  }
}

/** Counts what a response has used; the client does not wait for it. */
function count({ tier, client, tally }: Judged, amount: number, context: ComponentContext): void {
  tier.counters.count(client, amount, 'add').then(
    () => {
      tally.weight += amount
    },
    (error: Error) => {
      tally.uncounted++
      context.logger.warning(`${context.tag}[Quota] ${amount} could not be counted: ${error.message}`)
    }
  )
}

/** Opens the objects on the way to the value, and nothing else of the body. */
async function bodyWeight({ body }: GatewayResponse, path: readonly string[]): Promise<number> {
  let value = await body.lazyJson()
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return weightIn(undefined)
    value = value.kind === 'object' ? value.get(key) : value.get(Number(key))
  }
  return weightIn(value)
}

/** A response that does not say what it counts counts 1. */
function weightIn(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? Math.min(number, Number.MAX_SAFE_INTEGER) : 1
}

type Fields = readonly (readonly [name: string, value: string])[]

/** `X-Quota-Limit: "hour";n=10` and `X-Quota-Remaining: "hour";n=9` for each limit; `Retry-After` in seconds when one is used up. */
function fieldsOf(limits: readonly Limit[], { allowed, remaining, retryAfter }: QuotaState): Fields {
  return [
    ...limits.map(({ unit, amount }) => ['X-Quota-Limit', `"${unit}";n=${amount}`] as const),
    ...limits.map(({ unit }, at) => ['X-Quota-Remaining', `"${unit}";n=${remaining[at] ?? 0}`] as const),
    ...(allowed ? [] : [['Retry-After', String(retryAfter)] as const])
  ]
}

type Refuse = (status: number, fields?: Fields) => ReturnType<Next>

const refuseRequest: Refuse = (status, fields = []) => {
  const response = new GatewayResponse(status)
  for (const [name, value] of fields) response.headers.append(name, value)
  return Promise.resolve(response)
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'no tier of the quota',
  429: 'quota exceeded',
  500: 'the quota cannot be counted'
}

const refuseCall: Refuse = status =>
  Promise.reject(new GatewayError('SLUICE_ERR_UPSTREAM_LIMITED', { message: REASONS[status] ?? 'refused' }))
