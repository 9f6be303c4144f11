/** Tells bots by their User-Agent. */

import type { LRUCache } from 'lru-cache'
import type { Pattern } from '../../_shared/re2.js'

export interface BotRules {
  /** Exact values that are never bots. */
  readonly allow: ReadonlySet<string>
  /** Exact values that are bots. */
  readonly deny: ReadonlySet<string>
  /** A User-Agent that matches is a bot. */
  readonly pattern: Pattern
  readonly emptyIsBot: boolean
}

/** Says whether a User-Agent (undefined = none) is a bot's. */
export type Detector = (userAgent: string | undefined) => boolean

/** Compiles rules: an absent agent first, then allow, deny, patterns. */
export function compileDetector(rules: BotRules): Detector {
  const { allow, deny, pattern, emptyIsBot } = rules
  return userAgent => {
    if (userAgent === undefined || userAgent === '') return emptyIsBot
    if (allow.has(userAgent)) return false
    return deny.has(userAgent) || pattern.test(userAgent)
  }
}

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
