import { Revocations } from './revocations.js'
import type { FilterForm, SlidingFilter } from './sliding-filter.js'

/** What those who revoke can reach. */
export interface OpenBook {
  /** What is added to. */
  readonly filter: SlidingFilter
  /** True for what is revoked, in whichever filter it is. */
  has(element: Uint8Array): boolean
}

/** What one configuration has of the book. */
export interface BookEntry extends OpenBook {
  readonly revocations: Revocations
  /** Gives it back when the configuration ends. */
  leave(): void
}

/**
 * All that is revoked, over configurations. Those with the same form share a filter. Elements cannot move to a filter of another form, so
 * the former one is looked into until it has forgotten them all.
 */
export class RevocationBook {
  private readonly entries: { readonly revocations: Revocations; users: number }[] = []
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
    let entry = this.entries.find(({ revocations: { filter } }) => isSame(filter.form, form))
    if (entry === undefined) {
      entry = { revocations: new Revocations(form, { now: this.now, turned: () => this.sweep() }), users: 0 }
      entry.revocations.turnEvery(ttlSeconds)
      this.entries.push(entry)
    }
    const opened = entry
    opened.users++
    const leave = (): void => {
      opened.users--
      this.sweep()
    }
    return { revocations: opened.revocations, filter: opened.revocations.filter, has: element => this.has(element), leave }
  }

  has(element: Uint8Array): boolean {
    for (const { revocations } of this.entries) if (revocations.filter.has(element)) return true
    return false
  }

  /** Drops what no configuration uses and holds nothing. */
  private sweep(): void {
    for (const entry of [...this.entries]) {
      if (entry.users > 0 || entry.revocations.filter.fill > 0) continue
      entry.revocations.close()
      this.entries.splice(this.entries.indexOf(entry), 1)
    }
  }

  close(): void {
    for (const { revocations } of this.entries.splice(0)) revocations.close()
  }
}

function isSame(a: FilterForm, b: FilterForm): boolean {
  return a.n === b.n && a.p === b.p && a.hash === b.hash
}
