/** The check that KrakenD makes on path parameters after decoding them once. */

const ENCODED = 'error: encoded url params'

/**
 * Answers the text of the 400 when a value would still change by decoding, cannot be decoded, or holds `?` or `#`;
 * undefined when all values are plain.
 */
export function checkParams(params: Readonly<Record<string, string>>): string | undefined {
  for (const name in params) {
    const value = params[name]!
    const percent = value.indexOf('%')
    if (percent >= 0) return brokenEscape(value, percent) ?? ENCODED
    if (value.includes('?') || value.includes('#')) return ENCODED
  }
  return undefined
}

function brokenEscape(value: string, from: number): string | undefined {
  for (let at = from; at >= 0; at = value.indexOf('%', at + 1)) {
    const triplet = value.slice(at, at + 3)
    if (!/^%[0-9A-Fa-f]{2}$/.test(triplet)) return `error: invalid URL escape ${JSON.stringify(triplet)}`
  }
  return undefined
}
