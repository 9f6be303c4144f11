/** Buckets in Redis: one truth for all gateways that use the same server. */

import { createHash, hash } from 'node:crypto'
import { type BatchScript, type RedisLink, RedisUnavailable } from '../../_shared/redis/link.js'
import type { BucketRule } from './token-bucket.js'

/**
 * The generic cell rate algorithm, which is a token bucket in one number: the time at which the bucket will be full again, in µs of the
 * server's own clock. Returns 0 for a request that may pass, else the ms until the next one may.
 */
const TAKE: BatchScript<number> = {
  name: 'take',
  args: 2,
  read: wait => (typeof wait === 'number' && wait >= 0 ? wait : undefined),
  source: `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers = {}
for at, key in ipairs(KEYS) do
  local interval, capacity = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  local full = math.max(tonumber(redis.call('GET', key)) or now, now) + interval
  local wait = full - capacity * interval - now
  if wait <= 0 then
    redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
    answers[at] = 0
  else
    answers[at] = math.ceil(wait / 1000)
  end
end
return answers
`
}

/** Keys of one limit lie on this many places of a cluster. */
const SHARDS = 64

/** What a bucket says of a request; `unknown`: Redis did not answer in time. */
export type Verdict = 'pass' | 'limited' | 'unknown'

/** The buckets of one limit. */
export class SharedBuckets {
  private readonly link: RedisLink
  private readonly prefix: string
  private readonly args: readonly [number, number]

  /** @param place what tells this limit from all others that use the server; equal in all gateways */
  constructor(link: RedisLink, place: string, rule: BucketRule) {
    this.link = link
    this.prefix = createHash('sha256').update(place).digest('base64url').slice(0, 12)
    this.args = [rule.intervalMs * 1000, rule.capacity]
  }

  /** Takes a token of a client's bucket. Never rejects. */
  async take(client: string): Promise<Verdict> {
    // what identifies a client may be a secret: the server gets its hash
    const name = hash('sha256', client, 'base64url')
    const tag = `${this.prefix}.${name.charCodeAt(0) % SHARDS}`
    try {
      const wait = await this.link.decide(TAKE, tag, `sluice:limit:{${tag}}:${name.slice(1, 23)}`, this.args)
      return wait === 0 ? 'pass' : 'limited'
    } catch (error) {
      if (error instanceof RedisUnavailable) return 'unknown'
      throw error
    }
  }
}
