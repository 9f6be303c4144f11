/** The options of `redis`: connections and clusters by name, as KrakenD Enterprise names them. */

import type { OptionReader } from 'sluice/plugin'
import { readTls, TLS_SCHEMA, type TlsSettings } from './tls.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Where a connection leads. */
export type Target =
  | { readonly kind: 'server'; readonly address: Address; readonly database: number }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly Address[]
      readonly master: string
      readonly database: number
      readonly login: Login
    }
  | { readonly kind: 'cluster'; readonly addresses: readonly Address[]; readonly maxRedirects: number }

export interface Login {
  readonly user: string
  readonly password: string
}

/** One named connection. */
export interface PoolOptions {
  readonly name: string
  readonly target: Target
  readonly login: Login
  readonly clientName: string
  readonly dialTimeoutMs: number
  /** ms that a question may take. */
  readonly timeoutMs: number
  readonly tls: TlsSettings | undefined
}

const DEFAULT_PORT = 6379
const DIAL_TIMEOUT_MS = 5000
const DECISION_TIMEOUT_MS = 50
/** ms; Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647

const noEffect = (type: 'string' | 'integer') =>
  ({ type, description: 'Accepted and without effect: one connection carries all questions' }) as const

const COMMON = {
  name: { type: 'string', description: 'What other components call this connection' },
  user_name: { type: 'string', description: 'The user, for servers with access lists' },
  password: { type: 'string', description: 'The password' },
  client_name: { type: 'string', description: 'How the connection is called in CLIENT LIST' },
  dial_timeout: { type: 'string', default: '5s', description: 'How long connecting may take' },
  timeout: { type: 'string', default: '50ms', description: 'How long a question may take; then it counts as failed (Sluice)' },
  tls: TLS_SCHEMA,
  pool_size: noEffect('integer'),
  pool_timeout: noEffect('string'),
  min_idle_conns: noEffect('integer'),
  max_idle_conns: noEffect('integer'),
  max_active_conns: noEffect('integer'),
  conn_max_idle_time: noEffect('string'),
  conn_max_life_time: noEffect('string'),
  max_retries: noEffect('integer'),
  min_retry_backoff: noEffect('string'),
  max_retry_backoff: noEffect('string'),
  opentelemetry: { type: 'object', description: 'Accepted and without effect: questions have no spans of their own' }
} as const

const ADDRESSES = { type: 'array', items: { type: 'string' }, minItems: 1, description: 'host:port of each' } as const

export const REDIS_SCHEMA = {
  type: 'object',
  description: 'Connections to Redis or Valkey, by the names that other components use',
  properties: {
    connection_pools: {
      type: 'array',
      description: 'Connections to one server each',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          ...COMMON,
          address: { type: 'string', description: 'host:port of the server' },
          db: { type: 'integer', minimum: 0, default: 0, description: 'The number of the database' },
          sentinel: {
            type: 'object',
            required: ['master', 'addresses'],
            description: 'In place of `address`: sentinels that know the server (Sluice)',
            properties: {
              master: { type: 'string', description: 'The name of the group' },
              addresses: ADDRESSES,
              user_name: { type: 'string', description: 'The user of the sentinels' },
              password: { type: 'string', description: 'The password of the sentinels' }
            },
            additionalProperties: false
          }
        },
        additionalProperties: false
      }
    },
    clusters: {
      type: 'array',
      description: 'Connections to a cluster each',
      items: {
        type: 'object',
        required: ['name', 'addresses'],
        properties: {
          ...COMMON,
          addresses: ADDRESSES,
          max_redirects: { type: 'integer', minimum: 0, default: 3, description: 'Most redirections of one question' }
        },
        additionalProperties: false
      }
    }
  },
  additionalProperties: false
} as const

/** Reads all connections; what cannot be honoured is reported with its place. `reads` takes each file that is read. */
export function readPools(options: OptionReader, reads: Reads): readonly PoolOptions[] {
  const pools = (options.has('connection_pools') ? options.objects('connection_pools') : []).map(reader =>
    readPool(reader, reads)
  )
  const clusters = (options.has('clusters') ? options.objects('clusters') : []).map(reader => readCluster(reader, reads))
  const all = [...pools, ...clusters]
  const names = all.map(({ pool }) => pool.name)
  for (const [index, { pool, reader }] of all.entries()) {
    if (pool.name === '') reader.fail('/name', 'a connection needs a name')
    if (names.indexOf(pool.name) !== index) reader.fail('/name', `there is a connection '${pool.name}' already`)
  }
  return all.map(({ pool }) => pool)
}

/** Takes each file that is read. */
type Reads = (file: string) => void

interface Read {
  readonly pool: PoolOptions
  readonly reader: OptionReader
}

function readPool(reader: OptionReader, reads: Reads): Read {
  const sentinel = reader.object('sentinel')
  const database = reader.count('db', 0)
  if (sentinel !== undefined) {
    const master = sentinel.text('master')
    if (master === '') sentinel.fail('/master', 'the sentinels need the name of the group')
    const target = { kind: 'sentinel', sentinels: readAddresses(sentinel), master, database, login: readLogin(sentinel) } as const
    return { pool: withCommon(reader, target, reads), reader }
  }
  const text = reader.text('address')
  const address = parseAddress(text)
  if (address === undefined) return reader.fail('/address', `'${text}' is no address: write host:port`)
  return { pool: withCommon(reader, { kind: 'server', address, database }, reads), reader }
}

function readCluster(reader: OptionReader, reads: Reads): Read {
  const target = { kind: 'cluster', addresses: readAddresses(reader), maxRedirects: reader.count('max_redirects', 3) } as const
  return { pool: withCommon(reader, target, reads), reader }
}

function readAddresses(reader: OptionReader): readonly Address[] {
  const texts = reader.texts('addresses')
  if (texts.length === 0) reader.fail('/addresses', 'expected at least one host:port')
  return texts.map(
    (text, index) => parseAddress(text) ?? reader.fail(`/addresses/${index}`, `'${text}' is no address: write host:port`)
  )
}

function readLogin(reader: OptionReader): Login {
  return { user: reader.text('user_name'), password: reader.text('password') }
}

function withCommon(reader: OptionReader, target: Target, reads: Reads): PoolOptions {
  const tls = reader.object('tls')
  return {
    name: reader.text('name'),
    target,
    login: readLogin(reader),
    clientName: reader.text('client_name'),
    dialTimeoutMs: readTime(reader, 'dial_timeout', DIAL_TIMEOUT_MS),
    timeoutMs: readTime(reader, 'timeout', DECISION_TIMEOUT_MS),
    tls: tls && readTls(tls, reads)
  }
}

function readTime(reader: OptionReader, key: string, absent: number): number {
  const ms = reader.durationMs(key, absent)
  if (ms <= 0 || ms > LONGEST_TIMER_MS) reader.fail(`/${key}`, 'expected a duration above zero and under 24 days')
  return ms
}

/** Reads `host:port`, `host` and `[::1]:6379`; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]@]+))(?::(\d{1,5}))?$/i.exec(text)
  if (parts === null) return undefined
  const port = parts[3] === undefined ? DEFAULT_PORT : Number(parts[3])
  return port >= 1 && port <= 65_535 ? { host: (parts[1] ?? parts[2])!, port } : undefined
}
