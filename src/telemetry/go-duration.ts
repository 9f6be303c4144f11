/** Durations as Go prints them: `1.5s`, `2m0s`, `699.895µs`. */

const MICROSECOND = 1e3
const MILLISECOND = 1e6
const SECOND = 1e9
const MINUTE = 60 * SECOND

/** Formats a whole, non-negative number of nanoseconds. */
export function goDuration(ns: number): string {
  if (ns < SECOND) {
    if (ns === 0) return '0s'
    if (ns < MICROSECOND) return `${ns}ns`
    return ns < MILLISECOND ? `${ns / MICROSECOND}µs` : `${ns / MILLISECOND}ms`
  }
  const minutes = Math.floor(ns / MINUTE)
  const seconds = `${decimal((ns - minutes * MINUTE) / SECOND)}s`
  if (minutes === 0) return seconds
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`
}

/** Nanoseconds never need more than nine places; small ones must not turn into exponents. */
function decimal(seconds: number): string {
  return seconds > 0 && seconds < 1e-6 ? seconds.toFixed(9) : `${seconds}`
}

/** Formats a latency given in milliseconds, shortened as KrakenD's access log does: above 1 ms to 10 µs, 1 s to 10 ms, 1 min to 10 s. */
export function shortDuration(ms: number): string {
  const ns = Math.round(ms * MILLISECOND)
  if (ns > MINUTE) return goDuration(truncate(ns, 10 * SECOND))
  if (ns > SECOND) return goDuration(truncate(ns, 10 * MILLISECOND))
  return goDuration(ns > MILLISECOND ? truncate(ns, 10 * MICROSECOND) : ns)
}

function truncate(ns: number, unit: number): number {
  return ns - (ns % unit)
}
