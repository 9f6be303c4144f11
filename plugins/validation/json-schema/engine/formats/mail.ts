/** Mail addresses. */

import { isHostname, isIpv4, isIpv6 } from './hosts.js'

/** RFC 5321 §4.1.2, Dot-string; characters beyond ASCII by RFC 6531 §3.3. */
const DOT_STRING = /^[\w!#$%&'*+\-/=?^`{|}~]+(?:\.[\w!#$%&'*+\-/=?^`{|}~]+)*$/
const DOT_STRING_UTF8 = /^[\w!#$%&'*+\-/=?^`{|}~\u0080-\uffff]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u0080-\uffff]+)*$/
/** RFC 5321 §4.1.2, Quoted-string. */
const QUOTED = /^"(?:[ !#-[\]-~]|\\[ -~])*"$/
const QUOTED_UTF8 = /^"(?:[ !#-[\]-~\u0080-\uffff]|\\[ -~])*"$/

const MAX_LOCAL_OCTETS = 64
const MAX_OCTETS = 254

/** RFC 5321 §4.1.2, Mailbox. With `isIdn` RFC 6531: characters beyond ASCII, and host names as `isIdn` wants them. */
export function isEmail(text: string, isIdn?: (host: string) => boolean): boolean {
  if (text.length > MAX_OCTETS) return false
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  if (at === -1 || Buffer.byteLength(local) > MAX_LOCAL_OCTETS) return false
  const [plain, quoted] = isIdn === undefined ? [DOT_STRING, QUOTED] : [DOT_STRING_UTF8, QUOTED_UTF8]
  if (!plain.test(local) && !quoted.test(local)) return false
  const domain = text.slice(at + 1)
  if (domain.startsWith('[') && domain.endsWith(']')) {
    const address = domain.slice(1, -1)
    return /^IPv6:/i.test(address) ? isIpv6(address.slice(5)) : isIpv4(address)
  }
  return isHostname(domain) || (isIdn?.(domain) ?? false)
}
