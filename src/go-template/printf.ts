/** Go's `fmt.Sprintf` for the values of templates. */

import { formatFloat, formatValue } from './format-value.js'
import { quoteGo } from './quote-go.js'
import { type GoObject, type Int64, integerOf, isInteger, sortedKeys, typeOf, type Value } from './value.js'

interface Directive {
  readonly flags: string
  readonly width: number | undefined
  readonly precision: number | undefined
  readonly verb: string
}

const DIRECTIVE = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\[\d+\])?(\*|\d+)?)?(?:\[(\d+)\])?([\s\S]?)/gu
/** Longest width or precision that Go takes. */
const MAX_WIDTH = 1_000_000

/** Formats values by a Go format; what does not fit is written as Go writes it (`%!d(string=a)`). */
export function sprintf(format: string, values: readonly Value[]): string {
  let next = 0
  let isReordered = false
  const out = format.replace(DIRECTIVE, (all, flags: string, first, width, _, precision, last, verb: string) => {
    if (verb === '') return '%!(NOVERB)'
    if (verb === '%') return '%'
    const indexed = (index: string | undefined): boolean => {
      if (index === undefined) return true
      isReordered = true
      next = Number(index) - 1
      return next >= 0 && next < values.length
    }
    const star = (text: string | undefined): number | undefined => {
      if (text !== '*') return text === undefined ? undefined : Number(text)
      const value = values[next++]
      return value !== undefined && isInteger(value) ? Number(integerOf(value)) : undefined
    }
    if (!indexed(first)) return `%!${verb}(BADINDEX)`
    const widest = star(width)
    const most = star(precision) ?? (/\./.test(all) ? 0 : undefined)
    if (!indexed(last)) return `%!${verb}(BADINDEX)`
    if (next >= values.length) return `%!${verb}(MISSING)`
    const isLeft = (widest ?? 0) < 0
    // `%+v` asks for names of fields, not for signs
    const plain = verb === 'v' ? flags.replaceAll('+', '') : flags
    const directive = {
      flags: isLeft ? `${plain}-` : plain,
      width: widest === undefined ? undefined : Math.min(Math.abs(widest), MAX_WIDTH),
      precision: most,
      verb
    }
    return formatDirective(directive, values[next++]!)
  })
  if (isReordered || next >= values.length) return out
  return `${out}%!(EXTRA ${values
    .slice(next)
    .map(value => (value === null ? '<nil>' : `${typeOf(value)}=${formatValue(value)}`))
    .join(', ')})`
}

function formatDirective(directive: Directive, value: Value): string {
  const { verb } = directive
  if (verb === 'T') return pad(directive, typeOf(value))
  if (value === null) return verb === 'v' ? pad(directive, '<nil>') : `%!${verb}(<nil>)`
  if (Array.isArray(value)) return list(directive, value)
  if (value instanceof Map) return map(directive, value)
  return scalar(directive, value) ?? `%!${verb}(${typeOf(value)}=${scalar(asValue(directive), value)})`
}

/** How a value is shown whose verb does not suit: width and precision stay. */
const asValue = (directive: Directive): Directive => ({
  ...directive,
  verb: 'v',
  flags: directive.flags.replaceAll('#', '')
})

/** Containers hand the verb on to what they hold. */
function list(directive: Directive, items: readonly Value[]): string {
  if (directive.verb === 'v' && directive.flags.includes('#')) return goSyntax(items as Value[])
  return `[${items.map(item => inner(directive, item)).join(' ')}]`
}

function map(directive: Directive, fields: Map<string, Value>): string {
  if (directive.verb === 'v' && directive.flags.includes('#')) return goSyntax(fields)
  return `map[${sortedKeys(fields)
    .map(key => `${inner(directive, key)}:${inner(directive, fields.get(key)!)}`)
    .join(' ')}]`
}

const inner = (directive: Directive, value: Value): string => (value === null ? '<nil>' : formatDirective(directive, value))

function scalar(directive: Directive, value: boolean | bigint | number | string | Int64 | GoObject): string | undefined {
  const { verb, flags } = directive
  if (verb === 'v' && flags.includes('#')) return pad(directive, goSyntax(value))
  if (typeof value === 'string') return text(directive, value)
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? pad(directive, String(value)) : undefined
  if (typeof value === 'number') return float(directive, value)
  if (isInteger(value)) return integer(directive, integerOf(value))
  return verb === 'v' || verb === 's' || verb === 'q' ? text(directive, value.toString()) : undefined
}

