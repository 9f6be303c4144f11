/**
 * Reads from the environment which proxy an origin is reached through, by the rules of Go's net/http that KrakenD users know.
 *
 * `HTTP_PROXY` serves http origins, `HTTPS_PROXY` https origins, each also in lower case. `NO_PROXY` lists, with commas: `*`, host names
 * (with all their subdomains), `.domain` and `*.domain` (subdomains only), addresses, CIDR blocks, each but the last with an optional
 * `:port`. `localhost` and loopback addresses are never proxied. Under CGI (`REQUEST_METHOD` is set) `HTTP_PROXY` may come from a
 * client's `Proxy` field and is not read.
 */

import { BlockList, isIP } from 'node:net'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Returns the proxy's URL, or undefined for a direct connection. Called once per origin, at boot.
 * @param origin `http://host:port`
 * @throws TypeError when the origin or the proxy is not a URL
 */
export function proxyFor(origin: string, env: Environment): string | undefined {
  const target = new URL(origin)
  const https = target.protocol === 'https:'
  const proxy = https ? either(env, 'HTTPS_PROXY') : env.REQUEST_METHOD ? '' : either(env, 'HTTP_PROXY')
  if (proxy === '') return undefined
  const host = bare(target.hostname).toLowerCase().replace(/\.$/, '')
  if (isLocal(host)) return undefined
  const port = target.port || (https ? '443' : '80')
  for (const rule of either(env, 'NO_PROXY').split(',')) {
    if (isExempt(rule.trim().toLowerCase(), host, port)) return undefined
  }
  return proxyUrl(proxy)
}

function either(env: Environment, name: string): string {
  return env[name] || env[name.toLowerCase()] || ''
}

/** `proxy:3128` means `http://proxy:3128`. */
function proxyUrl(text: string): string {
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`).href
}

function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined
}

function isLocal(host: string): boolean {
  const family = familyOf(host)
  return host === 'localhost' || (family !== undefined && LOOPBACK.check(host, family))
}

/** Whether one entry of NO_PROXY covers a host. Entries that make no sense cover nothing. */
function isExempt(rule: string, host: string, port: string): boolean {
  if (rule === '') return false
  if (rule === '*') return true
  if (rule.includes('/')) return inBlock(rule, host)
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):(\d*)$/.exec(rule)
  const name = parts === null ? bare(rule) : (parts[1] ?? parts[2]!)
  if (name === '') return false
  if (parts !== null && parts[3] !== '' && parts[3] !== port) return false
  const family = familyOf(name)
  if (family !== undefined) return familyOf(host) === family && sameAddress(name, host, family)
  const suffix = name.startsWith('*.') ? name.slice(1) : name
  if (suffix.startsWith('.')) return host.endsWith(suffix)
  return host === suffix || host.endsWith(`.${suffix}`)
}

function inBlock(rule: string, host: string): boolean {
  const slash = rule.lastIndexOf('/')
  const network = rule.slice(0, slash)
  const family = familyOf(network)
  const bits = /^\d{1,3}$/.test(rule.slice(slash + 1)) ? Number(rule.slice(slash + 1)) : Number.NaN
  if (family === undefined || family !== familyOf(host) || !(bits <= (family === 'ipv4' ? 32 : 128))) return false
  const block = new BlockList()
  block.addSubnet(network, bits, family)
  return block.check(host, family)
}

function sameAddress(a: string, b: string, family: 'ipv4' | 'ipv6'): boolean {
  const block = new BlockList()
  block.addAddress(a, family)
  return block.check(b, family)
}
