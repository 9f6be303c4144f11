/** `extra_config.sluice/admin`: the port for operators. What would leave it open stops the start, tolerant or not. */

import { BlockList, isIP } from 'node:net'
import type { ExtraParts } from '../extra-config.js'
import type { Findings } from '../findings.js'
import { isFreeKey, type ObjectReader } from '../object-reader.js'
import { didYouMean } from '../suggest.js'
import type { AdminConfig, Json } from '../types.js'
import { optionsReader } from './proxy-options.js'

/** The namespace, at the root. */
const ADMIN_NAMESPACE = 'sluice/admin'

const DEFAULT_ADDRESS = '127.0.0.1'
const DEFAULT_PORT = 9901
/** A token below this is guessed in a few days. */
const SHORTEST_TOKEN = 16
const KEYS = ['address', 'port', 'token']

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6')

/** True for addresses that only this machine reaches. */
export function isLoopback(address: string): boolean {
  const family = isIP(address)
  return address === 'localhost' || (family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6'))
}

/** Reads the options of the admin port; undefined when the configuration has none. */
export function readAdmin(parts: ExtraParts, findings: Findings): AdminConfig | undefined {
  const value = parts.extra[ADMIN_NAMESPACE]
  if (value === undefined) return undefined
  const reader = optionsReader(parts, ADMIN_NAMESPACE, findings)
  reportUnknown(value, reader)
  const address = readAddress(reader)
  const token = readToken(reader)
  if (token === '' && !isLoopback(address)) {
    const message = `'${ADMIN_NAMESPACE}' listens on ${address}, which others can reach, and has no token`
    findings.add('fatal', reader.at('token'), message, 'set a "token", or "address": "127.0.0.1"')
  }
  if (token !== '' && token.length < SHORTEST_TOKEN) {
    const message = `the token of the admin port has fewer than ${SHORTEST_TOKEN} characters`
    const level = isLoopback(address) ? 'warning' : 'fatal'
    findings.add(level, reader.at('token'), message, 'make one with `openssl rand -hex 16`')
  }
  return { address, port: readPort(reader), token }
}

/** A misspelled `token` would leave the port open: no key is passed over. */
function reportUnknown(value: Json, reader: ObjectReader): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const key of Object.keys(value)) {
    if (KEYS.includes(key) || isFreeKey(key)) continue
    reader.findings.add('error', reader.at(key), `unknown key '${key}'`, didYouMean(key, KEYS) ?? `it has ${KEYS.join(', ')}`)
  }
}

function readAddress(reader: ObjectReader): string {
  const address = reader.string('address', '') || DEFAULT_ADDRESS
  if (address === 'localhost' || isIP(address) !== 0) return address
  reader.findings.add('error', reader.at('address'), `invalid address ${address}`, 'give an IPv4 or IPv6 address, or "localhost"')
  return DEFAULT_ADDRESS
}

function readPort(reader: ObjectReader): number {
  const port = reader.integer('port', DEFAULT_PORT)
  if (port >= 0 && port <= 65_535) return port
  reader.findings.add('error', reader.at('port'), `invalid port ${port}`, 'give a number from 1 to 65535')
  return DEFAULT_PORT
}

/** Returns '' for no token. */
function readToken(reader: ObjectReader): string {
  const token = reader.raw('token')
  if (token === undefined) return ''
  if (typeof token !== 'string' || token.trim() === '') {
    reader.findings.add(
      'fatal',
      reader.at('token'),
      'the token of the admin port is empty or no string',
      'give a text, or remove it'
    )
    return ''
  }
  if (/[^\x21-\x7e]/.test(token)) {
    const message =
      'the token of the admin port has a blank, a line break or another character that no `Authorization` field carries'
    reader.findings.add('fatal', reader.at('token'), message, 'make one with `openssl rand -hex 16`')
  }
  return token
}
