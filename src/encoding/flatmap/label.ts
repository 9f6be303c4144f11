import { encodeString } from '../../message/json/render.js'

/** A part of a path, or the new name of a value. */
export interface FlatLabel {
  readonly text: string
  /** The key as JSON, quotes included. */
  readonly key: Buffer
  /** The element that it names in an array; -1 = none. */
  readonly index: number
  /** Its number among the labels of the filter. */
  readonly id: number
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/

/** The labels of one filter; one for each text. */
export class FlatLabels {
  readonly all: FlatLabel[] = []
  private readonly known = new Map<string, FlatLabel>()

  /** Takes a dotted path apart. */
  path(path: string): FlatLabel[] {
    return path.split('.').map(part => this.label(part))
  }

  private label(text: string): FlatLabel {
    const known = this.known.get(text)
    if (known !== undefined) return known
    const label: FlatLabel = {
      text,
      key: Buffer.from(encodeString(text), 'latin1'),
      index: INDEX.test(text) ? Number(text) : -1,
      id: this.all.length
    }
    this.all.push(label)
    this.known.set(text, label)
    return label
  }
}
