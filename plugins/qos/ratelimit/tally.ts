/** Where a limit is counted that shares nothing, for the status page. */
export const HERE = 'this process'

/** What a limit has decided since the start. */
export class Tally {
  allowed = 0
  refused = 0
  /** Decisions of a limit in Redis that were made without it; a request of them is allowed or refused as well. */
  unanswered = 0

  /** Counts a decision, and returns it. */
  count(allowed: boolean): boolean {
    if (allowed) this.allowed++
    else this.refused++
    return allowed
  }

  /** For the status page. */
  facts(): { readonly allowed: number; readonly refused: number } {
    return { allowed: this.allowed, refused: this.refused }
  }

  /** For the status page, of a limit in Redis. */
  sharedFacts(): { readonly allowed: number; readonly refused: number; readonly without_answer: number } {
    return { ...this.facts(), without_answer: this.unanswered }
  }
}
