import type { Owned, WorkOwner } from './blame.js'

/** Which plugin gave a body which stage or stream, so that the one that fails is named. In the order in which they came. */
export class StageOwnership {
  private readonly given: Owned[] = []
  /** So many of them have been claimed. */
  private claimed = 0

  note(one: Owned): void {
    this.given.push(one)
  }

  /** Stages or streams came since the last {@link claim}. */
  get unclaimed(): boolean {
    return this.given.length !== this.claimed
  }

  /** Gives an owner to what came since the last call; undefined = the gateway itself. */
  claim(owner: WorkOwner | undefined): void {
    for (; this.claimed < this.given.length; this.claimed++) this.given[this.claimed]!.owner = owner
  }
}
