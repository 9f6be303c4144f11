/**
 * Checks a document type declaration, which the XML library hands on unread.
 *
 * In: the text between `<!DOCTYPE` and its `>`. Out: a reason to refuse the document, or undefined. The grammar is that of XML 1.0 (fifth edition),
 * productions 28 to 83. Declarations are checked and then forgotten: no default of an attribute is applied and nothing is fetched.
 * Entity declarations are refused, whatever they hold, so that there is nothing to expand.
 */

/** Characters of a declaration that is read at all. */
const MAX_LENGTH = 256 * 1024

const START =
  ':A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
const CHAR = `${START}\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040`
const NAME = `[${START}][${CHAR}]*`
const TOKEN = `[${CHAR}]+`
const SPACE = '[ \\t\\r\\n]'
const PUBLIC_CHARS = "-a-zA-Z0-9 \\r\\n()+,./:=?;!*#@$_%'" // production 13
const LITERAL = `(?:"[^"]*"|'[^']*')`
const PUBLIC_LITERAL = `(?:"[${PUBLIC_CHARS}]*"|'[${PUBLIC_CHARS.replace("'", '')}]*')`
const EXTERNAL_ID = `(?:SYSTEM${SPACE}+${LITERAL}|PUBLIC${SPACE}+${PUBLIC_LITERAL}${SPACE}+${LITERAL})`
const listOf = (item: string): string => `\\(${SPACE}*${item}(?:${SPACE}*\\|${SPACE}*${item})*${SPACE}*\\)`
const REFERENCE = '&(?:amp|lt|gt|apos|quot|#[0-9]+|#x[0-9a-fA-F]+);'
const DEFAULT_VALUE = `(?:"(?:[^<&"]|${REFERENCE})*"|'(?:[^<&']|${REFERENCE})*')`
const ATTRIBUTE_TYPE = `(?:CDATA|ID|IDREF|IDREFS|ENTITY|ENTITIES|NMTOKEN|NMTOKENS|NOTATION${SPACE}+${listOf(NAME)}|${listOf(TOKEN)})`
const DEFAULT = `(?:#REQUIRED|#IMPLIED|(?:#FIXED${SPACE}+)?${DEFAULT_VALUE})`

const sticky = (source: string): RegExp => new RegExp(source, 'uy')

const HEAD = sticky(`${SPACE}+${NAME}(?:${SPACE}+${EXTERNAL_ID})?${SPACE}*`)
const SPACES = sticky(`${SPACE}*`)
const ENTITY = sticky('<!ENTITY')
const PARAMETER_REFERENCE = sticky(`%${NAME};`)
const COMMENT = sticky('<!--(?:[^-]|-[^-])*-->')
const INSTRUCTION = sticky(`<\\?(?![xX][mM][lL][ \\t\\r\\n?])${NAME}(?:${SPACE}[^?]*(?:\\?+[^?>][^?]*)*)?\\?+>`)
const NOTATION = sticky(`<!NOTATION${SPACE}+${NAME}${SPACE}+(?:${EXTERNAL_ID}|PUBLIC${SPACE}+${PUBLIC_LITERAL})${SPACE}*>`)
const ATTRIBUTES = sticky(`<!ATTLIST${SPACE}+${NAME}`)
const ATTRIBUTE = sticky(`${SPACE}+${NAME}${SPACE}+${ATTRIBUTE_TYPE}${SPACE}+${DEFAULT}`)
const END = sticky(`${SPACE}*>`)
const ELEMENT = sticky(`<!ELEMENT${SPACE}+${NAME}${SPACE}+`)
const SIMPLE_CONTENT = sticky(
  `(?:EMPTY|ANY|\\(${SPACE}*#PCDATA(?:${SPACE}*\\)\\*?|(?:${SPACE}*\\|${SPACE}*${NAME})+${SPACE}*\\)\\*))`
)
const OPEN_GROUP = sticky(`\\(${SPACE}*`)
const PARTICLE = sticky(`${NAME}[?*+]?`)
const SEPARATOR = sticky(`${SPACE}*([|,])${SPACE}*`)
const CLOSE_GROUP = sticky(`${SPACE}*\\)[?*+]?`)

/** Reads a text from left to right; each `take` moves behind what it found. */
class Cursor {
  at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  get done(): boolean {
    return this.at >= this.text.length
  }

  next(char: string): boolean {
    if (this.text[this.at] !== char) return false
    this.at++
    return true
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found === null) return undefined
    this.at += found[0].length
    return found
  }

  /** Whether the pattern comes next; nothing is taken. */
  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    return pattern.test(this.text)
  }
}

/** Returns why a document with this declaration is refused, or undefined. */
export function doctypeFault(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return `the document type declaration is longer than ${MAX_LENGTH} characters`
  const cursor = new Cursor(text)
  if (cursor.take(HEAD) === undefined) return 'malformed document type declaration'
  if (cursor.next('[')) {
    const fault = subsetFault(cursor)
    if (fault !== undefined) return fault
    cursor.take(SPACES)
  }
  return cursor.done ? undefined : 'malformed document type declaration'
}

function subsetFault(cursor: Cursor): string | undefined {
  for (;;) {
    cursor.take(SPACES)
    if (cursor.next(']')) return undefined
    if (cursor.sees(ENTITY)) return 'entity declarations are refused'
    if (!takesDeclaration(cursor)) return 'malformed declaration in the document type declaration'
  }
}

function takesDeclaration(cursor: Cursor): boolean {
  for (const whole of [COMMENT, INSTRUCTION, NOTATION, PARAMETER_REFERENCE]) if (cursor.take(whole) !== undefined) return true
  if (cursor.take(ELEMENT) !== undefined) {
    return (cursor.take(SIMPLE_CONTENT) !== undefined || takesContentModel(cursor)) && cursor.take(END) !== undefined
  }
  if (cursor.take(ATTRIBUTES) === undefined) return false
  while (cursor.take(ATTRIBUTE) !== undefined);
  return cursor.take(END) !== undefined
}

/** Takes a content model (productions 47 to 50): groups within groups, each with one kind of separator. */
function takesContentModel(cursor: Cursor): boolean {
  /** The separator of each open group, '' before the first one. */
  const groups: string[] = []
  do {
    while (cursor.take(OPEN_GROUP) !== undefined) groups.push('')
    if (groups.length === 0 || cursor.take(PARTICLE) === undefined) return false
    while (groups.length > 0) {
      const separator = cursor.take(SEPARATOR)?.[1]
      if (separator !== undefined) {
        const before = groups.pop()!
        if (before !== '' && before !== separator) return false
        groups.push(separator)
        break
      }
      if (cursor.take(CLOSE_GROUP) === undefined) return false
      groups.pop()
    }
  } while (groups.length > 0)
  return true
}
