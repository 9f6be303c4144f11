import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { nilList, strings, type Value } from '../value.js'

/** Compiled expressions: a loop of a template uses the same one many times. */
const compiled = new Map<string, RegExp>()
const MOST_COMPILED = 256

/** Spellings of RE2 that JavaScript has under another one. */
const REWRITTEN: readonly (readonly [RegExp, string])[] = [
  [/\\z/g, '$(?![\\s\\S])'],
  [/\\A/g, '(?<![\\s\\S])'],
  [/\(\?P</g, '(?<'],
  [/\[:alpha:\]/g, 'A-Za-z'],
  [/\[:digit:\]/g, '0-9'],
  [/\[:alnum:\]/g, '0-9A-Za-z'],
  [/\[:upper:\]/g, 'A-Z'],
  [/\[:lower:\]/g, 'a-z'],
  [/\[:space:\]/g, '\\t\\n\\v\\f\\r '],
  [/\[:word:\]/g, '0-9A-Za-z_'],
  [/\[:xdigit:\]/g, '0-9A-Fa-f'],
  [/\[:blank:\]/g, '\\t '],
  [/\[:punct:\]/g, '!-\\/:-@\\[-`{-~'],
  [/\\pL/g, '\\p{L}'],
  [/\\pN/g, '\\p{N}']
]
/** Literals between `\Q` and `\E`. */
const LITERAL = /\\Q([\s\S]*?)(?:\\E|$)/g
const FLAGS = /^\(\?([imsU]+)\)/

function compile(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (/\(\?[=!]|\(\?<[=!]|\\[1-9]/.test(pattern)) throw fault(`invalid or unsupported Perl syntax: \`${pattern}\``)
  const flags = FLAGS.exec(pattern)?.[1] ?? ''
  if (flags.includes('U')) throw fault('the flag U is not supported')
  let source = pattern.replace(FLAGS, '').replace(LITERAL, (_, literal: string) => quoteMeta(literal))
  for (const [from, to] of REWRITTEN) source = source.replace(from, to)
  source = spelledForJavaScript(source)
  try {
    const expression = new RegExp(
      source,
      `g${/i/.test(flags) ? 'i' : ''}${/m/.test(flags) ? 'm' : ''}${/s/.test(flags) ? 's' : ''}u`
    )
    if (compiled.size >= MOST_COMPILED) compiled.clear()
    compiled.set(pattern, expression)
    return expression
  } catch (cause) {
    throw fault(reasonOf(pattern, cause as Error))
  }
}

/** A code, a property or another escape, the beginning of a class, its end, a repetition, or a bracket. */
const MARK = /\\(?:x\{([\da-fA-F]+)\}|([pP]\{\w+\})|([\s\S]))|\[\^?\]?|\]|\{\d+(?:,\d*)?\}|[{}]/g

/** RE2 takes brackets that open nothing as they are, and escapes of every sign; JavaScript refuses both. */
function spelledForJavaScript(source: string): string {
  let inClass = false
  return source.replace(MARK, (mark: string, code?: string, property?: string, escaped?: string) => {
    if (code !== undefined) return `\\u{${code}}`
    // categories have one or two letters, scripts are words
    if (property !== undefined) return property.length > 5 ? mark.replace('{', '{Script=') : mark
    if (escaped === 'a') return '\\x07'
    if (escaped !== undefined) return isPlainSign(escaped, inClass) ? escaped : mark
    if (mark.startsWith('[')) {
      if (inClass) return mark.endsWith(']') ? closeClass(mark) : `\\${mark}`
      inClass = true
      return mark.endsWith(']') ? `${mark.slice(0, -1)}\\]` : mark
    }
    if (mark === ']' && inClass) return closeClass(mark)
    return inClass || mark.length > 1 ? mark : `\\${mark}`
  })

  function closeClass(mark: string): string {
    inClass = false
    return mark.replace(/[[^]/g, '\\$&')
  }
}

/** True for a sign that needs no escape, which JavaScript allows for signs of its syntax alone. */
const isPlainSign = (sign: string, inClass: boolean): boolean =>
  /[!-/:-@[-`{-~]/.test(sign) && !'^$\\.*+?()[]{}|/'.includes(sign) && !(inClass && sign === '-')

const fault = (reason: string): GoFault => new GoFault(`error parsing regexp: ${reason}`)

function reasonOf(pattern: string, cause: Error): string {
  if (/Unterminated character class|Lone quantifier brackets/.test(cause.message) && /\[[^\]]*$/.test(pattern)) {
    return `missing closing ]: \`${pattern.slice(pattern.lastIndexOf('['))}\``
  }
  if (/Unterminated group/.test(cause.message)) return `missing closing ): \`${pattern}\``
  return cause.message
}

const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')

/** At most `count` matches, all of them below zero. */
function matchesOf(pattern: string, text: string, count: bigint): RegExpExecArray[] {
  const expression = compile(pattern)
  const out: RegExpExecArray[] = []
  let end = -1
  for (const match of text.matchAll(expression)) {
    if (count >= 0n && BigInt(out.length) >= count) break
    if (match[0] === '' && match.index === end) continue // Go: no empty match right behind another one
    end = match.index + match[0].length
    out.push(match)
  }
  return out
}

function split(pattern: string, text: string, count: bigint): string[] {
  if (count === 0n) return []
  if (pattern !== '' && text === '') return ['']
  const parts: string[] = []
  let start = 0
  let end = 0
  for (const match of matchesOf(pattern, text, count)) {
    if (count > 0n && BigInt(parts.length) === count - 1n) break
    end = match.index
    if (match.index + match[0].length !== 0) parts.push(text.slice(start, end))
    start = match.index + match[0].length
  }
  if (end !== text.length) parts.push(text.slice(start))
  return parts
}

/** Go's templates: `$1`, `${1}`, `${name}`, `$$`; a name takes as many letters, digits and `_` as there are. */
function expand(template: string, match: RegExpMatchArray): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (all, braced?: string, bare?: string) => {
    const name = braced ?? bare
    if (name === undefined) return '$'
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? (all === '$' ? '$' : '')
  })
}

