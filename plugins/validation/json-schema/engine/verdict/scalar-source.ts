/** Writes what is asked of texts and numbers. */

import { characters } from '../keywords/scalars.js'
import type { Bound } from '../numbers.js'
import type { Choice, NumberPlan, TextPlan } from './plan.js'
import type { Writer } from './writer.js'

/** A text that stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

export function textSource(plan: TextPlan | undefined, choices: readonly Choice[], writer: Writer): string {
  if (plan === undefined && choices.length === 0) return 'e = skipValue(b, i)\n'
  const { min, max, pattern, format } = plan ?? {}
  const lists = choices.map(({ texts }) => texts)
  const isOfLength = (text: string): boolean => {
    const length = characters(text)
    return length >= (min ?? 0) && length <= (max ?? Number.POSITIVE_INFINITY)
  }
  const isWanted = (text: string): boolean =>
    lists.every(texts => texts.has(text)) &&
    isOfLength(text) &&
    (pattern === undefined || pattern.test(text)) &&
    (format === undefined || format(text))
  const decoded = `if (!pays(z - i)) return unsure()\nif (!${writer.constant(isWanted)}(decodeText(b, i, z))) return 0\ne = z + 1\n`
  let plain = ''
  if (min !== undefined) plain += `if (z - i - 1 < ${min}) return 0\n`
  if (max !== undefined) plain += `if (z - i - 1 > ${max}) return 0\n`
  for (const texts of lists) {
    const bytes = [...texts].filter(text => PLAIN.test(text)).map(text => Buffer.from(text, 'latin1'))
    plain += `if (!isOneOf(b, i + 1, z, ${writer.constant(bytes)})) return 0\n`
  }
  const { automaton } = pattern ?? {}
  if (automaton !== undefined) {
    plain += `const t = ${writer.constant(automaton)}.testBytes(b, i + 1, z)\nif (t !== 1) return t < 0 ? unsure() : 0\n`
  }
  const slow = [automaton === undefined ? pattern : undefined, format && { test: format }].filter(one => one !== undefined)
  if (slow.length > 0) plain += 'if (!pays(z - i)) return unsure()\n'
  for (const one of slow) plain += `if (!${writer.constant(one)}.test(b.toString('latin1', i + 1, z))) return 0\n`
  // a text has at most as many characters as bytes
  const alone = max !== undefined && [min, pattern, format].every(one => one === undefined) && choices.length === 0
  const short = alone ? `if (z - i - 1 <= ${max}) e = z + 1\nelse ` : ''
  return `let z = endOfText(b, i)\nif (z >= 0) {\n${plain}e = z + 1\n} else {\nz = ~z\n${short}{\n${decoded}}\n}\n`
}

/** Numbers of a schema that doubles hold. */
const arePlain = (bounds: readonly Bound[]): boolean => bounds.every(({ plain }) => plain)

export function numberSource(
  plan: NumberPlan | undefined,
  choices: readonly Choice[],
  wholeOnly: boolean,
  writer: Writer
): string {
  if (plan === undefined && choices.length === 0) {
    return wholeOnly ? 'if ((e = skipInteger(b, i)) === 0) return 0\n' : 'e = skipScalar(b, i)\n'
  }
  const { limits = [], multipleOf } = plan ?? {}
  const bounds = [...limits.map(([, bound]) => bound), ...choices.flatMap(({ numbers }) => numbers)]
  if (!arePlain(bounds)) return 'return unsure()\n'
  let text = 'if ((e = readNumber(b, i)) < 0) return unsure()\nconst v = NUMBER[0]\n'
  if (wholeOnly) text += 'if (!Number.isInteger(v)) return 0\n'
  for (const [comparison, { value }] of limits) text += `if (!(v ${comparison} ${literal(value)})) return 0\n`
  for (const { numbers } of choices) {
    const equals = numbers.map(({ value }) => `v !== ${literal(value)}`).join(' && ')
    text += equals === '' ? 'return 0\n' : `if (${equals}) return 0\n`
  }
  if (multipleOf !== undefined) text += `if (!isMultipleOf(b, i, e, ${writer.constant(multipleOf)})) return 0\n`
  return text
}

/** A double as source text. */
function literal(value: number): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('a bound is no finite number')
  return `(${value})`
}
