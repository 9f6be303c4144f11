/** Counters of quotas in Redis: windows of the calendar in UTC, by the clock of the server. */

import { hash } from 'node:crypto'
import type { BatchScript, RedisLink } from '../redis/link.js'

export const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type Unit = (typeof UNITS)[number]

export interface Limit {
  readonly amount: number
  readonly unit: Unit
}

/** What a quota says of a request. */
export interface QuotaState {
  readonly allowed: boolean
  /** What is left, for each limit. */
  readonly remaining: readonly number[]
  /** Seconds until the limits that are used up begin anew; 0 when none is. */
  readonly retryAfter: number
}

/** `take` counts where all limits allow it, `look` never counts, `add` always. */
export type CountMode = 'take' | 'look' | 'add'

/**
 * One hash for each client and rule, with the window and the count of each unit. ARGV: `hour:10,day:250`, what to count, the mode.
 * Returns `{allowed, seconds, remaining …}`. The days of months come from the civil calendar, with years that begin in March.
 */
export const COUNT: BatchScript<QuotaState> = {
  name: 'count',
  args: 3,
  read: readState,
  source: `
local now = tonumber(redis.call('TIME')[1])
local floor = math.floor
local function monthOf(day)
  local shifted = day + 719468
  local era = floor(shifted / 146097)
  local inEra = shifted - era * 146097
  local year = floor((inEra - floor(inEra / 1460) + floor(inEra / 36524) - floor(inEra / 146096)) / 365)
  local inYear = inEra - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * inYear + 2) / 153)
  year = year + era * 400
  if month < 10 then return year, month + 3 end
  return year + 1, month - 9
end
local function dayOf(year, month)
  if month > 12 then year, month = year + 1, month - 12 end
  if month > 2 then month = month - 3 else year, month = year - 1, month + 9 end
  local era = floor(year / 400)
  local inEra = year - era * 400
  return era * 146097 + inEra * 365 + floor(inEra / 4) - floor(inEra / 100) + floor((153 * month + 2) / 5) - 719468
end
local lengths = { second = 1, minute = 60, hour = 3600, day = 86400 }
local function window(unit)
  local length = lengths[unit]
  if length then
    local first = now - now % length
    return first, first + length
  end
  local day = floor(now / 86400)
  if unit == 'week' then
    local monday = day - (day + 3) % 7
    return monday * 86400, (monday + 7) * 86400
  end
  local year, month = monthOf(day)
  if unit == 'month' then return dayOf(year, month) * 86400, dayOf(year, month + 1) * 86400 end
  return dayOf(year, 1) * 86400, dayOf(year + 1, 1) * 86400
end
local answers = {}
for at, key in ipairs(KEYS) do
  local cost, mode = tonumber(ARGV[3 * at - 1]), ARGV[3 * at]
  local limits, allowed, wait, last = {}, 1, 0, now
  for unit, amount in string.gmatch(ARGV[3 * at - 2], '(%a+):([%d.]+)') do
    local first, next = window(unit)
    local kept = redis.call('HMGET', key, unit, unit .. 'n')
    local used = tonumber(kept[1]) == first and tonumber(kept[2]) or 0
    amount = tonumber(amount)
    if used + math.max(cost, 1) > amount then
      allowed = 0
      wait = math.max(wait, next - now)
    end
    last = math.max(last, next)
    limits[#limits + 1] = { unit, first, used, amount }
  end
  local counts = mode == 'add' or (mode == 'take' and allowed == 1)
  local answer = { allowed, wait }
  for _, limit in ipairs(limits) do
    local used = limit[3]
    if counts then
      used = used + cost
      redis.call('HSET', key, limit[1], limit[2], limit[1] .. 'n', used)
    end
    answer[#answer + 1] = math.max(0, floor(limit[4] - used))
  end
  if counts then redis.call('EXPIREAT', key, last + 1) end
  answers[at] = answer
end
return answers
`
}

/** Clients of one rule lie on this many places of a cluster. */
const SHARDS = 64
/** Longest text of a client that stands in a key as it is, characters; a longer one is written as its hash. */
const LONGEST_CLIENT = 128
/** Clients that are known to have used up their quota. */
const MOST_REFUSED = 10_000

/** The counters of one rule of one quota. */
export class QuotaCounters {
  readonly limits: readonly Limit[]
  readonly link: RedisLink
  private readonly name: string
  private readonly text: string
  private readonly hashes: boolean
  /** Until when a client has nothing left, ms; undefined: the server is asked each time. */
  private readonly refused: Map<string, { readonly until: number; readonly state: QuotaState }> | undefined

  /**
   * @param name of the quota and its rule
   * @param options.hashes the server sees hashes in place of what identifies clients; long texts are hashed anyway
   * @param options.remembers clients without quota are refused without asking
   */
  constructor(link: RedisLink, name: string, limits: readonly Limit[], options: { hashes: boolean; remembers: boolean }) {
    this.link = link
    this.name = name.replace(/[{}]/g, '_')
    this.limits = limits
    this.text = limits.map(({ unit, amount }) => `${unit}:${amount}`).join(',')
    this.hashes = options.hashes
    this.refused = options.remembers ? new Map() : undefined
  }

  /**
   * Counts for a client.
   * @throws RedisUnavailable
   */
  async count(client: string, cost: number, mode: CountMode): Promise<QuotaState> {
    const digest = hash('sha256', client, 'base64url')
    const id = this.hashes || client.length > LONGEST_CLIENT ? digest.slice(1, 23) : client
    const known = this.refused?.get(id)
    if (known !== undefined && mode !== 'add') {
      const left = known.until - performance.now()
      if (left > 0) return { ...known.state, retryAfter: Math.ceil(left / 1000) }
      this.refused?.delete(id)
    }
    const tag = `${this.name}.${digest.charCodeAt(0) % SHARDS}`
    const state = await this.link.decide(COUNT, tag, `sluice:quota:{${tag}}:${id}`, [this.text, cost, mode])
    if (!state.allowed && mode === 'take') this.remember(id, state)
    return state
  }

  private remember(id: string, state: QuotaState): void {
    const { refused } = this
    if (refused === undefined) return
    if (refused.size >= MOST_REFUSED) refused.clear()
    refused.set(id, { until: performance.now() + state.retryAfter * 1000, state })
  }
}

function readState(answer: unknown): QuotaState | undefined {
  if (!Array.isArray(answer) || answer.length < 2 || answer.some(one => typeof one !== 'number')) return undefined
  const [allowed, retryAfter, ...remaining] = answer as number[]
  return { allowed: allowed === 1, retryAfter: retryAfter ?? 0, remaining }
}
