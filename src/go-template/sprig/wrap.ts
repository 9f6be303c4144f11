/**
 * Breaks a text into lines at blanks.
 * @param width most characters of a line; less than 1 counts as 1
 * @param cutsWords words longer than a line are cut
 */
export function wrapText(text: string, width: number, lineBreak: string, cutsWords: boolean): string {
  const most = Math.max(width, 1)
  const separator = lineBreak === '' ? '\n' : lineBreak
  let rest = text
  let out = ''
  while (rest.length > most) {
    if (rest[0] === ' ') {
      rest = rest.slice(1)
      continue
    }
    const blank = rest.lastIndexOf(' ', most)
    if (blank >= 0) {
      out += rest.slice(0, blank) + separator
      rest = rest.slice(blank + 1)
    } else if (cutsWords) {
      out += rest.slice(0, most) + separator
      rest = rest.slice(most)
    } else {
      const next = rest.indexOf(' ', most)
      if (next < 0) break
      out += rest.slice(0, next) + separator
      rest = rest.slice(next + 1)
    }
  }
  return out + rest
}
