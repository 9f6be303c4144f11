/**
 * What other gateways revoke, by Redis: each addition is kept there as long as it counts, and told to all gateways at once.
 *
 * Messages are lost while a connection is away. So each gateway also reads what has been added since it looked last: at the start, every
 * {@link LOOK_MS}, and every {@link RETRY_MS} until the first look has succeeded.
 */

import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'sluice/plugin'
import type { BatchScript, RedisLink } from '../../_shared/redis/link.js'
import { NotEverywhere } from './book-record.js'

/** Keeps elements by the time of the server, ms, and tells them. ARGV: element, how long it counts in ms, channel. */
const REVOKE: BatchScript<1> = {
  name: 'revoke',
  args: 3,
  read: answer => (answer === 1 ? answer : undefined),
  source: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answers = {}
for at, key in ipairs(KEYS) do
  local element, kept = ARGV[3 * at - 2], tonumber(ARGV[3 * at - 1])
  redis.call('ZADD', key, now, element)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - kept)
  redis.call('PEXPIRE', key, kept)
  redis.call('PUBLISH', ARGV[3 * at], element)
  answers[at] = 1
end
return answers
`
}

/** Returns for each key the time of the last element and a page of elements from a time on. ARGV: the time, how many elements to leave out. */
const SINCE: BatchScript<readonly string[]> = {
  name: 'since',
  args: 2,
  read: readPage,
  source: `
local answers = {}
for at, key in ipairs(KEYS) do
  local found = redis.call('ZRANGEBYSCORE', key, ARGV[2 * at - 1], '+inf', 'WITHSCORES', 'LIMIT', ARGV[2 * at], 1000)
  local page = { found[#found] or ARGV[2 * at - 1] }
  for i = 1, #found, 2 do page[#page + 1] = found[i] end
  answers[at] = page
end
return answers
`
}

const LOOK_MS = 10_000
const RETRY_MS = 1000
/** ms between two looks of a start. */
const START_PAUSE_MS = 100
const PAGE = 1000
/** ms; an addition may become visible after one with a later time. */
const OVERLAP_MS = 2000
const KEY = 'sluice:revoked:{elements}'
const TAG = 'elements'

export interface OtherGatewaysOptions {
  readonly link: RedisLink
  /** Part of the key: gateways with the same name share what they revoke. */
  readonly name: string
  /** How long an element counts at most. */
  readonly keptMs: number
  /** Called after each look that has succeeded. */
  readonly onKnown: () => void
  /** Takes what any gateway has revoked. */
  readonly take: (elements: readonly Uint8Array[]) => Promise<void>
  readonly logger: Logger
}

export class OtherGateways {
  readonly #options: OtherGatewaysOptions
  readonly #key: string
  readonly #end: () => void
  #timer: NodeJS.Timeout | undefined
  #since = 0
  #known = false
  #closed = false

  /** Listens from now on. */
  constructor(options: OtherGatewaysOptions) {
    this.#options = options
    this.#key = `${KEY}:${options.name}`
    this.#end = options.link.client.subscribe(this.#key, message => {
      options.take([decode(message.toString())]).catch(error => this.#warn(error))
    })
  }

  /**
   * Looks until it has succeeded once: a connection that is new, or a busy machine, may take longer than one question has. Looks from
   * time to time from then on, whatever came of it.
   * @rejects RedisUnavailable when no look has succeeded within `patienceMs`
   */
  async begin(patienceMs: number): Promise<void> {
    const end = performance.now() + patienceMs
    try {
      for (;;) {
        try {
          return await this.#look()
        } catch (cause) {
          if (this.#closed || performance.now() > end) throw cause
        }
        await pause(START_PAUSE_MS)
      }
    } finally {
      this.#lookLater()
    }
  }

  /** Tells what this gateway has revoked. @rejects NotEverywhere when Redis does not take it */
  async add(elements: readonly Uint8Array[]): Promise<void> {
    const { link, keptMs } = this.#options
    try {
      await Promise.all(elements.map(one => link.decide(REVOKE, TAG, this.#key, [encode(one), keptMs, this.#key])))
    } catch (cause) {
      throw new NotEverywhere(`other gateways do not know of it: ${(cause as Error).message}`, { cause })
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#end()
  }

  #lookLater(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#lookAgain(), this.#known ? LOOK_MS : RETRY_MS)
    this.#timer.unref()
  }

  async #lookAgain(): Promise<void> {
    const wasKnown = this.#known
    try {
      await this.#look()
      if (!wasKnown) this.#options.logger.info('[SERVICE: Bloomfilter] What other gateways have revoked is known now')
    } catch (error) {
      // the start has said that nothing is known
      if (wasKnown) this.#warn(error as Error)
    }
    this.#lookLater()
  }

  /** Takes what was added since the last look. @rejects RedisUnavailable */
  async #look(): Promise<void> {
    const { link, take } = this.#options
    const from = Math.max(0, this.#since - OVERLAP_MS)
    for (let seen = 0; ; seen += PAGE) {
      const page = await link.decide(SINCE, TAG, this.#key, [from, seen])
      const [last, ...elements] = page
      if (elements.length > 0) await take(elements.map(decode))
      this.#since = Math.max(this.#since, Number(last))
      if (elements.length < PAGE) break
    }
    this.#known = true
    this.#options.onKnown()
  }

  #warn(error: Error): void {
    this.#options.logger.warning(`[SERVICE: Bloomfilter] What other gateways have revoked is not known: ${error.message}`)
  }
}

/** The time of the last element, then elements. */
function readPage(page: unknown): readonly string[] | undefined {
  if (!Array.isArray(page) || page.some(one => typeof one !== 'string')) return undefined
  return page.length > 0 && Number.isFinite(Number(page[0])) ? page : undefined
}

const encode = (element: Uint8Array): string => Buffer.from(element).toString('base64')
const decode = (text: string): Uint8Array => Buffer.from(text, 'base64')
