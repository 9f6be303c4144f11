/** Which address the client has: that of the peer, or, when the peer is trusted, the one that its forwarding headers name. */

import { BlockList, isIP } from 'node:net'
import type { RouterConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { lowerName } from '../http/fields.js'

/** Returns the client's address for a peer and the raw fields of its request. Called per request. */
export type ClientIp = (remoteAddress: string, rawFields: readonly string[]) => string

/** What is read of the router options. */
export type ClientIpOptions = Pick<RouterConfig, 'forwardedByClientIp' | 'remoteIpHeaders' | 'trustedProxies' | 'appEngine'>

/** Peers whose trust is remembered. Proxies are few; other peers must not fill the memory. */
const MAX_REMEMBERED = 1024
const LONGEST_REMEMBERED = 64

/**
 * Compiles the rules. Behind a trusted peer each header of `remote_ip_headers` is read in turn, from right to left. The first
 * address that is not trusted counts, else the leftmost. A header with anything but addresses on the way is passed over. Without an
 * address the peer's counts.
 * @throws GatewayError SLUICE_ERR_CONFIG_INVALID for a trusted proxy that is neither an address nor a CIDR
 */
export function compileClientIp(options: ClientIpOptions): ClientIp {
  const trusts = compileTrust(options.trustedProxies)
  const headers = options.forwardedByClientIp ? options.remoteIpHeaders.map(name => name.toLowerCase()) : []
  const fromHeaders = (remoteAddress: string, rawFields: readonly string[]): string => {
    const peer = unmapAddress(remoteAddress)
    if (headers.length === 0 || !trusts(peer)) return peer
    for (const header of headers) {
      const found = walk(joined(rawFields, header), trusts)
      if (found !== undefined) return found
    }
    return peer
  }
  if (!options.appEngine) return fromHeaders
  return (remoteAddress, rawFields) => {
    const told = joined(rawFields, 'x-appengine-remote-addr')
    return isIP(told) === 0 ? fromHeaders(remoteAddress, rawFields) : told
  }
}

/** `::ffff:1.2.3.4` as `1.2.3.4`; zones of link-local addresses cut. */
export function unmapAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

/**
 * Compiles a check whether an address is one of the trusted proxies.
 * @throws GatewayError SLUICE_ERR_CONFIG_INVALID for what is neither an address nor a CIDR
 */
export function compileTrust(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  const remembered = new Map<string, boolean>()
  return mapped => {
    const known = remembered.get(mapped)
    if (known !== undefined) return known
    const address = unmapAddress(mapped)
    const family = isIP(address)
    const trusted = family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
    // an IPv6 zone may be of any length
    if (remembered.size < MAX_REMEMBERED && mapped.length <= LONGEST_REMEMBERED) remembered.set(mapped, trusted)
    return trusted
  }
}

function addRange(list: BlockList, range: string): void {
  const [address = '', bits] = range.split('/')
  const family = isIP(address)
  const width = family === 6 ? 128 : 32
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
  if (family === 0 || prefix < 0 || prefix > width) {
    throw new GatewayError('SLUICE_ERR_CONFIG_INVALID', {
      message: `trusted_proxies: ${range} is neither an IP address nor a CIDR`
    })
  }
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
}

function joined(rawFields: readonly string[], lower: string): string {
  let value = ''
  for (let i = 0; i < rawFields.length; i += 2) {
    const name = rawFields[i]!
    if (name.length !== lower.length || lowerName(name) !== lower) continue
    value = value === '' ? rawFields[i + 1]! : `${value},${rawFields[i + 1]!}`
  }
  return value
}

function walk(value: string, trusts: (address: string) => boolean): string | undefined {
  let end = value.length
  while (end > 0) {
    const comma = value.lastIndexOf(',', end - 1)
    const address = value.slice(comma + 1, end).trim()
    if (isIP(address) === 0) return undefined
    if (comma < 0 || !trusts(address)) return unmapAddress(address)
    end = comma
  }
  return undefined
}
