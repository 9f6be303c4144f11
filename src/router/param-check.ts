/** The check that KrakenD makes on path parameters after decoding them once. */

const ENCODED = 'error: encoded url params'

/** Go's URL parser refuses these in a URL, so no call is made. */
const CONTROL = 'error: net/url: invalid control character in URL'

/**
 * Returns the text of the 400, or undefined when all values are plain. A value is refused for a control character. With `decodes`
 * it is refused too when decoding would change it or fails, or when it holds `?` or `#`.
 */
export function checkParams(params: Readonly<Record<string, string>>, decodes: boolean): string | undefined {
  for (const name in params) {
    const value = params[name]!
    if (hasControl(value)) return CONTROL
    if (!decodes) continue
    const percent = value.indexOf('%')
    if (percent >= 0) return brokenEscape(value, percent) ?? ENCODED
    if (value.includes('?') || value.includes('#')) return ENCODED
  }
  return undefined
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c < 0x20 || c === 0x7f) return true
  }
  return false
}

function brokenEscape(value: string, from: number): string | undefined {
  for (let at = from; at >= 0; at = value.indexOf('%', at + 1)) {
    const triplet = value.slice(at, at + 3)
    if (!/^%[0-9A-Fa-f]{2}$/.test(triplet)) return `error: invalid URL escape ${JSON.stringify(triplet)}`
  }
  return undefined
}
