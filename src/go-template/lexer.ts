/**
 * Cuts a template into tokens: texts, and what stands between `{{` and `}}`.
 *
 * In: a source. Out: an array of tokens that ends with `end`. Trim markers, comments and quoted texts are resolved here. Blanks between
 * operands matter to the grammar (`.a.b` is one operand, `.a .b` are two), so each token says whether a blank stands before it.
 */

import { type Source, TemplateError } from './template-error.js'

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'field'
  | 'variable'
  | 'word'
  | 'string'
  | 'number'
  | 'dot'
  | '('
  | ')'
  | '|'
  | ','
  | ':='
  | '='
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** The text as written; of `text` and `string` what it stands for, of `field` and `variable` the name without its sign. */
  readonly text: string
  readonly at: number
  /** Index behind the token. */
  readonly end: number
  readonly spaced: boolean
}

const TRIM_LEFT = /^-[ \t\r\n]/
const TRIM_RIGHT = /[ \t\r\n]-\}\}/y
const BLANKS = /[ \t\r\n]+/y
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]+(?:\.[\da-fA-F_]*)?(?:[pP][+-]?\d+)?|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)i?/y
const STRING = /"(?:[^"\\\n]|\\[^\n])*"/y
const RAW_STRING = /`[^`]*`/y
const CHARACTER = /'(?:[^'\\\n]|\\[^\n][^'\n]*)'/y
/** What may follow a name or a field. */
const TERMINATOR = /[ \t\r\n.,|:)(]|-?\}\}|$/y
const COMMENT = /\/\*[\s\S]*?\*\//y

/** @throws TemplateError for what is no token, an action or a comment without end. */
export function tokenize(source: Source): Token[] {
  return new Lexer(source).run()
}

class Lexer {
  private readonly source: Source
  private readonly text: string
  private readonly tokens: Token[] = []
  private at = 0

  constructor(source: Source) {
    this.source = source
    this.text = source.text
  }

  run(): Token[] {
    let trimsNext = false
    for (;;) {
      const open = this.text.indexOf('{{', this.at)
      const end = open === -1 ? this.text.length : open
      this.pushText(this.at, end, trimsNext, open !== -1 && TRIM_LEFT.test(this.text.slice(open + 2, open + 4)))
      if (open === -1) break
      trimsNext = this.action(open)
    }
    this.push('end', '', this.text.length, this.text.length, false)
    return this.tokens
  }

  private pushText(from: number, to: number, trimsStart: boolean, trimsEnd: boolean): void {
    let start = from
    let end = to
    if (trimsStart) while (start < end && isBlank(this.text.charCodeAt(start))) start++
    if (trimsEnd) while (end > start && isBlank(this.text.charCodeAt(end - 1))) end--
    if (start < end) this.push('text', this.text.slice(start, end), start, end, false)
  }

  /** Reads one action. Returns whether the text behind it loses its leading white space. */
  private action(open: number): boolean {
    this.at = open + 2
    if (TRIM_LEFT.test(this.text.slice(this.at, this.at + 2))) this.at += 2
    if (this.text.startsWith('/*', this.at)) return this.comment(open)
    this.push('open', '{{', open, this.at, false)
    let spaced = false
    for (;;) {
      if (this.sees(TRIM_RIGHT)) return this.close(4)
      if (this.text.startsWith('}}', this.at)) return this.close(2)
      if (this.take(BLANKS) !== undefined) {
        spaced = true
        continue
      }
      if (this.at >= this.text.length) throw this.fault('unclosed action', open)
      this.token(spaced)
      spaced = false
    }
  }

  private comment(open: number): boolean {
    if (this.take(COMMENT) === undefined) throw this.fault('unclosed comment', open)
    const trims = this.sees(TRIM_RIGHT)
    if (!trims && !this.text.startsWith('}}', this.at)) throw this.fault('comment ends before closing delimiter', open)
    this.at += trims ? 4 : 2
    return trims
  }

  private close(length: number): boolean {
    this.push('close', '}}', this.at, this.at + length, false)
    this.at += length
    return length === 4
  }

  private token(spaced: boolean): void {
    const start = this.at
    const char = this.text[start]!
    const next = this.text[start + 1] ?? ''
    if (char === '"') return this.pushString(this.take(STRING), start, spaced)
    if (char === '`') return this.pushRaw(this.take(RAW_STRING), start, spaced)
    if (char === "'") return this.pushTaken('number', this.take(CHARACTER), start, spaced, 'unterminated character constant')
    if (/\d/.test(char) || (/[+-]/.test(char) && /[\d.]/.test(next)) || (char === '.' && /\d/.test(next))) {
      return this.number(start, spaced)
    }
    if (char === '.' || char === '$') {
      this.at++
      const name = this.take(WORD) ?? ''
      this.mustTerminate()
      const kind = char === '$' ? 'variable' : name === '' ? 'dot' : 'field'
      return this.push(kind, name, start, this.at, spaced)
    }
    const word = this.take(WORD)
    if (word !== undefined) {
      this.mustTerminate()
      return this.push('word', word, start, this.at, spaced)
    }
    const sign = char === ':' && next === '=' ? ':=' : char
    if (sign !== ':=' && !'()|,='.includes(sign)) throw this.fault(`unexpected ${JSON.stringify(char)} in an action`, start)
    this.at += sign.length
    this.push(sign as TokenKind, sign, start, this.at, spaced)
  }

  private number(start: number, spaced: boolean): void {
    const text = this.take(NUMBER)
    const after = this.text.slice(this.at, this.at + 1)
    if (text === undefined || /[\p{L}\p{Nd}_.]/u.test(after)) {
      throw this.fault(`bad number syntax: ${JSON.stringify((text ?? '') + after)}`, start)
    }
    this.push('number', text, start, this.at, spaced)
  }

  private pushTaken(kind: TokenKind, text: string | undefined, start: number, spaced: boolean, fault: string): void {
    if (text === undefined) throw this.fault(fault, start)
    this.push(kind, text, start, this.at, spaced)
  }

  private pushString(text: string | undefined, start: number, spaced: boolean): void {
    if (text === undefined) throw this.fault('unterminated quoted string', start)
    const value = unquote(text.slice(1, -1))
    if (value === undefined) throw this.fault(`invalid escape in ${text}`, start)
    this.push('string', value, start, this.at, spaced)
  }

  private pushRaw(text: string | undefined, start: number, spaced: boolean): void {
    if (text === undefined) throw this.fault('unterminated raw quoted string', start)
    this.push('string', text.slice(1, -1).replaceAll('\r', ''), start, this.at, spaced)
  }

  private mustTerminate(): void {
    if (this.sees(TERMINATOR)) return
    throw this.fault(`bad character ${JSON.stringify(this.text[this.at])}`, this.at)
  }

  private push(kind: TokenKind, text: string, at: number, end: number, spaced: boolean): void {
    this.tokens.push({ kind, text, at, end, spaced })
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found === null) return undefined
    this.at += found[0].length
    return found[0]
  }

  private sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    return pattern.test(this.text)
  }

  private fault(message: string, at: number): TemplateError {
    return new TemplateError(message, { source: this.source, at })
  }
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d

const ESCAPE = /\\(?:([abfnrtv\\"'])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))|\\/g
const SHORT: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** Resolves Go's escapes; undefined when there is one that Go does not have. Bytes from 80 on count as code points. */
function unquote(text: string): string | undefined {
  let isValid = true
  const value = text.replace(ESCAPE, (_, short?: string, hex?: string, four?: string, eight?: string, octal?: string) => {
    if (short !== undefined) return SHORT[short] ?? short
    const digits = hex ?? four ?? eight
    const code = digits !== undefined ? Number.parseInt(digits, 16) : octal !== undefined ? Number.parseInt(octal, 8) : -1
    if (code >= 0 && code <= 0x10ffff) return String.fromCodePoint(code)
    isValid = false
    return ''
  })
  return isValid ? value : undefined
}
