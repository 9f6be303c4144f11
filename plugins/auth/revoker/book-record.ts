import type { JoinedTopic, WorkerTopic, WorkerTopics } from 'sluice/plugin'
import { unmarshal } from './marshalled.js'
import type { Revocations } from './revocations.js'
import type { FilterForm } from './sliding-filter.js'
import { applyMessage, elementsMessage, filterMessage, snapshotMessage } from './worker-messages.js'

/** What names of topics begin with; the form follows. */
export const TOPIC_PREFIX = 'auth/revoker '

function topicOf({ n, p, hash }: FilterForm): string {
  return TOPIC_PREFIX + JSON.stringify({ n, p, hash })
}

/** The form that {@link topicOf} names. */
export function formIn(topic: string): FilterForm {
  return JSON.parse(topic.slice(TOPIC_PREFIX.length)) as FilterForm
}

/** Some workers have not taken what was revoked; they will, unless they end. */
export class NotEverywhere extends Error {
  override readonly name = 'NotEverywhere'
}

/** One filter of the book. With workers all of them have the same: what is added goes through the primary to each. */
export class BookRecord {
  readonly revocations: Revocations
  /** Configurations that add to it. */
  users = 0
  private topic: JoinedTopic | undefined
  private ttlSeconds = 0

  constructor(revocations: Revocations, ttlSeconds: number) {
    this.revocations = revocations
    this.turnEvery(ttlSeconds)
  }

  turnEvery(seconds: number): void {
    this.ttlSeconds = seconds
    this.revocations.turnEvery(seconds)
  }

  /** Takes over what workers know, once, and hears from now on what they add. @rejects Error when the primary does not answer */
  async share(workers: WorkerTopics): Promise<void> {
    const { revocations } = this
    const { filter } = revocations
    const member: WorkerTopic = {
      begin: ageMs => revocations.beginAgo(ageMs),
      async apply(message, ageMs) {
        revocations.catchUp(ageMs)
        await applyMessage(message, filter)
      },
      snapshot: () => snapshotMessage(filter, this.ttlSeconds)
    }
    if (this.topic !== undefined) return
    this.topic = await workers.join(topicOf(filter.form), member)
    revocations.catchUp(0)
  }

  async add(elements: readonly Uint8Array[]): Promise<void> {
    if (this.topic === undefined) await this.revocations.filter.addAll(elements)
    else if (elements.length > 0) await publish(this.topic, elementsMessage(elements))
  }

  async unite(marshalled: Uint8Array): Promise<void> {
    const { filter } = this.revocations
    const bits = await unmarshal(marshalled, filter)
    if (this.topic === undefined) await filter.unite(bits)
    else await publish(this.topic, filterMessage(marshalled))
  }

  /** Ends it; no worker needs what it held. */
  drop(): void {
    this.topic?.leave()
    this.revocations.close()
  }
}

async function publish(topic: JoinedTopic, message: Uint8Array): Promise<void> {
  try {
    await topic.publish(message)
  } catch (cause) {
    throw new NotEverywhere((cause as Error).message, { cause })
  }
}
