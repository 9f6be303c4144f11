/**
 * A named connection to Redis, Valkey or a cluster of them. Scripts of one turn of the event loop go in one round trip. Each has a
 * deadline. A server that does not answer is left alone for a while.
 */

import type { ComponentContext, Logger } from 'sluice/plugin'
import { Outage } from './outage.js'

/**
 * A script that decides many cases at once. It gets one key for each case in KEYS and `args` values for each in ARGV. It returns one
 * answer for each, in the same order.
 */
export interface BatchScript<Answer = unknown> {
  /** Distinct among scripts; letters only. */
  readonly name: string
  /** Lua, as Redis 5 and later run it. */
  readonly source: string
  /** Values for each case. */
  readonly args: number
  /** Reads the answer to one case; undefined for what the script never returns, but a broken server or proxy may. */
  readonly read: (answer: unknown) => Answer | undefined
}

/** What is used of the client library. */
export interface RedisClient {
  /** Undefined when there is a connection; else a promise of one, which rejects when none is being made. */
  ready(): Promise<unknown> | undefined
  /** Runs a script of many cases. */
  run(script: BatchScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  get(key: string): Promise<Buffer | null>
  /** @param ttlMs how long it is kept */
  set(key: string, value: Buffer, ttlMs: number): Promise<unknown>
  delete(key: string): Promise<unknown>
  publish(channel: string, message: Buffer): Promise<unknown>
  /** Calls `listener` for each message of a channel, now and after every reconnection. @returns the end of it */
  subscribe(channel: string, listener: (message: Buffer) => void): () => void
  /** Drops the connection and makes a new one. */
  reconnect(): void
  close(): void
}

/** What a question was worth when no answer came in time. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable'
}

/** A question failed because its connection ended; why it did is said by `connectionFailed`. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

interface Case {
  readonly key: string
  readonly args: readonly (string | number)[]
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Most cases of one round trip: a script keeps others waiting while it runs. */
const MOST_CASES = 500
/** Trials in a row that fail before the connection itself is given up: a machine that vanished answers nothing, also later. */
const TRIALS_BEFORE_RECONNECT = 3
/** ms that a late answer may still take before the connection is given up: an answer without end would fill the memory. */
export const GIVE_UP_MS = 1000

export interface LinkOptions {
  readonly name: string
  readonly client: RedisClient
  /** ms until a question counts as failed. */
  readonly timeoutMs: number
  /** True for a cluster: the cases of one round trip lie on one server. */
  readonly cluster: boolean
  readonly logger: Logger
}

/** Counts since the start. */
export interface LinkCounts {
  questions: number
  failures: number
  /** Questions that were not asked because of an outage. */
  skipped: number
  roundTrips: number
}

/** What is known of the server: `away` when the last question failed. */
export type LinkState = 'not asked yet' | 'answers' | 'away'

/** Characters of an error that operators see. */
const LONGEST_ERROR = 200

export class RedisLink {
  readonly name: string
  readonly client: RedisClient
  readonly counts: LinkCounts = { questions: 0, failures: 0, skipped: 0, roundTrips: 0 }
  private readonly timeoutMs: number
  private readonly cluster: boolean
  private readonly logger: Logger
  private readonly outage = new Outage(() => performance.now())
  private readonly batches = new Map<string, { readonly script: BatchScript; cases: Case[] }>()
  private flushing: NodeJS.Immediate | undefined
  private failedTrials = 0
  /** Runs while an answer is late. */
  private givingUp: NodeJS.Timeout | undefined
  /** Why there is no connection, as the server or the network said it last: `WRONGPASS …`. */
  private connectionFault: string | undefined
  private state: LinkState = 'not asked yet'
  /** Cause and time of the last question that failed; '' = none has. */
  private lastError = ''

  constructor({ name, client, timeoutMs, cluster, logger }: LinkOptions) {
    this.name = name
    this.client = client
    this.timeoutMs = timeoutMs
    this.cluster = cluster
    this.logger = logger
  }

  /**
   * Asks a script about one case, together with all that ask it in this turn.
   * @param tag part of the key in braces; in a cluster, cases of one tag lie on one server
   * @throws RedisUnavailable when no answer comes within the time
   */
  decide<Answer>(script: BatchScript<Answer>, tag: string, key: string, args: readonly (string | number)[]): Promise<Answer> {
    this.counts.questions++
    return new Promise<Answer>((resolve, reject) => {
      const id = this.cluster ? `${script.name} ${tag}` : script.name
      const batch = this.batches.get(id) ?? { script, cases: [] }
      this.batches.set(id, batch)
      batch.cases.push({ key, args, resolve: resolve as (answer: unknown) => void, reject })
      if (batch.cases.length >= MOST_CASES) this.send(id)
      else this.flushing ??= setImmediate(() => this.flush())
    })
  }

  /**
   * Runs a question of another kind under the same rules.
   * @throws RedisUnavailable when no answer comes within the time
   */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T> {
    this.counts.questions++
    return this.within(() => question(this.client), 1)
  }

