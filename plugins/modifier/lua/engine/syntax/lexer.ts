/** Splits the text of a chunk into tokens by gopher-lua's rules, oddities included: `\x41` is `x41`, `010` is 10, `0010` is 8. */
import { LuaSyntaxError } from './syntax-error.js'

export interface Token {
  /** A keyword or sign is its own type; `name`, `string` and `number` are called so; `eof` ends the text. */
  type: string
  text: string
  line: number
}

const KEYWORDS = new Set(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(' ')
)
const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const SIGNS = new Set('+*/%^#(){}];,'.split(''))
const END = -1

const isDigit = (c: number): boolean => c >= 48 && c <= 57
const isHex = (c: number): boolean => isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70)
const isWord = (c: number): boolean => c === 95 || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)

export class Lexer {
  private readonly text: string
  private readonly chunk: string
  private at = 0
  private line = 1
  private column = 0
  private ended = false
  /** The token read last; errors of grammar name it. */
  token: Token = { type: 'start', text: '', line: 1 }

  constructor(text: string, chunk: string) {
    this.text = text
    this.chunk = chunk
  }

  /** Makes an error at the place that was read last. */
  error(near: string, reason: string): LuaSyntaxError {
    const position = { line: this.line, column: this.column }
    if (this.ended) return new LuaSyntaxError(`${this.chunk} at EOF:   ${reason}\n`, position, reason)
    return new LuaSyntaxError(
      `${this.chunk} line:${this.line}(column:${this.column}) near '${near}':   ${reason}\n`,
      position,
      `${reason} near '${near}'`
    )
  }

  private peek(): number {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : END
  }

  private newline(c: number): void {
    this.line++
    this.column = 0
    const next = this.peek()
    if ((c === 10 && next === 13) || (c === 13 && next === 10)) this.at++
  }

  private read(): number {
    const c = this.peek()
    if (c === END) {
      this.ended = true
      this.column = 0
      return END
    }
    this.at++
    if (c === 10 || c === 13) {
      this.newline(c)
      return 10
    }
    this.column++
    return c
  }

  next(): Token {
    this.token = this.scan()
    return this.token
  }

  private scan(): Token {
    for (;;) {
      let c = this.read()
      while (c === 32 || c === 9) c = this.read()
      while (c === 10 || c === 32 || c === 9) c = this.read()
      const token: Token = { type: '', text: '', line: this.line }
      if (c === 45 && this.peek() === 45) {
        this.read()
        this.comment()
        continue
      }
      this.fill(token, c)
      return token
    }
  }

  private fill(token: Token, c: number): void {
    if (isWord(c)) {
      token.text = this.word()
      token.type = KEYWORDS.has(token.text) ? token.text : 'name'
    } else if (isDigit(c)) {
      token.type = 'number'
      token.text = this.number(c)
    } else if (c === END) {
      token.type = 'eof'
    } else if (c === 34 || c === 39) {
      token.type = 'string'
      token.text = this.string(c)
    } else if (c === 91 && (this.peek() === 91 || this.peek() === 61)) {
      token.type = 'string'
      token.text = this.long(this.read())
    } else if (c === 46 && isDigit(this.peek())) {
      token.type = 'number'
      token.text = this.number(c)
    } else {
      token.type = token.text = this.sign(c)
      // gopher-lua leaves the text of a single dot empty
      if (token.type === '.') token.text = ''
    }
  }

  private sign(c: number): string {
    const char = String.fromCharCode(c)
    if (SIGNS.has(char)) return char
    switch (char) {
      case '-':
      case '[':
        return char
      case '=':
      case '<':
      case '>':
        return this.follow(char, '=')
      case '~':
        if (this.peek() !== 61) throw this.error('~', "Invalid '~' token")
        return this.follow(char, '=')
      case ':':
        return this.follow(char, ':')
      case '.':
        return this.follow(this.follow(char, '.'), '.')
      default:
        throw this.error(char, 'Invalid token')
    }
  }

  private follow(sign: string, next: string): string {
    if (sign === '.' ? this.peek() !== 46 : sign === '..' ? this.peek() !== 46 : this.peek() !== next.charCodeAt(0)) return sign
    this.read()
    return sign + next
  }

  private word(): string {
    const from = this.at - 1
    while (isWord(this.peek()) || isDigit(this.peek())) this.read()
    return this.text.slice(from, this.at)
  }

  private decimals(c: number): string {
    let text = c === END ? '\xff' : String.fromCharCode(c)
    while (isDigit(this.peek())) text += String.fromCharCode(this.read())
    return text
  }

  private number(first: number): string {
    let c = first
    if (c === 48) {
      const next = this.peek()
      if (next === 120 || next === 88) return this.hex()
      if (isDigit(next)) c = this.read()
    }
    let text = this.decimals(c)
    if (this.peek() === 46) text += this.decimals(this.read())
    if (this.peek() === 101 || this.peek() === 69) {
      text += String.fromCharCode(this.read())
      if (this.peek() === 45 || this.peek() === 43) text += String.fromCharCode(this.read())
      text += this.decimals(this.read())
    }
    return text
  }

  private hex(): string {
    let text = `0${String.fromCharCode(this.read())}`
    while (isHex(this.peek())) text += String.fromCharCode(this.read())
    if (text.length === 2) throw this.error(text, 'illegal hexadecimal number')
    return text
  }

  private string(quote: number): string {
    let text = ''
    for (let c = this.read(); c !== quote; c = this.read()) {
      if (c === 10 || c === END) throw this.error(text, 'unterminated string')
      text += c === 92 ? this.escape() : String.fromCharCode(c)
    }
    return text
  }

  private escape(): string {
    const c = this.read()
    if (isDigit(c)) {
      let digits = String.fromCharCode(c)
      for (let i = 0; i < 2 && isDigit(this.peek()); i++) digits += String.fromCharCode(this.read())
      return String.fromCharCode(Number(digits) & 255)
    }
    if (c === END) return '\xff'
    const char = String.fromCharCode(c)
    return ESCAPES[char] ?? char
  }

  /** The text of a long bracket; what was read last is the character after the first `[`. */
  private long(first: number): string {
    let c = first
    let level = 0
    for (; c === 61; level++) c = this.read()
    if (c !== 91) throw this.error(c === END ? '\xef\xbf\xbd' : String.fromCharCode(c), 'invalid multiline string')
    c = this.read()
    if (c === 10) c = this.read()
    const parts: string[] = []
    for (;;) {
      if (c === END) throw this.error(parts.join(''), 'unterminated multiline string')
      if (c !== 93) {
        parts.push(String.fromCharCode(c))
        c = this.read()
        continue
      }
      let closing = 0
      for (c = this.read(); c === 61; closing++) c = this.read()
      if (closing === level && c === 93) return parts.join('')
      parts.push(']', '='.repeat(closing))
    }
  }

  private comment(): void {
    let c = 45
    if (this.peek() === 91) {
      c = this.read()
      if (this.peek() === 91 || this.peek() === 61) {
        this.longComment()
        return
      }
    }
    while (c !== 10 && c !== END) c = this.read()
  }

  private longComment(): void {
    try {
      this.long(this.read())
    } catch {
      // gopher-lua names the text that it had read, which may be long; the place says as much
      throw this.error('', 'invalid multiline comment')
    }
  }
}
