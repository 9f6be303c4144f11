/**
 * The primary's half of shared topics: numbers what workers publish, hands it to all of them, and keeps it for those that start later.
 *
 * It never looks into messages. When they have become many, one worker writes a snapshot that stands for all of them.
 */

import type { ToHub, ToWorker } from '../../plugin/run/topic-messages.js'

/** bytes of messages that are kept before a snapshot is asked for; also as many as the last snapshot has. */
const KEPT_BYTES = 4 * 1024 * 1024
/** ms that workers may take to apply a message until who published it is told. */
const APPLY_MS = 10_000

/** A worker, as the hub sees it. */
export interface HubWorker {
  readonly id: number
  send(message: ToWorker): void
}

interface Entry {
  /** ms of {@link TopicHub.now}. */
  readonly at: number
  readonly message: Uint8Array
}

/** A message that not all workers have applied. */
interface Unapplied {
  readonly publisher: HubWorker
  readonly call: number
  readonly waiting: Set<number>
  readonly timer: NodeJS.Timeout
}

interface Topic {
  readonly since: number
  readonly members: Map<number, HubWorker>
  readonly unapplied: Map<number, Unapplied>
  entries: Entry[]
  /** bytes of the messages behind the snapshot. */
  bytes: number
  snapshotBytes: number
  /** The snapshot that was asked for. */
  wanted: { readonly from: number; readonly number: number; readonly entries: number } | undefined
  /** Number of the last message. */
  last: number
}

export class TopicHub {
  private readonly topics = new Map<string, Topic>()
  private readonly now: () => number

  /** @param now ms that never go back. Default: those of the process */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** Takes what a worker says. */
  heard(worker: HubWorker, message: ToHub): void {
    switch (message.act) {
      case 'names': {
        const names = [...this.topics.keys()].filter(name => name.startsWith(message.prefix))
        return worker.send({ kind: 'topic', act: 'names', call: message.call, names })
      }
      case 'join':
        return this.join(worker, message.topic, message.call)
      case 'publish':
        return this.publish(worker, message)
      case 'applied':
        return this.applied(message.topic, message.number, worker.id)
      case 'snapshot':
        return this.keepSnapshot(worker, message)
      case 'leave': {
        const topic = this.topics.get(message.topic)
        if (topic === undefined) return
        this.part(topic, worker.id)
        // the last worker that knew the topic needs it no more
        if (topic.members.size === 0) this.topics.delete(message.topic)
      }
    }
  }

  /** A worker has ended. What it knew is kept. */
  gone(id: number): void {
    for (const topic of this.topics.values()) this.part(topic, id)
  }

  private join(worker: HubWorker, name: string, call: number): void {
    const now = this.now()
    const topic = this.topics.get(name) ?? newTopic(now)
    this.topics.set(name, topic)
    topic.members.set(worker.id, worker)
    const entries = topic.entries.map(({ at, message }) => ({ ageMs: now - at, message }))
    worker.send({ kind: 'topic', act: 'state', call, ageMs: now - topic.since, entries })
  }

  private publish(worker: HubWorker, { topic: name, call, message }: Extract<ToHub, { act: 'publish' }>): void {
    const topic = this.topics.get(name)
    if (topic === undefined) return worker.send({ kind: 'topic', act: 'published', call, missing: 1 })
    const number = ++topic.last
    topic.entries.push({ at: this.now(), message })
    topic.bytes += message.length
    const timer = setTimeout(() => this.settle(topic, number), APPLY_MS)
    topic.unapplied.set(number, { publisher: worker, call, waiting: new Set(topic.members.keys()), timer })
    for (const member of topic.members.values()) member.send({ kind: 'topic', act: 'apply', topic: name, number, message })
    if (topic.bytes > Math.max(KEPT_BYTES, topic.snapshotBytes)) this.wantSnapshot(name, topic)
  }

  private applied(name: string, number: number, id: number): void {
    const topic = this.topics.get(name)
    const state = topic?.unapplied.get(number)
    state?.waiting.delete(id)
    if (topic !== undefined && state?.waiting.size === 0) this.settle(topic, number)
  }

  /** Tells who published a message how many workers lack it. */
  private settle(topic: Topic, number: number): void {
    const { publisher, call, waiting, timer } = topic.unapplied.get(number)!
    clearTimeout(timer)
    topic.unapplied.delete(number)
    publisher.send({ kind: 'topic', act: 'published', call, missing: waiting.size })
  }

  private part(topic: Topic, id: number): void {
    topic.members.delete(id)
    if (topic.wanted?.from === id) topic.wanted = undefined
    for (const [number, { waiting }] of topic.unapplied) {
      waiting.delete(id)
      if (waiting.size === 0) this.settle(topic, number)
    }
  }

  private wantSnapshot(name: string, topic: Topic): void {
    const [member] = topic.members.values()
    if (member === undefined || topic.wanted !== undefined) return
    topic.wanted = { from: member.id, number: topic.last, entries: topic.entries.length }
    member.send({ kind: 'topic', act: 'snapshot', topic: name, number: topic.last })
  }

  /** The snapshot takes the place of what was published before it was asked for. */
  private keepSnapshot(worker: HubWorker, { topic: name, number, message }: Extract<ToHub, { act: 'snapshot' }>): void {
    const topic = this.topics.get(name)
    if (topic?.wanted?.from !== worker.id || topic.wanted.number !== number) return
    const later = topic.entries.slice(topic.wanted.entries)
    topic.wanted = undefined
    topic.entries = [{ at: this.now(), message }, ...later]
    topic.snapshotBytes = message.length
    topic.bytes = later.reduce((sum, one) => sum + one.message.length, 0)
  }
}

function newTopic(since: number): Topic {
  return {
    since,
    members: new Map(),
    unapplied: new Map(),
    entries: [],
    bytes: 0,
    snapshotBytes: 0,
    wanted: undefined,
    last: 0
  }
}
