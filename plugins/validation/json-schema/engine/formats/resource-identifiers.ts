/** URIs (RFC 3986) and IRIs (RFC 3987), taken apart at their delimiters. */

import { isIpv6 } from './hosts.js'

/** RFC 3986 appendix B: matches every text without a line break, and never goes back. */
const PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/
const IP_FUTURE = /^v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+$/i

/** Which characters the parts may hold. */
interface Grammar {
  readonly userinfo: RegExp
  readonly host: RegExp
  readonly path: RegExp
  readonly query: RegExp
  readonly fragment: RegExp
}

const grammar = (more: string, privateUse: string): Grammar => {
  const common = `[\\w.~!$&'()*+,;=${more}-]|%[0-9A-Fa-f]{2}`
  return {
    userinfo: new RegExp(`^(?:${common}|:)*$`, 'u'),
    host: new RegExp(`^(?:${common})*$`, 'u'),
    path: new RegExp(`^(?:${common}|[:@/])*$`, 'u'),
    query: new RegExp(`^(?:${common}|[:@/?${privateUse}])*$`, 'u'),
    fragment: new RegExp(`^(?:${common}|[:@/?])*$`, 'u')
  }
}

/** RFC 3987 §2.2, ucschar and iprivate. */
const UCS =
  '\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}' +
  Array.from(
    { length: 14 },
    (_, i) => `\\u{${(i + 1).toString(16)}${i === 13 ? '1000' : '0000'}}-\\u{${(i + 1).toString(16)}fffd}`
  ).join('')
const PRIVATE_USE = '\\u{e000}-\\u{f8ff}\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}'

const ASCII = grammar('', '')
const INTERNATIONAL = grammar(UCS, PRIVATE_USE)

function fits(text: string, grammar: Grammar, absolute: boolean): boolean {
  const [, scheme, authority, path = '', query = '', fragment = ''] = PARTS.exec(text)!
  if (scheme === undefined ? absolute || firstSegmentHasColon(path, authority) : !SCHEME.test(scheme)) return false
  if (authority !== undefined && !isAuthority(authority, grammar)) return false
  return grammar.path.test(path) && grammar.query.test(query) && grammar.fragment.test(fragment)
}

/** RFC 3986 §4.2: such a segment would be taken for a scheme. */
const firstSegmentHasColon = (path: string, authority: string | undefined): boolean =>
  authority === undefined && /^[^/]*:/.test(path)

function isAuthority(authority: string, grammar: Grammar): boolean {
  const at = authority.indexOf('@')
  if (at !== -1 && !grammar.userinfo.test(authority.slice(0, at))) return false
  const host = authority.slice(at + 1)
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':') === -1 ? host.length : host.indexOf(':')
  const name = host.slice(0, end)
  if (!/^(?::\d*)?$/.test(host.slice(end))) return false
  if (!name.startsWith('[')) return grammar.host.test(name)
  const address = name.slice(1, -1)
  return isIpv6(address) || IP_FUTURE.test(address)
}

export const isUri = (text: string): boolean => fits(text, ASCII, true)
export const isUriReference = (text: string): boolean => fits(text, ASCII, false)
export const isIri = (text: string): boolean => fits(text, INTERNATIONAL, true)
export const isIriReference = (text: string): boolean => fits(text, INTERNATIONAL, false)
