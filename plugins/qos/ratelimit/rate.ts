/** What both rate limits read from their options. */

/** JSON Schema of the keys that mean the same in both limits. */
export const RATE_PROPERTIES = {
  max_rate: { type: 'number', description: 'Requests in the time of `every`, for all clients together; 0 = no limit' },
  capacity: { type: 'number', minimum: 0, description: 'Most requests at once; 0 = as many as a second allows, at least 1' },
  every: { type: 'string', default: '1s', description: 'The time that the rates are about, a duration' }
} as const

/** ms */
export const SECOND_MS = 1000

/** Stands for a rate that was given and cannot be read. */
export const UNREADABLE = Number.POSITIVE_INFINITY

/** Tokens of a capacity that the options do not give. */
export function defaultCapacity(ratePerSecond: number): number {
  return ratePerSecond < 1 ? 1 : Math.trunc(ratePerSecond)
}
