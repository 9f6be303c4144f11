/** Durations as configurations write them: `300ms`, `1.5h`, `1m30s`. */

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

/** ms; longer ones do not fit where KrakenD keeps them. */
const LONGEST_MS = 9_223_372_036_854

/** Converts a duration to milliseconds; fractions are kept, a sign is allowed. Undefined for anything else. Boot time only. */
export function parseDurationMs(text: string): number | undefined {
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text
  if (unsigned === '0') return 0
  let ms = 0
  let rest = unsigned
  while (rest !== '' || unsigned === '') {
    const part = /^(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest)
    if (part === null) return undefined
    ms += Number(part[1]) * UNIT_MS.get(part[2]!)!
    rest = rest.slice(part[0].length)
  }
  if (ms > LONGEST_MS) return undefined
  return text.startsWith('-') ? -ms : ms
}
