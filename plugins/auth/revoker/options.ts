/** The options of `auth/revoker`: their schema, and reading them. */

import { isIP } from 'node:net'
import type { OptionReader } from 'sluice/plugin'
import { texts } from '../../_shared/option-types.js'
import { bytesOf, filterSize, MAX_FILTER_BYTES } from './filter-size.js'
import { HASH_NAMES, type HashName } from './positions.js'
import type { FilterForm } from './sliding-filter.js'

const address = {
  type: 'string',
  default: '127.0.0.1',
  description: 'Address to listen on; "0.0.0.0" and "::" are all addresses'
} as const
/** Enterprise: KrakenD's open edition ignores these too. */
const ENTERPRISE = [
  'revoke_server_ping_url',
  'revoke_server_ping_interval',
  'revoke_server_api_key',
  'revoke_server_max_workers',
  'revoke_server_max_retries'
] as const

export const REVOKER_SCHEMA = {
  type: 'object',
  description: 'Refuses tokens that were revoked, in endpoints with auth/validator',
  properties: {
    N: { type: 'integer', minimum: 1, description: 'How many elements the filter is made for' },
    P: {
      type: 'number',
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'How often a token that is not revoked may be refused'
    },
    hash_name: { enum: HASH_NAMES, description: 'How elements become bits; `optimal` is the faster one' },
    TTL: { type: 'integer', minimum: 1, description: 'Seconds; an element is forgotten after two to three times this' },
    port: { type: 'integer', minimum: 0, maximum: 65535, default: 0, description: 'TCP port of the RPC of Go; 0 = none' },
    listen_ip: address,
    token_keys: texts('Claims that are looked for: an element is the name of the claim, a hyphen and its value'),
    connection_name: {
      type: 'string',
      description: 'What one gateway revokes all others know, by a connection or cluster in the `redis` of the service (Sluice)'
    },
    on_failure_allow: {
      type: 'boolean',
      default: false,
      description: 'Accepts tokens while it is not known what other gateways have revoked (Sluice)'
    },
    headers: texts('Read and not used, as in KrakenD'),
    http: {
      type: 'object',
      description: 'The same over plain HTTP, on a port of its own',
      properties: {
        port: { type: 'integer', minimum: 1, maximum: 65535, description: 'TCP port' },
        listen_ip: address,
        token: {
          type: 'string',
          minLength: 16,
          description: 'What callers send as `Authorization: Bearer …`; needed on addresses of the network'
        }
      },
      required: ['port'],
      additionalProperties: false
    },
    ...Object.fromEntries(ENTERPRISE.map(key => [key, { description: 'KrakenD Enterprise; not used' }]))
  },
  required: ['N', 'P', 'hash_name', 'TTL'],
  additionalProperties: false
} as const

/** A port and its address. */
export interface PortOptions {
  readonly host: string
  readonly port: number
}

export interface RevokerOptions {
  readonly form: FilterForm
  readonly ttlSeconds: number
  readonly tokenKeys: readonly string[]
  readonly rpc: PortOptions | undefined
  readonly http: (PortOptions & { readonly token: string }) | undefined
}

/** s; more does not fit where KrakenD keeps durations. */
const MAX_TTL_SECONDS = 9_223_372_036
const MIN_TOKEN_CHARS = 16

/** Reads the options; each fault stops the start. What does nothing is a warning. */
export function readRevokerOptions(reader: OptionReader): RevokerOptions {
  const form = readForm(reader)
  const ttlSeconds = reader.count('TTL', 0)
  if (ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS)
    reader.fail(placeOf('TTL', reader), 'TTL: expected a number of seconds from 1')
  const tokenKeys = reader.texts('token_keys')
  const rpc = { port: reader.count('port', 0), host: readAddress(reader) }
  const http = readHttp(reader)
  if (rpc.port > 65535) reader.fail('/port', 'expected a port up to 65535')
  warn(reader, tokenKeys, rpc.port > 0 || http !== undefined || reader.has('connection_name'))
  return { form, ttlSeconds, tokenKeys, rpc: rpc.port === 0 ? undefined : rpc, http }
}

function readForm(reader: OptionReader): FilterForm {
  const n = reader.count('N', 0)
  if (n < 1) reader.fail(placeOf('N', reader), 'N: expected the number of elements, from 1')
  const p = reader.amount('P', 0)
  if (!(p > 0 && p < 1)) reader.fail(placeOf('P', reader), 'P: expected a rate between 0 and 1, such as 0.0000001')
  const hash = reader.text('hash_name')
  if (!HASH_NAMES.includes(hash as HashName))
    reader.fail(placeOf('hash_name', reader), `hash_name: expected one of ${HASH_NAMES.join(', ')}`)
  const bytes = bytesOf(filterSize(n, p))
  if (bytes > MAX_FILTER_BYTES)
    reader.fail(
      '/N',
      `N ${n} and P ${p} need three filters of ${inMib(bytes)} MiB, at most ${inMib(MAX_FILTER_BYTES)} MiB each are allowed`
    )
  return { n, p, hash: hash as HashName }
}

/** A key that is absent is told at the object, where the schema tells it too. */
function placeOf(key: string, reader: OptionReader): string {
  return reader.has(key) ? `/${key}` : ''
}

/** bytes as MiB, rounded up. */
export function inMib(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}

function readAddress(reader: OptionReader): string {
  const text = reader.text('listen_ip') || '127.0.0.1'
  if (isIP(text) === 0) reader.fail('/listen_ip', `${JSON.stringify(text)} is not an IP address`)
  return text
}

function readHttp(reader: OptionReader): RevokerOptions['http'] {
  const own = reader.object('http')
  if (own === undefined) return undefined
  const port = own.count('port', 0)
  if (port < 1 || port > 65535) own.fail('/port', 'expected a port from 1 to 65535')
  const host = readAddress(own)
  const token = own.text('token')
  if (token === '' && !isLoopback(host))
    own.fail('/token', `${host} can be reached from the network: give a token that callers send as "Authorization: Bearer …"`)
  if (token !== '' && token.length < MIN_TOKEN_CHARS) own.fail('/token', `expected at least ${MIN_TOKEN_CHARS} characters`)
  return { port, host, token }
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

function warn(reader: OptionReader, tokenKeys: readonly string[], open: boolean): void {
  const tell = (pointer: string, message: string): void => reader.report(pointer, message, 'warning')
  if (reader.texts('headers').length > 0)
    tell('/headers', "'headers' revoke nothing, in KrakenD neither: only claims of tokens do")
  if (tokenKeys.length === 0) tell('/token_keys', 'without claims in token_keys no token is ever revoked')
  else if (!open) tell('/port', 'none of port, http and connection_name is given: nothing can revoke a token')
  const used = ENTERPRISE.filter(key => reader.has(key))
  if (used.length > 0)
    tell(
      `/${used[0]!}`,
      'the revoke server is of KrakenD Enterprise and is not asked; send what is revoked to `port` or `http` of each gateway'
    )
}
