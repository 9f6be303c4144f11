/** Names and addresses of hosts. */

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** RFC 1123 §2.1. */
export function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every(label => LABEL.test(label))
}

/** RFC 2673 §3.2: four decimals without leading zeros. */
export function isIpv4(text: string): boolean {
  if (text.length > 15) return false
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

/** RFC 4291 §2.2. */
export function isIpv6(text: string): boolean {
  if (text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  let count = 0
  for (const [i, half] of halves.entries()) {
    if (half === '' && halves.length === 2) continue
    const groups = half.split(':')
    const last = groups.at(-1)!
    // The last 32 bits may be written as an IPv4 address.
    if (last.includes('.')) {
      if (i !== halves.length - 1 || !isIpv4(last)) return false
      groups.pop()
      count += 2
    }
    if (!groups.every(group => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
    count += groups.length
  }
  return halves.length === 2 ? count <= 7 : count === 8
}