function text(directive: Directive, value: string): string | undefined {
  const { verb, flags, precision } = directive
  const characters = precision === undefined || verb === 'x' || verb === 'X' ? value : [...value].slice(0, precision).join('')
  switch (verb) {
    case 's':
    case 'v':
      return pad(directive, characters)
    case 'q':
      return pad(
        directive,
        flags.includes('#') && !/[`\u0000-\u0008\u000a-\u001f\u007f]/.test(characters)
          ? `\`${characters}\``
          : quoteGo(characters, flags.includes('+'))
      )
    case 'x':
    case 'X':
      return pad(directive, hexText(directive, value))
  }
  return undefined
}

function hexText({ verb, flags, precision }: Directive, value: string): string {
  const bytes = Buffer.from(value).subarray(0, precision)
  const prefix = flags.includes('#') ? '0x' : ''
  const hex = flags.includes(' ')
    ? [...bytes].map(byte => prefix + byte.toString(16).padStart(2, '0')).join(' ')
    : (bytes.length === 0 ? '' : prefix) + bytes.toString('hex')
  return verb === 'X' ? hex.toUpperCase() : hex
}

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, x: 16, X: 16 }
const PREFIXES: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

function integer(directive: Directive, value: bigint): string | undefined {
  const { verb, flags, precision } = directive
  if (verb === 'c') return pad(directive, character(value))
  if (verb === 'q') return pad(directive, quoteRune(value))
  if (verb === 'U') return pad(directive, unicode(value, flags))
  const base = BASES[verb]
  if (base === undefined) return undefined
  let digits = (value < 0n ? -value : value).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  if (precision !== undefined) digits = precision === 0 && value === 0n ? '' : digits.padStart(precision, '0')
  const prefix = verb === 'O' ? '0o' : flags.includes('#') ? (PREFIXES[verb] ?? '') : ''
  return padNumber(directive, value < 0n, prefix + digits, precision === undefined)
}

const isCharacter = (value: bigint): boolean => value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn)
const character = (value: bigint): string => (isCharacter(value) ? String.fromCodePoint(Number(value)) : '\uFFFD')

function quoteRune(value: bigint): string {
  const quoted = quoteGo(character(value), false).slice(1, -1)
  return `'${quoted === '\\"' ? '"' : quoted === "'" ? "\\'" : quoted}'`
}

function unicode(value: bigint, flags: string): string {
  const code = `U+${value.toString(16).toUpperCase().padStart(4, '0')}`
  return flags.includes('#') ? `${code} '${character(value)}'` : code
}

function float(directive: Directive, value: number): string | undefined {
  const { verb, precision } = directive
  const shown = floatText(verb, value, precision)
  if (shown === undefined) return undefined
  const isNegative = shown.startsWith('-')
  const digits = shown.replace(/^[-+]/, '')
  // Go writes NaN and infinities without leading zeros
  return padNumber(directive, isNegative, digits, Number.isFinite(value), shown.startsWith('+'))
}

function floatText(verb: string, value: number, precision: number | undefined): string | undefined {
  switch (verb) {
    case 'v':
    case 'g':
      return formatFloat(value, 'g', precision ?? -1)
    case 'G':
      return formatFloat(value, 'g', precision ?? -1).replace('e', 'E')
    case 'e':
      return formatFloat(value, 'e', precision ?? 6)
    case 'E':
      return formatFloat(value, 'e', precision ?? 6).replace('e', 'E')
    case 'f':
    case 'F':
      return formatFloat(value, 'f', precision ?? 6)
  }
  return undefined
}

function padNumber(directive: Directive, isNegative: boolean, digits: string, mayZero: boolean, hasPlus = false): string {
  const { flags, width } = directive
  const sign = isNegative ? '-' : flags.includes('+') || hasPlus ? '+' : flags.includes(' ') ? ' ' : ''
  if (mayZero && flags.includes('0') && !flags.includes('-') && width !== undefined) {
    return sign + digits.padStart(width - sign.length, '0')
  }
  return pad({ ...directive, flags: flags.replaceAll('0', '') }, sign + digits)
}

function pad({ flags, width }: Directive, shown: string): string {
  if (width === undefined) return shown
  const missing = width - [...shown].length
  if (missing <= 0) return shown
  if (flags.includes('-')) return shown + ' '.repeat(missing)
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + shown
}

/** `%#v`. */
function goSyntax(value: Value): string {
  if (value === null) return 'interface {}(nil)'
  if (typeof value === 'string') return quoteGo(value, false)
  if (Array.isArray(value)) return `${typeOf(value)}{${value.map(goSyntax).join(', ')}}`
  if (value instanceof Map) {
    return `${typeOf(value)}{${sortedKeys(value)
      .map(key => `${quoteGo(key, false)}:${goSyntax(value.get(key)!)}`)
      .join(', ')}}`
  }
  return formatValue(value)
}
