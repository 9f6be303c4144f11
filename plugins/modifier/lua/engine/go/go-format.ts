/** `string.format` as gopher-lua has it: Go's `fmt.Sprintf` over Lua values, wrong verbs included (`%!d(MISSING)`). */
import { raise } from '../errors.js'
import { parseNumber } from '../number-reading.js'
import { isInteger, numberToText, toInt64 } from '../numbers.js'
import { luaToText, textToLua } from '../strings.js'
import { tostringPlain } from '../text.js'
import { LuaTable, type LuaValue } from '../values.js'
import { allocateText, charge, noMemory, vm } from '../vm.js'
import { formatFloat } from './go-float.js'
import { hexText } from './go-hex.js'
import { pad, type Spec } from './go-pad.js'
import { quoteGo } from './go-quote.js'
import { countSigns } from './go-signs.js'

/** Go refuses larger widths and precisions. */
const MAX_NUMBER = 1_000_000
const STEPS_PER_DIRECTIVE = 8

export function formatGo(format: string, values: readonly LuaValue[]): string {
  const [signs, doubled] = countSigns(format)
  return new Formatter(format, values.slice(0, Math.max(0, Math.min(signs - doubled, values.length)))).run()
}

class Formatter {
  private readonly format: string
  private readonly values: readonly LuaValue[]
  private at = 0
  private next = 0
  private reordered = false
  private goodIndex = true
  private afterIndex = false

  constructor(format: string, values: readonly LuaValue[]) {
    this.format = format
    this.values = values
  }

  run(): string {
    const { format } = this
    let result = ''
    while (this.at < format.length) {
      const percent = format.indexOf('%', this.at)
      if (percent < 0) return this.extra(result + format.slice(this.at))
      result += format.slice(this.at, percent)
      this.at = percent + 1
      const piece = this.directive()
      charge(STEPS_PER_DIRECTIVE)
      if (piece.length > 4096) allocateText(piece.length)
      result += piece
      if (result.length > vm.longest) noMemory()
    }
    return this.extra(result)
  }

  private extra(result: string): string {
    if (this.reordered || this.next >= this.values.length) return result
    const rest = this.values.slice(this.next).map(value => `${goType(value)}=${tostringPlain(value)}`)
    return `${result}%!(EXTRA ${rest.join(', ')})`
  }

  private directive(): string {
    const spec: Spec = { plus: false, minus: false, sharp: false, space: false, zero: false, width: -1, precision: -1, verb: '' }
    this.goodIndex = true
    this.flags(spec)
    this.argumentIndex()
    let errors = this.width(spec)
    errors += this.precision(spec)
    if (!this.afterIndex) this.argumentIndex()
    if (this.at >= this.format.length) return `${errors}%!(NOVERB)`
    spec.verb = this.rune()
    if (spec.verb === 'v') spec.plus = false
    if (spec.verb === '%') return `${errors}%`
    if (!this.goodIndex) return `${errors}%!${spec.verb}(BADINDEX)`
    if (this.next >= this.values.length) return `${errors}%!${spec.verb}(MISSING)`
    return errors + formatValue(spec, this.values[this.next++])
  }

  /** A verb is a character of UTF-8. */
  private rune(): string {
    const code = this.format.charCodeAt(this.at)
    const size = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : code >= 0xc0 ? 2 : 1
    const piece = this.format.slice(this.at, this.at + size)
    this.at += size
    return piece
  }

  private flags(spec: Spec): void {
    for (; ; this.at++) {
      switch (this.format.charAt(this.at)) {
        case '+':
          spec.plus = true
          break
        case '-':
          spec.minus = true
          break
        case '#':
          spec.sharp = true
          break
        case ' ':
          spec.space = true
          break
        case '0':
          spec.zero = true
          break
        default:
          return
      }
    }
  }

  /** `[n]`. */
  private argumentIndex(): void {
    this.afterIndex = false
    if (this.format.charAt(this.at) !== '[') return
    this.reordered = true
    const end = this.format.indexOf(']', this.at)
    const text = end < 0 ? '' : this.format.slice(this.at + 1, end)
    this.at = end < 0 ? this.at + 1 : end + 1
    const n = /^\d+$/.test(text) ? Number(text) : 0
    if (n >= 1 && n <= this.values.length) {
      this.next = n - 1
      this.afterIndex = true
    } else this.goodIndex = false
  }

  private digits(): number {
    const from = this.at
    while (this.format.charAt(this.at) >= '0' && this.format.charAt(this.at) <= '9') this.at++
    if (from === this.at) return -1
    const n = Number(this.format.slice(from, this.at))
    return n > MAX_NUMBER ? -2 : n
  }

  private width(spec: Spec): string {
    if (this.format.charAt(this.at) === '*') {
      this.at++
      this.next++
      return '%!(BADWIDTH)'
    }
    spec.width = this.digits()
    if (spec.width === -2) raise('width too large in string.format')
    if (this.afterIndex && spec.width !== -1) this.goodIndex = false
    return ''
  }

  private precision(spec: Spec): string {
    if (this.format.charAt(this.at) !== '.' || this.at + 1 === this.format.length) return ''
    this.at++
    if (this.afterIndex) this.goodIndex = false
    this.argumentIndex()
    if (this.format.charAt(this.at) === '*') {
      this.at++
      this.next++
      return '%!(BADPREC)'
    }
    spec.precision = Math.max(this.digits(), 0)
    return ''
  }
}

