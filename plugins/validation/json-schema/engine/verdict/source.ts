/**
 * Writes the source text of tests. One function for each schema, `(b, i)`: bytes and the offset of a value; it returns the offset behind
 * the value, or 0. Nothing of a schema stands in the text but numbers: names and literals are constants in a list, or single bytes.
 */

import type { Node } from '../node.js'
import { listSource } from './list-source.js'
import { objectSource } from './object-source.js'
import { ANY, ARRAY, BOOLEAN, type Choice, INTEGER, NULL, NUMBER, OBJECT, type Plan, STRING } from './plan.js'
import { numberSource, textSource } from './scalar-source.js'
import { SourceWriter, type Writer } from './writer.js'

/** Most schemas, and longest text, that a test is made of. */
const MAX_FUNCTIONS = 2000
const MAX_SOURCE = 1024 * 1024

/** A source text, and the constants that it reads. */
export interface Source {
  readonly text: string
  readonly constants: readonly unknown[]
}

/** Writes the test of a schema; undefined when it is too large, or of a keyword that only checks can apply. */
export function sourceOf(root: Node, planOf: (node: Node) => Plan): Source | undefined {
  const writer = new SourceWriter(planOf)
  if (writer.isUnknown(root)) return undefined
  const begin = writer.call(root, 'i')
  let text = ''
  for (let next = writer.waiting.pop(); next !== undefined; next = writer.waiting.pop()) {
    text += functionSource(next.name, planOf(next.node), next.node.cycle !== -1, writer)
    if (writer.count > MAX_FUNCTIONS || text.length > MAX_SOURCE) return undefined
  }
  const { constants } = writer
  const names = constants.map((_, at) => `const k${at} = K[${at}]\n`).join('')
  return { text: `'use strict'\n${names}${text}return (b, i) => ${begin}\n`, constants }
}

function functionSource(name: string, plan: Plan, isRecursive: boolean, writer: Writer): string {
  if (plan.unknown) return `function ${name}(b, i) { return unsure() }\n`
  const body = bodySource(plan, writer)
  if (!isRecursive) return `function ${name}(b, i) {\n${body}}\n`
  // a schema that leads back to itself is followed so far
  return `function ${name}(b, i) {
  const e = ++STATE[2] > 700 || (STATE[1] -= 16) < 0 ? unsure() : ${name}x(b, i)
  STATE[2]--
  return e
}
function ${name}x(b, i) {\n${body}}\n`
}

function bodySource(plan: Plan, writer: Writer): string {
  const own = ownSource(plan, writer)
  const further = furtherSource(plan, writer)
  if (own === '') return `let e = 0\n${further}return e === 0 ? skipValue(b, i) : e\n`
  return `let e = 0\nconst c = b[i]\n${own}${further}return e\n`
}

/** What is asked of the value by its kind; '' for nothing. Leaves the end of the value in `e`. */
function ownSource(plan: Plan, writer: Writer): string {
  const { types, choices, number, text, list, object } = plan
  if (types === ANY && choices.length === 0 && [number, text, list, object].every(one => one === undefined)) return ''
  const takes = (bit: number): boolean => (types & bit) !== 0
  const containers = choices.map(({ hasContainers }) => hasContainers)
  // a value of `const` or `enum` that is no scalar is compared by the checks
  const whole = choices.length === 0 ? undefined : containers.every(Boolean) ? 'return unsure()\n' : 'return 0\n'
  const cases = [
    ['c === 34', takes(STRING) ? textSource(text, choices, writer) : 'return 0\n'],
    ['c === 123', takes(OBJECT) ? (whole ?? objectSource(object, writer)) : 'return 0\n'],
    ['c === 91', takes(ARRAY) ? (whole ?? listSource(list, writer)) : 'return 0\n'],
    ['c === 110', literalSource(takes(NULL), choices, null, 4)],
    ['c === 116', literalSource(takes(BOOLEAN), choices, true, 4)],
    ['c === 102', literalSource(takes(BOOLEAN), choices, false, 5)]
  ]
  const rest = takes(NUMBER | INTEGER) ? numberSource(number, choices, takes(INTEGER), writer) : 'return 0\n'
  return `${cases.map(([when, then]) => `if (${when}) {\n${then}}`).join(' else ')} else {\n${rest}}\n`
}

const literalSource = (isTaken: boolean, choices: readonly Choice[], value: boolean | null, length: number): string =>
  isTaken && choices.every(({ literals }) => literals.has(value)) ? `e = i + ${length}\n` : 'return 0\n'

/** What further schemas ask of the same value. */
function furtherSource({ all, any, one, not, condition }: Plan, writer: Writer): string {
  const count = [...all, ...(any ?? []), ...(one ?? []), not, condition].filter(given => given !== undefined).length
  let text = count > 1 ? 'if ((STATE[1] -= 8) < 0) return unsure()\n' : ''
  text += all.map(node => `if ((e = ${writer.call(node, 'i')}) === 0) return 0\n`).join('')
  if (not !== undefined) text += `if (${writer.call(not, 'i')} !== 0 || !fails(b, i)) return 0\n`
  if (any !== undefined) {
    const calls = any.map(node => `(e = ${writer.call(node, 'i')}) === 0`).join(' && ')
    text += `{\nconst u = STATE[0]\nif (${calls}) return 0\nSTATE[0] = u\n}\n`
  }
  if (one !== undefined) {
    // the others must surely not fit
    const calls = one.map(
      node => `if ((z = ${writer.call(node, 'i')}) !== 0) { if (n++ > 0) return 0; e = z } else if (STATE[0] !== 0) return 0\n`
    )
    text += `{\nlet z = 0, n = 0\n${calls.join('')}if (n === 0${one.length > 1 ? ' || !fails(b, i)' : ''}) return 0\n}\n`
  }
  if (condition !== undefined) {
    const [when, yes, no] = condition
    const branch = (node: Node | undefined): string =>
      node === undefined ? '' : `if ((e = ${writer.call(node, 'i')}) === 0) return 0\n`
    text += `{\nconst z = ${writer.call(when, 'i')}\nif (z !== 0) {\ne = z\n${branch(yes)}} else {\nif (!fails(b, i)) return 0\n${branch(no)}}\n}\n`
  }
  return text
}
