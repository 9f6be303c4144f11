import type { NumberOperand } from './syntax.js'

const INTEGER = /^[+-]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/
const HEX_FLOAT = /^([+-]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?[pP]([+-]?\d+)$/
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Reads a number or character constant as Go does; undefined when it is none, or an imaginary number. */
export function parseNumber(text: string): Pick<NumberOperand, 'value' | 'integer' | 'float'> | undefined {
  if (text.startsWith("'")) return character(text.slice(1, -1))
  const digits = text.replaceAll('_', '')
  if (INTEGER.test(digits)) {
    const integer = integerOf(digits)
    return { value: integer, integer, float: Number(integer) }
  }
  const hex = HEX_FLOAT.exec(digits)
  if (hex === null && !FLOAT.test(digits)) return undefined
  const float = hex === null ? Number(digits) : hexFloat(hex)
  if (!Number.isFinite(float)) return undefined
  return { value: float, integer: Number.isInteger(float) ? BigInt(float) : undefined, float }
}

function character(text: string): ReturnType<typeof parseNumber> {
  const escaped = ESCAPES.get(text)
  const hex = /^\\[xuU]([\da-fA-F]+)$/.exec(text)
  const octal = /^\\([0-7]{3})$/.exec(text)
  const code =
    escaped ??
    (hex !== null
      ? Number.parseInt(hex[1]!, 16)
      : octal !== null
        ? Number.parseInt(octal[1]!, 8)
        : [...text].length === 1
          ? text.codePointAt(0)
          : undefined)
  return code === undefined ? undefined : { value: BigInt(code), integer: BigInt(code), float: code }
}

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['\\a', 7],
  ['\\b', 8],
  ['\\f', 12],
  ['\\n', 10],
  ['\\r', 13],
  ['\\t', 9],
  ['\\v', 11],
  ['\\\\', 92],
  ["\\'", 39]
])

function integerOf(digits: string): bigint {
  const isNegative = digits.startsWith('-')
  const bare = digits.replace(/^[+-]/, '')
  const value = BigInt(/^0\d/.test(bare) ? `0o${bare.slice(1)}` : bare)
  return isNegative ? -value : value
}

function hexFloat([, sign, whole, fraction = '', exponent]: RegExpExecArray): number {
  const mantissa = Number.parseInt(`${whole}${fraction}` || '0', 16)
  return (sign === '-' ? -1 : 1) * mantissa * 2 ** (Number(exponent) - 4 * fraction.length)
}
