/**
 * Writes the source text of tests. One function for each schema, `(b, i)`: bytes and the offset of a value; it returns the offset behind
 * the value, or 0. Nothing of a schema stands in the text but numbers: names and literals are constants in a list, or single bytes.
 */

import type { Node } from '../node.js'
import type { Scope } from '../scope.js'
import { listSource } from './list-source.js'
import { objectSource } from './object-source.js'
import { ANY, ARRAY, asksSeen, BOOLEAN, type Choice, INTEGER, NULL, NUMBER, OBJECT, type Plan, STRING } from './plan.js'
import { numberSource, textSource } from './scalar-source.js'
import { SourceWriter, type Task, type Writer } from './writer.js'

/** Most schemas, and longest text, that a test is made of. */
const MAX_FUNCTIONS = 2000
const MAX_SOURCE = 1024 * 1024

/** A source text, and the constants that it reads. */
export interface Source {
  readonly text: string
  readonly constants: readonly unknown[]
}

/** Writes the test of a schema; undefined when it is too large. */
export function sourceOf(root: Node, scope: Scope, planOf: (node: Node) => Plan): Source | undefined {
  const writer = new SourceWriter(planOf, scope)
  const begin = writer.call(root, 'i')
  let text = ''
  for (let next = writer.waiting.pop(); next !== undefined; next = writer.waiting.pop()) {
    writer.begin(next)
    text += functionSource(next, planOf(next.node), writer)
    if (writer.functions > MAX_FUNCTIONS || text.length > MAX_SOURCE) return undefined
  }
  const { constants } = writer
  const names = constants.map((_, at) => `const k${at} = K[${at}]\n`).join('')
  return { text: `'use strict'\n${names}${text}return (b, i) => ${begin}\n`, constants }
}

function functionSource({ name, node, notes }: Task, plan: Plan, writer: SourceWriter): string {
  // who asks for notes opens a region for them
  if (asksSeen(plan) && !notes) return `function ${name}(b, i) { return noted(${writer.noting(node)}, b, i) }\n`
  const parameters = notes ? 'b, i, s, m' : 'b, i'
  const body = bodySource(plan, writer)
  if (node.cycle === -1 && plan.dynamic.length === 0) return `function ${name}(${parameters}) {\n${body}}\n`
  // a schema that leads back to itself is followed so far
  return `function ${name}(${parameters}) {
  const e = ++STATE[2] > 700 || (STATE[1] -= 16) < 0 ? unsure() : ${name}x(${parameters})
  STATE[2]--
  return e
}
function ${name}x(${parameters}) {\n${body}}\n`
}

function bodySource(plan: Plan, writer: Writer): string {
  const own = ownSource(plan, writer)
  const further = furtherSource(plan, writer)
  const unseen = unseenSource(plan.unseenMembers, 123, writer) + unseenSource(plan.unseenItems, 91, writer)
  if (own === '') return `let e = 0\n${further}${unseen}return e === 0 ? skipValue(b, i) : e\n`
  return `let e = 0\nconst c = b[i]\n${own}${further}${unseen}return e\n`
}

/** What is asked of members, or items, that no other schema has looked at. */
function unseenSource(node: Node | undefined, kind: number, writer: Writer): string {
  if (node === undefined) return ''
  return `if (b[i] === ${kind} && (e = testUnseen((b, i) => ${writer.call(node, 'i')}, b, i, s)) === 0) return 0\n`
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
function furtherSource({ all, dynamic, any, one, not, condition }: Plan, writer: Writer): string {
  const count = [...all, ...dynamic, ...(any ?? []), ...(one ?? []), not, condition].filter(given => given !== undefined).length
  let text = count > 1 ? 'if ((STATE[1] -= 8) < 0) return unsure()\n' : ''
  const meant = dynamic.map(({ anchor, target }) => (anchor === undefined ? target : (writer.meaning(anchor) ?? target)))
  text += [...all, ...meant].map(node => `if ((e = ${writer.callHere(node)}) === 0) return 0\n`).join('')
  if (not !== undefined) text += `if (${writer.call(not, 'i')} !== 0 || !fails(b, i)) return 0\n`
  if (any !== undefined) text += writer.notes ? notingAnySource(any, writer) : anySource(any, writer)
  if (one !== undefined) {
    // the others must surely not fit
    const calls = one.map(
      node => `if ((z = ${writer.tryHere(node)}) !== 0) { if (n++ > 0) return 0; e = z } else if (STATE[0] !== 0) return 0\n`
    )
    text += `{\nlet z = 0, n = 0\n${calls.join('')}if (n === 0${one.length > 1 ? ' || !fails(b, i)' : ''}) return 0\n}\n`
  }
  if (condition !== undefined) {
    const [when, yes, no] = condition
    const branch = (node: Node | undefined): string =>
      node === undefined ? '' : `if ((e = ${writer.callHere(node)}) === 0) return 0\n`
    text += `{\nconst z = ${writer.tryHere(when)}\nif (z !== 0) {\ne = z\n${branch(yes)}} else {\nif (!fails(b, i)) return 0\n${branch(no)}}\n}\n`
  }
  return text
}

function anySource(any: readonly Node[], writer: Writer): string {
  const calls = any.map(node => `(e = ${writer.call(node, 'i')}) === 0`).join(' && ')
  return `{\nconst u = STATE[0]\nif (${calls}) return 0\nSTATE[0] = u\n}\n`
}

/** What each alternative that fits has looked at counts; one that may fit after all leaves the rest unsure. */
function notingAnySource(any: readonly Node[], writer: Writer): string {
  const calls = any.map(node => `if ((z = ${writer.tryHere(node)}) !== 0) { n++; e = z }\n`)
  return `{\nlet z = 0, n = 0\n${calls.join('')}if (n === 0) return 0\n}\n`
}
