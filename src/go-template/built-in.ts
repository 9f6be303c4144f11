/** The functions that Go's text/template itself has; `and` and `or` are evaluated by the execution. */

import { COMPARISONS } from './compare.js'
import { formatValue } from './format-value.js'
import { GoFault } from './go-fault.js'
import { declare, type FunctionTable } from './go-function.js'
import { sprintf } from './printf.js'
import { integerOf, isInteger, isMap, isTrue, typeOf, type Value } from './value.js'

/** As fmt.Sprint: a blank between neighbours that are both no texts. */
function sprint(...values: Value[]): string {
  let out = ''
  for (const [i, value] of values.entries()) {
    if (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string') out += ' '
    out += formatValue(value)
  }
  return out
}

function index(item: Value, ...keys: Value[]): Value {
  if (item === null) throw new GoFault('index of untyped nil')
  let value: Value = item
  for (const key of keys) value = step(value, key)
  return value
}

function step(value: Value, key: Value): Value {
  if (isMap(value)) {
    if (typeof key !== 'string') {
      throw new GoFault(
        key === null ? 'value is nil; should be of type string' : `value has type ${typeOf(key)}; should be string`
      )
    }
    return value.get(key) ?? null
  }
  if (Array.isArray(value) || typeof value === 'string') {
    if (key === null) throw new GoFault('cannot index slice/array with nil')
    if (!isInteger(key)) throw new GoFault(`cannot index slice/array with type ${typeOf(key)}`)
    const items = typeof value === 'string' ? [...Buffer.from(value)].map(byte => BigInt(byte)) : value
    const at = integerOf(key)
    if (at < 0n || at >= BigInt(items.length)) throw new GoFault(`index out of range: ${at}`)
    return items[Number(at)]!
  }
  throw new GoFault(value === null ? 'index of nil pointer' : `can't index item of type ${typeOf(value)}`)
}

function len(value: Value): bigint {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  if (Array.isArray(value)) return BigInt(value.length)
  if (isMap(value)) return BigInt(value.size)
  throw new GoFault(value === null ? 'len of nil pointer' : `len of type ${typeOf(value)}`)
}

const argumentsText = (values: readonly Value[]): string =>
  values.length === 1 && typeof values[0] === 'string' ? values[0] : sprint(...values.map(value => value ?? '<no value>'))

const HTML: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;'
}
const SCRIPT: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' }
const upperHex = (char: string): string => `\\u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`

export const BUILT_IN: FunctionTable = {
  ...COMPARISONS,
  and: declare('any ...any', () => null),
  or: declare('any ...any', () => null),
  not: declare('any', (value: Value) => !isTrue(value)),
  index: declare('any ...any', index as never),
  len: declare('any', len as never),
  call: declare('any ...any', () => {
    throw new GoFault('non-function')
  }),
  print: declare('...any', sprint as never),
  println: declare('...any', (...values: Value[]) => `${values.map(formatValue).join(' ')}\n`),
  printf: declare('string ...any', (format: string, ...values: Value[]) => sprintf(format, values)),
  html: declare('...any', (...values: Value[]) => argumentsText(values).replace(/[\0"'&<>]/g, char => HTML[char]!)),
  js: declare('...any', (...values: Value[]) =>
    argumentsText(values).replace(
      /[\\'"<>&=\u0000-\u001f]|[^\p{L}\p{M}\p{N}\p{P}\p{S} \u007f]/gu,
      char => SCRIPT[char] ?? upperHex(char)
    )
  ),
  urlquery: declare('...any', (...values: Value[]) =>
    encodeURIComponent(argumentsText(values))
      .replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+')
  )
}
