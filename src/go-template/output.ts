import { type Place, TemplateError } from './template-error.js'

/** Characters that one execution may write. */
const MAX_LENGTH = 64 * 1024 * 1024

interface Piece {
  /** Index in the output. */
  readonly start: number
  readonly place: Place
  /** A text of the template: each of its characters has a place of its own. */
  readonly isText: boolean
}

/** The text that an execution writes, and where each of its pieces comes from. */
export class Output {
  private readonly texts: string[] = []
  private readonly pieces: Piece[] = []
  private readonly missing: Place[] = []
  private length = 0

  /** @throws TemplateError when the text gets too long */
  write(text: string, place: Place, isText: boolean): void {
    if (text === '') return
    if (this.length + text.length > MAX_LENGTH) throw new TemplateError(`the text is longer than ${MAX_LENGTH} characters`, place)
    this.pieces.push({ start: this.length, place, isText })
    this.texts.push(text)
    this.length += text.length
  }

  /** Notes that `<no value>` was written. */
  noValue(place: Place): void {
    this.missing.push(place)
  }

  /** Where `<no value>` was written. */
  get missingValues(): readonly Place[] {
    return this.missing
  }

  get text(): string {
    return this.texts.join('')
  }

  /** Returns the place in a template that wrote the character at an index; undefined where nothing was written. */
  placeOf(index: number): Place | undefined {
    let low = 0
    let high = this.pieces.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.pieces[middle]!.start <= index) low = middle
      else high = middle - 1
    }
    const piece = this.pieces[low]
    if (piece === undefined) return undefined
    const { place, isText, start } = piece
    return isText ? { source: place.source, at: place.at + index - start } : place
  }
}
