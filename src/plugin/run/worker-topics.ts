/**
 * The worker's half of shared topics: what one worker of `sluice run --workers` publishes is applied by all of them, in one order.
 *
 * The primary is the other half (`cli/workers/topic-hub.ts`). It numbers the messages and keeps them for workers that start later.
 */

import cluster from 'node:cluster'
import { workerPlace } from '../../identity.js'
import type { JoinedTopic, WorkerText, WorkerTopic, WorkerTopics } from '../component.js'
import type { ToTextHub } from './text-messages.js'
import type { ToHub, ToWorker } from './topic-messages.js'
import { WorkerTexts } from './worker-texts.js'

/** ms until a primary that does not answer counts as none: other programs run workers too. */
const PRIMARY_MS = 10_000

/** What connects a worker with its primary: `process` in a worker. */
export interface TopicChannel {
  send?(message: ToHub | ToTextHub): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
}

type Reply = Extract<ToWorker, { act: 'state' | 'names' | 'published' }>

export class WorkerSideTopics implements WorkerTopics {
  readonly place = workerPlace() ?? 1
  private readonly channel: TopicChannel
  private readonly texts: WorkerTexts
  private readonly joined = new Map<string, TopicMember>()
  private readonly calls = new Map<number, (reply: Reply) => void>()
  private lastCall = 0
  private listening = false

  constructor(channel: TopicChannel) {
    this.channel = channel
    this.texts = new WorkerTexts(channel)
  }

  offer(name: string, make: () => string | Promise<string>): () => void {
    return this.texts.offer(name, make)
  }

  gather(name: string): Promise<readonly WorkerText[]> {
    return this.texts.gather(name)
  }

  async names(prefix: string): Promise<readonly string[]> {
    const reply = await this.ask(call => ({ kind: 'topic', act: 'names', call, prefix }))
    return reply.act === 'names' ? reply.names : []
  }

  async join(name: string, topic: WorkerTopic): Promise<JoinedTopic> {
    const joined = new TopicMember(name, topic, message => this.send(message))
    this.joined.set(name, joined)
    const state = await this.ask(call => ({ kind: 'topic', act: 'join', call, topic: name }))
    if (state.act === 'state') await joined.start(state)
    return {
      publish: message => this.publish(name, message),
      leave: () => {
        this.joined.delete(name)
        this.send({ kind: 'topic', act: 'leave', topic: name })
      }
    }
  }

  private async publish(topic: string, message: Uint8Array): Promise<void> {
    const reply = await this.ask(call => ({ kind: 'topic', act: 'publish', call, topic, message }), Number.POSITIVE_INFINITY)
    if (reply.act === 'published' && reply.missing > 0) throw new Error(`${reply.missing} worker(s) did not take it in time`)
  }

  /** @rejects Error when the primary does not answer in time */
  private ask(make: (call: number) => ToHub, limitMs = PRIMARY_MS): Promise<Reply> {
    this.listen()
    const call = ++this.lastCall
    return new Promise((resolve, reject) => {
      const timer = Number.isFinite(limitMs)
        ? setTimeout(() => {
            this.calls.delete(call)
            reject(new Error('the primary process shares nothing among its workers: only that of `sluice run --workers` does'))
          }, limitMs)
        : undefined
      this.calls.set(call, reply => {
        clearTimeout(timer)
        resolve(reply)
      })
      this.send(make(call))
    })
  }

  private send(message: ToHub): void {
    this.channel.send?.(message)
  }

  private listen(): void {
    if (this.listening) return
    this.listening = true
    this.channel.on('message', message => {
      if ((message as ToWorker | undefined)?.kind === 'topic') this.heard(message as ToWorker)
    })
  }

  private heard(message: ToWorker): void {
    switch (message.act) {
      case 'apply':
      case 'snapshot':
        this.joined.get(message.topic)?.take(message)
        break
      default: {
        const answer = this.calls.get(message.call)
        this.calls.delete(message.call)
        answer?.(message)
      }
    }
  }
}

/** One topic of this worker: messages are applied one after the other. */
class TopicMember {
  private readonly name: string
  private readonly topic: WorkerTopic
  private readonly send: (message: ToHub) => void
  private last: Promise<void>
  private started!: () => void

  constructor(name: string, topic: WorkerTopic, send: (message: ToHub) => void) {
    this.name = name
    this.topic = topic
    this.send = send
    // what comes right behind the state waits for it
    this.last = new Promise(resolve => {
      this.started = resolve
    })
  }

  /** Applies what was published before. @rejects the error of the topic */
  async start({ ageMs, entries }: Extract<ToWorker, { act: 'state' }>): Promise<void> {
    this.topic.begin(ageMs)
    for (const entry of entries) await this.topic.apply(entry.message, entry.ageMs)
    this.started()
  }

  take(message: Extract<ToWorker, { act: 'apply' | 'snapshot' }>): void {
    const { name: topic, send } = this
    const { number } = message
    this.last = this.last.then(async () => {
      if (message.act === 'snapshot') {
        send({ kind: 'topic', act: 'snapshot', topic, number, message: await this.topic.snapshot() })
        return
      }
      await this.topic.apply(message.message, 0)
      send({ kind: 'topic', act: 'applied', topic, number })
    })
    // a message that cannot be applied is not confirmed: who published it is told
    this.last = this.last.catch(() => undefined)
  }
}

let own: WorkerTopics | undefined

/** Returns what this process shares with other workers; undefined when it is no worker. */
export function workerTopics(): WorkerTopics | undefined {
  if (!cluster.isWorker) return undefined
  own ??= new WorkerSideTopics(process as TopicChannel)
  return own
}
