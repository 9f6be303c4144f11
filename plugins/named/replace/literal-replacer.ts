import type { ByteStage } from 'sluice/plugin'

/** Literal byte strings and what takes their place; shared by all bodies. */
export class Replacements {
  readonly searches: readonly Buffer[]
  readonly values: readonly Buffer[]
  /** Bytes of the longest search string. */
  readonly longest: number

  /** Longer strings win over shorter ones that begin at the same byte. */
  constructor(pairs: readonly (readonly [search: string, value: string])[]) {
    const sorted = pairs.map(([search, value]) => [Buffer.from(search), Buffer.from(value)] as const)
    sorted.sort(([a], [b]) => b.length - a.length)
    this.searches = sorted.map(([search]) => search)
    this.values = sorted.map(([, value]) => value)
    this.longest = this.searches[0]?.length ?? 0
  }
}

const EMPTY = Buffer.alloc(0)

/**
 * Replaces literal strings, leftmost first, wherever chunks are cut. Only the end of a chunk that may be the beginning of a
 * search string is kept back: at most one byte less than the longest one.
 */
export class LiteralReplacer implements ByteStage {
  private readonly what: Replacements
  /** Where each search string occurs next in the text at hand; -1 = no more. */
  private readonly found: number[]
  private kept: Buffer = EMPTY

  constructor(what: Replacements) {
    this.what = what
    this.found = what.searches.map(() => -1)
  }

  chunk(chunk: Uint8Array): Uint8Array[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const text = this.kept.length === 0 ? bytes : Buffer.concat([this.kept, bytes])
    const out: Uint8Array[] = []
    const from = this.run(text, out, false)
    this.kept = from === text.length ? EMPTY : Buffer.from(text.subarray(from)) // the chunk is lent
    return out
  }

  end(): Uint8Array[] {
    const out: Uint8Array[] = []
    this.run(this.kept, out, true)
    return out
  }

  /** Returns where the part begins that cannot be decided yet. */
  private run(text: Buffer, out: Uint8Array[], last: boolean): number {
    const { searches, values } = this.what
    for (let i = 0; i < searches.length; i++) this.found[i] = text.indexOf(searches[i]!)
    let from = 0
    for (;;) {
      const open = last ? text.length : this.openEnd(text, from)
      const which = this.next(text, from)
      const at = which < 0 ? -1 : this.found[which]!
      if (at < 0 || at >= open) {
        if (open > from) out.push(text.subarray(from, open))
        return open
      }
      if (at > from) out.push(text.subarray(from, at))
      out.push(values[which]!)
      from = at + searches[which]!.length
    }
  }

  /** The search string that occurs first at or after `from`; -1 = none. */
  private next(text: Buffer, from: number): number {
    const { searches } = this.what
    let best = -1
    for (let i = 0; i < searches.length; i++) {
      let at = this.found[i]!
      if (at >= 0 && at < from) {
        at = text.indexOf(searches[i]!, from)
        this.found[i] = at
      }
      if (at >= 0 && (best < 0 || at < this.found[best]!)) best = i
    }
    return best
  }

  /** Where the first end of the text begins that a search string may go on from; the text's length when there is none. */
  private openEnd(text: Buffer, from: number): number {
    const { searches, longest } = this.what
    for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
      const rest = text.length - at
      for (const search of searches) {
        if (search.length > rest && search.compare(text, at, text.length, 0, rest) === 0) return at
      }
    }
    return text.length
  }
}
