/** Breaks text between words, for readers whose terminal has a width. */

/**
 * Returns the text in lines of `width` columns at most. A word that is longer has a line of its own.
 * @param hang what lines after the first begin with, as part of the width
 * @param begun columns of the first line that are taken already
 */
export function wrapText(text: string, width: number, hang = '', begun = 0): string {
  return text
    .split('\n')
    .map(line => wrapLine(line, width, hang, begun))
    .join('\n')
}

function wrapLine(line: string, width: number, hang: string, begun: number): string {
  // what the line begins with stays
  const [first = '', ...words] = line.match(/^ *\S+|\S+/g) ?? []
  let made = first
  let taken = begun + first.length
  for (const word of words) {
    const fits = taken + 1 + word.length <= width
    made += fits ? ` ${word}` : `\n${hang}${word}`
    taken = fits ? taken + 1 + word.length : hang.length + word.length
  }
  return made
}
