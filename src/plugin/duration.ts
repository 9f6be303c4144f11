/** Go's textual durations, as configurations write them. */

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000]
])

/** The text is no duration; `message` has Go's wording. */
export class DurationError extends Error {
  override readonly name = 'DurationError'
}

const NUMBER = /([0-9]*)(\.[0-9]*)?/y
const UNIT = /[^0-9.]+/y

/**
 * Converts a duration (`1h30m`, `1.5s`, `-2s`, `0`) to milliseconds; fractions of a millisecond are kept.
 * Units: ns, us, µs, ms, s, m, h. Boot time only.
 * @throws {DurationError} with Go's text: `time: invalid duration`, `time: missing unit in duration`, `time: unknown unit`
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith('-')
  let at = negative || text.startsWith('+') ? 1 : 0
  if (at === text.length) throw new DurationError('time: invalid duration')
  if (text.slice(at) === '0') return 0
  let total = 0
  while (at < text.length) {
    NUMBER.lastIndex = at
    const number = NUMBER.exec(text)![0]
    if (number === '' || number === '.') throw new DurationError('time: invalid duration')
    at += number.length
    UNIT.lastIndex = at
    const unit = UNIT.exec(text)?.[0]
    if (unit === undefined) throw new DurationError('time: missing unit in duration')
    const factor = UNIT_MS.get(unit)
    if (factor === undefined) throw new DurationError('time: unknown unit')
    at += unit.length
    total += Number(number) * factor
  }
  // Go counts in int64 nanoseconds and refuses what does not fit.
  if (total > 9_223_372_036_854) throw new DurationError('time: invalid duration')
  return negative ? -total : total
}
