/** URI templates (RFC 6570 §2). */

/** What no literal holds (§2.1); `%` only before two hexadecimal digits. */
const NO_LITERAL = /[\x00-\x20"<>\\^`{|}\x7f-\x9f]|%(?![0-9A-Fa-f]{2})/
const VARIABLE = /^(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*(?:\*|:[1-9]\d{0,3})?$/

export function isUriTemplate(text: string): boolean {
  const [first = '', ...rest] = text.split('{')
  if (NO_LITERAL.test(first)) return false
  return rest.every(piece => {
    const end = piece.indexOf('}')
    return end !== -1 && isExpression(piece.slice(0, end)) && !NO_LITERAL.test(piece.slice(end + 1))
  })
}

const isExpression = (text: string): boolean =>
  text
    .replace(/^[+#./;?&=,!@|]/, '')
    .split(',')
    .every(name => VARIABLE.test(name))
