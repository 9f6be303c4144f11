/** What both rate limits read from their options. */

import type { ComponentContext } from 'sluice/plugin'
import { parseDurationMs } from '../../duration.js'

/** JSON Schema of the keys that mean the same in both limits. */
export const RATE_PROPERTIES = {
  max_rate: { type: 'number', description: 'Requests in the time of `every`, for all clients together; 0 = no limit' },
  capacity: { type: 'number', minimum: 0, description: 'Most requests at once; 0 = as many as a second allows, at least 1' },
  every: { type: 'string', default: '1s', description: 'The time that the rates are about, a duration' }
} as const

/** ms */
export const SECOND_MS = 1000

/** Reads a duration, ms. What is none stops the start; in tolerant mode the fallback counts, as in KrakenD. */
export function durationOption(
  text: string | undefined,
  key: string,
  fallbackMs: number,
  tag: string,
  context: ComponentContext
): number {
  if (text === undefined || text === '') return fallbackMs
  const ms = parseDurationMs(text)
  if (ms !== undefined) return ms
  const message = `'${text}' is not a duration such as "1m30s"`
  if (!context.service.tolerant) context.fail(`/${key}`, message)
  context.logger.error(`${tag} ${key}: ${message}; ${fallbackMs / SECOND_MS}s is taken`)
  return fallbackMs
}

/** Tokens of a capacity that nobody gave. */
export function defaultCapacity(ratePerSecond: number): number {
  return ratePerSecond < 1 ? 1 : Math.trunc(ratePerSecond)
}