function replaceAll(pattern: string, text: string, replacement: (match: RegExpExecArray) => string): string {
  let out = ''
  let done = 0
  for (const match of matchesOf(pattern, text, -1n)) {
    out += text.slice(done, match.index) + replacement(match)
    done = match.index + match[0].length
  }
  return out + text.slice(done)
}

const stringsOrNil = (texts: readonly string[]): Value[] => (texts.length === 0 ? nilList('[]string') : strings(texts))

const isMatch = (pattern: string, text: string): boolean => matchesOf(pattern, text, 1n).length > 0

const WITH_MUST: FunctionTable = {
  regexFind: declare('string string', (pattern: string, text: string) => matchesOf(pattern, text, 1n)[0]?.[0] ?? ''),
  regexFindAll: declare('string string int', (pattern: string, text: string, count: bigint) =>
    stringsOrNil(matchesOf(pattern, text, count).map(match => match[0]))
  ),
  regexReplaceAll: declare('string string string', (pattern: string, text: string, template: string) =>
    replaceAll(pattern, text, match => expand(template, match))
  ),
  regexReplaceAllLiteral: declare('string string string', (pattern: string, text: string, next: string) =>
    replaceAll(pattern, text, () => next)
  ),
  regexSplit: declare('string string int', (pattern: string, text: string, count: bigint) =>
    stringsOrNil(split(pattern, text, count))
  )
}

export const REGEXES: FunctionTable = {
  ...WITH_MUST,
  ...Object.fromEntries(Object.entries(WITH_MUST).map(([name, target]) => [`mustR${name.slice(1)}`, target])),
  mustRegexMatch: declare('string string', isMatch),
  regexMatch: declare('string string', (pattern: string, text: string) => {
    try {
      return isMatch(pattern, text)
    } catch {
      return false // sprig takes a bad pattern for one that does not match
    }
  }),
  regexQuoteMeta: declare('string', quoteMeta)
}
