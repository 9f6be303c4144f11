/** Why a template cannot be read or executed, and where. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  /** Name of the template's source, as given to the set. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number

  constructor(message: string, place: Place, options?: { cause?: unknown }) {
    super(message, options)
    this.file = place.source.name
    const { line, column } = place.source.positionOf(place.at)
    this.line = line
    this.column = column
  }

  /** `FILE:LINE:COLUMN: message`. */
  get located(): string {
    return `${this.file}:${this.line}:${this.column}: ${this.message}`
  }
}

/** A place in a source. */
export interface Place {
  readonly source: Source
  /** Index of a character. */
  readonly at: number
}

/** A named text that holds templates. */
export class Source {
  readonly name: string
  readonly text: string
  private starts: number[] | undefined

  constructor(name: string, text: string) {
    this.name = name
    this.text = text
  }

  /** Returns line and column of the character at an index, both from 1. */
  positionOf(at: number): { line: number; column: number } {
    this.starts ??= lineStarts(this.text)
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - this.starts[low]! + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
