/** Connections by the package `ioredis`, which is imported when `redis` is configured. */

import { createHash } from 'node:crypto'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { BatchScript, RedisClient } from '../_shared/redis/link.js'
import type { PoolOptions } from './options.js'

export type RedisPackage = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>

/** Replies have the shapes of RESP 2. */
type Settings = RedisOptions & { replyMapping?: 'legacy' }

/** @throws Error saying what to install */
export async function importPackage(): Promise<RedisPackage> {
  try {
    return await import('ioredis')
  } catch (cause) {
    throw new Error('needs one more package beside the gateway: npm install ioredis', { cause })
  }
}

const LONGEST_WAIT_MS = 1000

/** ms until the next attempt to connect; spread, so that many gateways do not come back at once. */
function waitMs(attempt: number): number {
  return Math.min(LONGEST_WAIT_MS, 25 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
}

/** A question belongs to one connection: what was under way when it broke may have been counted, and is not asked again. */
const ASK_ONCE = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 } as const

/** Makes a client, which connects with its first question. */
export function openClient(lib: RedisPackage, pool: PoolOptions, failed: (error: Error) => void): RedisClient {
  const { target } = pool
  const connection = target.kind === 'cluster' ? makeCluster(lib, pool) : new lib.Redis(redisOptions(pool))
  connection.on('error', failed)
  return new IoredisClient(connection, failed)
}

function common(pool: PoolOptions): Settings {
  const { login, clientName, tls } = pool
  return {
    ...ASK_ONCE,
    // every server knows it; nothing here needs more
    protocol: 2,
    connectTimeout: pool.dialTimeoutMs,
    enableReadyCheck: true,
    ...(login.user === '' ? {} : { username: login.user }),
    ...(login.password === '' ? {} : { password: login.password }),
    ...(clientName === '' ? {} : { connectionName: clientName }),
    ...(tls === undefined ? {} : { tls })
  }
}

function redisOptions(pool: PoolOptions): Settings {
  const { target, tls } = pool
  const options = { ...common(pool), lazyConnect: true, enableOfflineQueue: false, retryStrategy: waitMs }
  if (target.kind === 'server') return { ...options, ...target.address, db: target.database }
  if (target.kind !== 'sentinel') return options
  const { user, password } = target.login
  return {
    ...options,
    sentinels: [...target.sentinels],
    name: target.master,
    db: target.database,
    sentinelRetryStrategy: waitMs,
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
    clusterRetryStrategy: waitMs,
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
  private readonly failed: (error: Error) => void
  private connecting: Promise<void> | undefined
  private subscriber: Redis | Cluster | undefined

  constructor(connection: Redis | Cluster, failed: (error: Error) => void) {
    this.connection = connection
    this.failed = failed
  }

  ready(): Promise<unknown> | undefined {
    const { connection } = this
    if (connection.status === 'ready') {
      this.connecting = undefined
      return undefined
    }
    if (connection.status === 'wait') this.connecting = connection.connect()
    // the first connection is waited for; later the library makes new ones by itself
    return this.connecting ?? Promise.reject(new Error('no connection'))
  }

  async run(script: BatchScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const { connection } = this
    const hash = hashOf(script)
    try {
      return await connection.evalsha(hash, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return connection.eval(script.source, keys.length, ...keys, ...args)
    }
  }

  get(key: string): Promise<Buffer | null> {
    return this.connection.getBuffer(key)
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<unknown> {
    return this.connection.set(key, value, 'PX', Math.max(1, Math.ceil(ttlMs)))
  }

  delete(key: string): Promise<unknown> {
    return this.connection.del(key)
  }

  publish(channel: string, message: Buffer): Promise<unknown> {
    return this.connection.publish(channel, message)
  }

  subscribe(channel: string, listener: (message: Buffer) => void): () => void {
    this.subscriber ??= this.openSubscriber()
    const { subscriber } = this
    const wanted = Buffer.from(channel)
    const onMessage = (from: Buffer, message: Buffer): void => {
      if (wanted.equals(from)) listener(message)
    }
    subscriber.on('messageBuffer', onMessage)
    // without a connection the library subscribes as soon as there is one
    subscriber.subscribe(channel).catch(this.failed)
    return () => {
      subscriber.off('messageBuffer', onMessage)
      if (subscriber.listenerCount('messageBuffer') === 0) subscriber.unsubscribe(channel).catch(() => undefined)
    }
  }

  reconnect(): void {
    if (this.connection.status === 'ready') this.connection.disconnect(true)
  }

  close(): void {
    this.connection.disconnect()
    this.subscriber?.disconnect()
  }

  private openSubscriber(): Redis | Cluster {
    const options = { enableOfflineQueue: true, maxRetriesPerRequest: null }
    const { connection } = this
    const own =
      'nodes' in connection ? connection.duplicate(undefined, { enableOfflineQueue: true }) : connection.duplicate(options)
    own.on('error', this.failed)
    own.connect().catch(() => undefined)
    return own
  }
}
