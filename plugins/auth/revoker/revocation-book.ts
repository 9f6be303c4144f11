import type { WorkerTopics } from 'sluice/plugin'
import { BookRecord, formIn, TOPIC_PREFIX } from './book-record.js'
import { Revocations } from './revocations.js'
import type { FilterForm, SlidingFilter } from './sliding-filter.js'

/** What those who revoke can reach. */
export interface OpenBook {
  /** What is added to, by {@link add} and {@link unite}. */
  readonly filter: SlidingFilter
  /** True for what is revoked, in whichever filter it is. */
  has(element: Uint8Array): boolean
  /** Revokes elements, in all workers. @rejects NotEverywhere when a worker has not taken them in time */
  add(elements: readonly Uint8Array[]): Promise<void>
  /** Adds another filter, as bytes, in all workers. @rejects UnionRefused when it has another form, NotEverywhere as {@link add} */
  unite(marshalled: Uint8Array): Promise<void>
}

/** What one configuration has of the book. */
export interface BookEntry extends OpenBook {
  /** Sets the time between two turns. */
  turnEvery(seconds: number): void
  /** Holds from now on what all workers hold. @rejects Error when their primary does not answer */
  share(workers: WorkerTopics): Promise<void>
  /** Gives it back when the configuration ends. */
  leave(): void
}

/**
 * All that is revoked, over configurations. Those with the same form share a filter. Elements cannot move to a filter of another form, so
 * the former one is looked into until it has forgotten them all.
 */
export class RevocationBook {
  private readonly records: BookRecord[] = []
  private readonly now: (() => number) | undefined

  /** @param now ms that never go back. Default: those of the process */
  constructor(now?: () => number) {
    this.now = now
  }

  /**
   * Opens the filter of a form, or finds it. A new one forgets by `ttlSeconds`.
   * @throws RangeError when there is no memory for it
   */
  open(form: FilterForm, ttlSeconds: number): BookEntry {
    const record = this.record(form, ttlSeconds)
    record.users++
    return {
      filter: record.revocations.filter,
      has: element => this.has(element),
      add: elements => record.add(elements),
      unite: marshalled => record.unite(marshalled),
      turnEvery: seconds => record.turnEvery(seconds),
      share: workers => this.share(workers, ttlSeconds),
      leave: () => {
        record.users--
        this.sweep()
      }
    }
  }

  has(element: Uint8Array): boolean {
    for (const { revocations } of this.records) if (revocations.filter.has(element)) return true
    return false
  }

  private record(form: FilterForm, ttlSeconds: number): BookRecord {
    const known = this.records.find(({ revocations: { filter } }) => isSame(filter.form, form))
    if (known !== undefined) return known
    const record = new BookRecord(new Revocations(form, { now: this.now, turned: () => this.sweep() }), ttlSeconds)
    this.records.push(record)
    return record
  }

  /** Former filters are in the memory of other workers too, or of the primary alone. */
  private async share(workers: WorkerTopics, ttlSeconds: number): Promise<void> {
    for (const name of await workers.names(TOPIC_PREFIX)) this.record(formIn(name), ttlSeconds)
    for (const record of [...this.records]) await record.share(workers)
    this.sweep()
  }

  /** Drops what no configuration uses and holds nothing. */
  private sweep(): void {
    for (const record of [...this.records]) {
      if (record.users > 0 || record.revocations.filter.fill > 0) continue
      record.drop()
      this.records.splice(this.records.indexOf(record), 1)
    }
  }

  close(): void {
    for (const { revocations } of this.records.splice(0)) revocations.close()
  }
}

function isSame(a: FilterForm, b: FilterForm): boolean {
  return a.n === b.n && a.p === b.p && a.hash === b.hash
}
