import { DurationError, parseDuration } from 'sluice/plugin'

/** Returns the milliseconds of a Go duration; undefined for what is none. */
export function durationOf(text: string): number | undefined {
  try {
    return parseDuration(text)
  } catch (cause) {
    if (cause instanceof DurationError) return undefined
    throw cause
  }
}
