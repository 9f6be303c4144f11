/** What a limit has decided since the start. */
export class Tally {
  allowed = 0
  refused = 0

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
}
