import { isSpelledAt } from './find-field.js'
import type { FieldIndex } from './json-span.js'
import type { JsonNode, RawNode } from './node.js'

/** No place in the source text. */
export const ELSEWHERE = -1

/**
 * Fields of an edited object that still stand in its source text one behind the other: they are written as they stand, in one piece,
 * instead of key by key and value by value.
 */
export class UntouchedRun {
  readonly bytes: Buffer
  private readonly index: FieldIndex
  /** The first field of the source text that may still come. */
  private next = 0
  from = 0
  /** Offset behind the run; {@link from} for none. */
  to = 0

  constructor(bytes: Buffer, index: FieldIndex) {
    this.bytes = bytes
    this.index = index
  }

  /** Undefined where validation did not note the fields. */
  static of(origin: RawNode | undefined): UntouchedRun | undefined {
    if (origin?.bytes === undefined || origin.fields === undefined) return undefined
    return new UntouchedRun(origin.bytes, origin.fields)
  }

  /** Returns where a field stands in the source text, key and value, behind those that came before. */
  placeOf(key: string, value: JsonNode): number {
    const { bytes, index } = this
    if (value.kind !== 'raw' || value.bytes !== bytes) return ELSEWHERE
    let place = this.next
    while (place < index.length && index[place + 1]! < value.start) place += 3
    return index[place + 1] === value.start && isSpelledAt(bytes, index[place]!, key) ? place : ELSEWHERE
  }

  /** Takes the field at a place into the run when it stands right behind it; else returns false. */
  extend(place: number): boolean {
    if (place !== this.next || this.from === this.to) return false
    this.take(place)
    return true
  }

  begin(place: number): void {
    this.from = this.index[place]!
    this.take(place)
  }

  private take(place: number): void {
    this.to = this.index[place + 2]!
    this.next = place + 3
  }

  end(): void {
    this.from = this.to
  }
}