/** Name of a value's type in Go, for messages. */
function goType(value: LuaValue): string {
  switch (typeof value) {
    case 'number':
      return 'lua.LNumber'
    case 'string':
      return 'lua.LString'
    case 'boolean':
      return 'lua.LBool'
    case 'undefined':
      return '*lua.LNilType'
    case 'function':
      return '*lua.LFunction'
    default:
      return value instanceof LuaTable ? '*lua.LTable' : '*lua.LUserData'
  }
}

function formatValue(spec: Spec, value: LuaValue): string {
  if (spec.verb === 'T') return formatText({ ...spec, verb: 's' }, goType(value), 'string')
  if (spec.verb === 'p') return badVerb(spec, value)
  if (typeof value === 'number') return formatNumber(spec, value)
  if (typeof value === 'string') return formatString(spec, value)
  const text = tostringPlain(value)
  if ('sxXqv'.includes(spec.verb)) return formatText(spec, text, 'string')
  if (spec.verb === 't' && typeof value === 'boolean') return pad(spec, text)
  // a nil of Go is a pointer to an empty struct
  return value === undefined ? '&{}' : badVerb(spec, value)
}

/** What Go writes for a verb that the value does not know: its type, and the value with the flags given. */
function badVerb(spec: Spec, value: LuaValue): string {
  const text = tostringPlain(value)
  let shown = text
  if (typeof value === 'number') shown = formatFloat({ ...spec, verb: 'g' }, value)
  else if (typeof value === 'string') shown = pad(spec, spec.precision < 0 ? text : truncate(text, spec.precision))
  else if (typeof value === 'boolean') shown = pad(spec, text)
  return `%!${spec.verb}(${goType(value)}=${shown})`
}

function formatNumber(spec: Spec, value: number): string {
  switch (spec.verb) {
    case 'q':
    case 's':
      return formatText(spec, numberToText(value), 'string')
    case 'b':
    case 'c':
    case 'd':
    case 'o':
    case 'x':
    case 'X':
    case 'U':
      return formatInteger(spec, toInt64(value))
    case 'i':
      return formatInteger({ ...spec, verb: 'd' }, toInt64(value))
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return formatFloat(spec, value)
    default:
      if (isInteger(value)) return formatInteger(spec, toInt64(value))
      if (spec.verb === 'v') return formatFloat({ ...spec, verb: 'g' }, value)
      return `%!${spec.verb}(float64=${formatFloat({ ...spec, verb: 'g' }, value)})`
  }
}

/** A text that is a number is written as it is by `%d`; any other is 0. */
function formatString(spec: Spec, value: string): string {
  if (spec.verb !== 'd' && spec.verb !== 'i') return formatText(spec, value, 'string')
  return parseNumber(value) === undefined
    ? formatInteger({ ...spec, verb: 'd' }, 0n)
    : formatText({ ...spec, verb: 's' }, value, 'string')
}

function formatText(spec: Spec, value: string, type: string): string {
  const { verb, precision } = spec
  switch (verb) {
    case 's':
    case 'v':
      return pad(spec, precision < 0 ? value : truncate(value, precision))
    case 'q':
      return pad(spec, quoteGo(precision < 0 ? value : truncate(value, precision), spec.sharp, spec.plus))
    case 'x':
    case 'X':
      return pad(spec, hexText(spec, value))
    default:
      return `%!${verb}(${type}=${pad(spec, precision < 0 ? value : truncate(value, precision))})`
  }
}

/** The first `count` characters of UTF-8. */
function truncate(value: string, count: number): string {
  if (value.length <= count) return value
  // a character has at most four bytes: what follows is not decoded
  const text = luaToText(value.slice(0, 4 * (count + 1)))
  let end = 0
  for (let left = count; left > 0 && end < text.length; left--) {
    charge(1)
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return end === text.length ? value : textToLua(text.slice(0, end))
}

const BASES: Record<string, number> = { b: 2, o: 8, d: 10, x: 16, X: 16, v: 10 }

function formatInteger(spec: Spec, value: bigint): string {
  const { verb } = spec
  if (verb === 'c') return pad(spec, character(value))
  if (verb === 'q') return pad(spec, `'${character(value).replace(/['\\]/g, '\\$&')}'`)
  if (verb === 'U') return pad(spec, `U+${BigInt.asUintN(64, value).toString(16).toUpperCase().padStart(4, '0')}`, false)
  const base = BASES[verb]
  if (base === undefined) return `%!${verb}(int64=${formatInteger({ ...spec, verb: 'd' }, value)})`
  const negative = value < 0n
  let digits = (negative ? -value : value).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  let precision = spec.precision
  if (precision === 0 && value === 0n) return ' '.repeat(Math.max(spec.width, 0))
  const sign = negative ? '-' : spec.plus ? '+' : spec.space ? ' ' : ''
  if (precision < 0 && spec.zero && !spec.minus && spec.width > 0) precision = spec.width - (sign === '' ? 0 : 1)
  digits = digits.padStart(Math.max(precision, 0), '0')
  if (spec.sharp) digits = prefixed(verb, digits)
  return pad(spec, sign + digits, false)
}

function prefixed(verb: string, digits: string): string {
  if (verb === 'b') return `0b${digits}`
  if (verb === 'x' || verb === 'X') return `0${verb}${digits}`
  return verb === 'o' && !digits.startsWith('0') ? `0${digits}` : digits
}

/** The character of a code in UTF-8; U+FFFD where there is none. */
function character(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn)
  return textToLua(valid ? String.fromCodePoint(Number(value)) : '\ufffd')
}
