/** Tells bots by their User-Agent. */

import type { LRUCache } from 'lru-cache'
import type { PatternSet } from '../../_shared/re2.js'

export interface BotRules {
  /** Exact values that are never bots. */
  readonly allow: ReadonlySet<string>
  /** Exact values that are bots. */
  readonly deny: ReadonlySet<string>
  /** A User-Agent that matches is a bot, and so is one that would take too long. */
  readonly patterns: PatternSet
  readonly emptyIsBot: boolean
}

/** Says whether a User-Agent (undefined = none) is a bot's. */
export type Detector = (userAgent: string | undefined) => boolean

/** Compiles rules: an absent agent first, then allow, deny, patterns. */
export function compileDetector(rules: BotRules): Detector {
  const { allow, deny, patterns, emptyIsBot } = rules
  return userAgent => {
    if (userAgent === undefined || userAgent === '') return emptyIsBot
    const agent = BEYOND_ASCII.test(userAgent) ? Buffer.from(userAgent, 'latin1').toString() : userAgent
    if (allow.has(agent)) return false
    return deny.has(agent) || patterns.test(agent) !== false
  }
}

/** Values of fields are bytes, one for each character; rules are written in UTF-8. */
const BEYOND_ASCII = /[\x80-\xff]/

/** Characters; longer values are judged anew each time, so that no client decides how much memory the cache takes. */
const LONGEST_CACHED = 1024

/** Remembers the verdicts of a detector. */
export function rememberVerdicts(detect: Detector, cache: Pick<LRUCache<string, boolean>, 'get' | 'set'>): Detector {
  return userAgent => {
    if (userAgent === undefined || userAgent.length > LONGEST_CACHED) return detect(userAgent)
    const known = cache.get(userAgent)
    if (known !== undefined) return known
    const verdict = detect(userAgent)
    cache.set(userAgent, verdict)
    return verdict
  }
}
