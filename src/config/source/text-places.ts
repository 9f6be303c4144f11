/** Lines and columns of a text. */

/** 1-based; `file` names a template where the text was rendered. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Returns the place of an offset in a text. */
export type PlaceOf = (offset: number) => SourcePlace

/** Makes the {@link PlaceOf} of a file's own text. */
export function placesIn(file: string, text: string): PlaceOf {
  let starts: readonly number[] | undefined
  return offset => {
    starts ??= lineStarts(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { file, line: low + 1, column: offset - starts[low]! + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Returns the offset of a place that a parser told by line and column. */
export function offsetAt(text: string, line: number, column: number): number {
  let start = 0
  for (let i = 1; i < line; i++) {
    const end = text.indexOf('\n', start)
    if (end === -1) break
    start = end + 1
  }
  return start + column - 1
}