  /** Tells of a failure of the connection itself; questions that fail for want of one then name it. */
  connectionFailed(error: Error): void {
    this.logger.debug(`[SERVICE: Redis] ${this.name}: ${error.message}`)
    if (!(error instanceof ConnectionLost)) this.connectionFault = error.message
  }

  /** For the status page, of the connection itself. */
  facts(): Readonly<Record<string, string | number>> {
    const { questions, failures, skipped, roundTrips } = this.counts
    return {
      state: this.state,
      questions,
      round_trips: roundTrips,
      failed: failures,
      not_asked: skipped,
      last_error: this.lastError
    }
  }

  /** For the status page, of what is counted by this connection. */
  truth(): { readonly counted_in: string; readonly redis: LinkState } {
    return { counted_in: `redis ${this.name}`, redis: this.state }
  }

  close(): void {
    clearImmediate(this.flushing)
    clearTimeout(this.givingUp)
    for (const { cases } of this.batches.values())
      for (const one of cases) one.reject(new RedisUnavailable(`redis ${this.name}: the gateway is closing`))
    this.batches.clear()
    this.client.close()
  }

  private flush(): void {
    this.flushing = undefined
    for (const id of [...this.batches.keys()]) this.send(id)
  }

  private send(id: string): void {
    const batch = this.batches.get(id)
    if (batch === undefined) return
    this.batches.delete(id)
    const { script, cases } = batch
    const keys = cases.map(one => one.key)
    const args = cases.flatMap(one => one.args)
    const asked = async (): Promise<unknown[]> => readAll(script, await this.client.run(script, keys, args), cases.length)
    this.within(asked, cases.length).then(
      answers => {
        for (const [index, one] of cases.entries()) one.resolve(answers[index])
      },
      error => {
        for (const one of cases) one.reject(error)
      }
    )
  }

  /** Runs a question within the time, unless there is an outage. */
  private async within<T>(question: () => Promise<T>, cases: number): Promise<T> {
    if (!this.outage.mayAsk()) {
      this.counts.skipped += cases
      throw new RedisUnavailable(`redis ${this.name} does not answer`)
    }
    this.counts.roundTrips++
    const connecting = this.client.ready()
    let timer: NodeJS.Timeout | undefined
    let over = false
    let asked: Promise<T> | undefined
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const why = `no answer within ${this.timeoutMs} ms`
          if (asked !== undefined) this.giveUpUnlessAnswered(asked, why)
          reject(new Error(why))
        }, this.timeoutMs)
      })
      // a question that is late must not be counted once there is a connection
      asked = connecting === undefined ? question() : connecting.then(() => (over ? late : question()))
      const answer = await Promise.race([asked, late])
      this.failedTrials = 0
      this.connectionFault = undefined
      this.state = 'answers'
      if (this.outage.answered()) this.logger.info(`[SERVICE: Redis] ${this.name} answers again`)
      return answer
    } catch (cause) {
      this.counts.failures += cases
      const connected = connecting === undefined
      const lost = !connected || cause instanceof ConnectionLost
      const why = (lost && this.connectionFault) || (cause as Error).message
      this.fail(why, connected)
      throw new RedisUnavailable(`redis ${this.name}: ${why}`, { cause })
    } finally {
      over = true
      clearTimeout(timer)
    }
  }

  /** Lets a late answer end within {@link GIVE_UP_MS}, else drops the connection. */
  private giveUpUnlessAnswered(asked: Promise<unknown>, late: string): void {
    if (this.givingUp !== undefined) return
    const timer = setTimeout(() => {
      this.givingUp = undefined
      this.connectionFault = late
      this.client.reconnect()
    }, GIVE_UP_MS)
    this.givingUp = timer.unref()
    const answered = (): void => {
      clearTimeout(timer)
      if (this.givingUp === timer) this.givingUp = undefined
    }
    asked.then(answered, answered)
  }

  private fail(why: string, connected: boolean): void {
    this.state = 'away'
    this.lastError = `${new Date().toISOString().slice(0, 19)}Z ${why.slice(0, LONGEST_ERROR)}`
    if (this.outage.failed())
      this.logger.error(`[SERVICE: Redis] ${this.name} does not answer: ${why}; it is asked again once in a while`)
    if (!connected || ++this.failedTrials < TRIALS_BEFORE_RECONNECT) return
    this.failedTrials = 0
    this.client.reconnect()
  }
}

/** @throws Error when one of the answers is none of the script's */
function readAll(script: BatchScript, answers: unknown, cases: number): unknown[] {
  const all = Array.isArray(answers) ? answers.map(script.read) : []
  if (all.length !== cases || all.includes(undefined)) throw new Error('the server answers something else than the script')
  return all
}

const LINKS = 'redis links'

/** Tells the components that are compiled later which connections exist. */
export function setLinks(context: ComponentContext, links: ReadonlyMap<string, RedisLink>): void {
  context.shared.set(LINKS, links)
}

/** The connections of the service's `redis`, by name; empty without it. */
export function linksIn(context: ComponentContext): ReadonlyMap<string, RedisLink> {
  return (context.shared.get(LINKS) as ReadonlyMap<string, RedisLink> | undefined) ?? new Map()
}
