/** Connections by the package `ioredis`, which is imported when `redis` is configured. */

import { createHash } from 'node:crypto'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { type BatchScript, ConnectionLost, type RedisClient } from '../_shared/redis/link.js'
import { Backoff } from './backoff.js'
import type { PoolOptions } from './options.js'
import { Subscriber } from './subscriber.js'

export type RedisPackage = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>

/** Replies have the shapes of RESP 2. */
type Settings = RedisOptions & { replyMapping?: 'legacy'; disconnectTimeout?: number }

/** @throws Error saying what to install */
export async function importPackage(): Promise<RedisPackage> {
  try {
    return await import('ioredis')
  } catch (cause) {
    throw new Error('needs one more package beside the gateway: npm install ioredis', { cause })
  }
}

/** ms that the server has to close a connection that is given up. */
const GOODBYE_MS = 100

/** A question belongs to one connection: what was under way when it broke may have been counted, and is not asked again. */
const ASK_ONCE = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 } as const

/** Makes a client, which connects with its first question. */
export function openClient(lib: RedisPackage, pool: PoolOptions, failed: (error: Error) => void): RedisClient {
  const { target } = pool
  const connection = target.kind === 'cluster' ? makeCluster(lib, pool) : new lib.Redis(redisOptions(pool))
  limitHandshake(connection, pool.dialTimeoutMs)
  const client = new IoredisClient(connection, pool, failed)
  connection.on('error', (error: Error) => {
    failed(inPlainWords(error))
    // from here on, each question would get the answer to the one before it
    if (UNASKED.test(error.message)) client.reconnect()
  })
  return client
}

/** Gives up a connection whose server does not end the login within the time. */
function limitHandshake(connection: Redis | Cluster, ms: number): void {
  let timer: NodeJS.Timeout | undefined
  const end = (): void => clearTimeout(timer)
  connection.on('connect', () => {
    timer = setTimeout(() => connection.disconnect(true), ms)
    timer.unref()
  })
  connection.on('ready', end)
  connection.on('close', end)
}

/** An answer that belongs to no question. */
const UNASKED = /^Command queue state error/

const CLOSED = /^Stream isn't writeable|^Connection is closed|^Command aborted|^Reached the max retries/
const NO_REDIS = /^Unknown RESP type|^Maximum call stack|^Protocol error/

/** Says for operators what the library says for its developers. */
function inPlainWords(error: Error): Error {
  const { message } = error
  if (CLOSED.test(message)) return new ConnectionLost('the connection was closed', { cause: error })
  if (UNASKED.test(message)) return new Error('the server sends what was not asked for', { cause: error })
  return NO_REDIS.test(message) ? new Error('the server does not speak as a Redis does', { cause: error }) : error
}

function common(pool: PoolOptions): Settings {
  const { login, clientName, tls } = pool
  return {
    ...ASK_ONCE,
    // every server knows it; nothing here needs more
    protocol: 2,
    connectTimeout: pool.dialTimeoutMs,
    // a login or a subscription that is never answered
    socketTimeout: pool.dialTimeoutMs,
    disconnectTimeout: GOODBYE_MS,
    enableReadyCheck: true,
    ...(login.user === '' ? {} : { username: login.user }),
    ...(login.password === '' ? {} : { password: login.password }),
    ...(clientName === '' ? {} : { connectionName: clientName }),
    ...(tls === undefined ? {} : { tls })
  }
}

function redisOptions(pool: PoolOptions): Settings {
  const { target, tls } = pool
  const options = { ...common(pool), lazyConnect: true, enableOfflineQueue: false, retryStrategy: new Backoff().next }
  if (target.kind === 'server') return { ...options, ...target.address, db: target.database }
  if (target.kind !== 'sentinel') return options
  const { user, password } = target.login
  return {
    ...options,
    sentinels: [...target.sentinels],
    name: target.master,
    db: target.database,
    sentinelRetryStrategy: new Backoff().next,
    ...(user === '' ? {} : { sentinelUsername: user }),
    ...(password === '' ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true })
  }
}

function makeCluster(lib: RedisPackage, pool: PoolOptions): Cluster {
  const { target } = pool
  if (target.kind !== 'cluster') throw new TypeError('no cluster')
  return new lib.Cluster([...target.addresses], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: new Backoff().next,
    maxRedirections: target.maxRedirects,
    slotsRefreshTimeout: pool.dialTimeoutMs,
    redisOptions: common(pool)
  })
}

const hashes = new Map<BatchScript, string>()

function hashOf(script: BatchScript): string {
  const known = hashes.get(script)
  if (known !== undefined) return known
  const hash = createHash('sha1').update(script.source).digest('hex')
  hashes.set(script, hash)
  return hash
}

class IoredisClient implements RedisClient {
  private readonly connection: Redis | Cluster
  private readonly pool: PoolOptions
  private readonly failed: (error: Error) => void
  private connecting: Promise<void> | undefined
  private subscriber: Subscriber | undefined

  constructor(connection: Redis | Cluster, pool: PoolOptions, failed: (error: Error) => void) {
    this.connection = connection
    this.pool = pool
    this.failed = failed
  }

  ready(): Promise<unknown> | undefined {
    const { connection } = this
    if (connection.status === 'ready') {
      this.connecting = undefined
      return undefined
    }
    if (connection.status === 'wait') this.connecting = connection.connect().catch(plainly)
    // the first connection is waited for; later the library makes new ones by itself
    return this.connecting ?? Promise.reject(new ConnectionLost('no connection'))
  }

  async run(script: BatchScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const { connection } = this
    const hash = hashOf(script)
    try {
      return await connection.evalsha(hash, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw inPlainWords(error as Error)
      return connection.eval(script.source, keys.length, ...keys, ...args).catch(plainly)
    }
  }

  get(key: string): Promise<Buffer | null> {
    return this.connection.getBuffer(key).catch(plainly)
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<unknown> {
    return this.connection.set(key, value, 'PX', Math.max(1, Math.ceil(ttlMs))).catch(plainly)
  }

  delete(key: string): Promise<unknown> {
    return this.connection.del(key).catch(plainly)
  }

  publish(channel: string, message: Buffer): Promise<unknown> {
    return this.connection.publish(channel, message).catch(plainly)
  }

  subscribe(channel: string, listener: (message: Buffer) => void): () => void {
    this.subscriber ??= new Subscriber(this.secondConnection(), error => this.failed(inPlainWords(error)))
    return this.subscriber.add(channel, listener)
  }

  reconnect(): void {
    if (this.connection.status === 'ready' || this.connection.status === 'connect') this.connection.disconnect(true)
  }

  close(): void {
    this.connection.disconnect()
    this.subscriber?.close()
  }

  private secondConnection(): Redis | Cluster {
    const { connection } = this
    const wait = new Backoff().next
    const second =
      'nodes' in connection
        ? connection.duplicate(undefined, { clusterRetryStrategy: wait })
        : connection.duplicate({ retryStrategy: wait, autoResubscribe: false })
    limitHandshake(second, this.pool.dialTimeoutMs)
    return second
  }
}

function plainly(error: Error): never {
  throw inPlainWords(error)
}
