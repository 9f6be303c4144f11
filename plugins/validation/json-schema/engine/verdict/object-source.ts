/** Writes what is asked of objects. */

import type { Node } from '../node.js'
import type { ObjectPlan } from './plan.js'
import type { Writer } from './writer.js'

/** Names that must be told apart: those of schemas, and those whose presence counts. */
interface Name {
  readonly bytes: Uint8Array
  readonly node: Node | undefined
  /** Number of its bit, -1 for none. */
  readonly bit: number
}

/** Bits of one variable. */
const BITS = 31
/** Longer names are compared by a call. */
const MAX_INLINE = 24
/** A text of UTF-16 that UTF-8 cannot say. */
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

export function objectSource(plan: ObjectPlan | undefined, writer: Writer): string {
  if (plan === undefined) return 'e = skipValue(b, i)\n'
  const { min, max } = plan
  const names = namesOf(plan)
  if (names === undefined) return 'return unsure()\n'
  const words = Math.ceil([...names.values()].filter(({ bit }) => bit >= 0).length / BITS)
  const masks = Array.from({ length: words }, (_, at) => `m${at} = 0`)
  return `let ${[...masks, 'n = 0', 'z = 0', 'j = skipSpace(b, i + 1)'].join(', ')}
if (b[j] === 125) e = j + 1
else for (;;) {
if ((STATE[1] -= 8) < 0) return unsure()
${memberSource(plan, [...names.values()], writer)}n++
${max === undefined ? '' : `if (n > ${max}) return 0\n`}j = z
if (b[j] === 44 && b[j + 1] === 34) { j++; continue }
if ((j = nextOf(b, j)) < 0) { e = ~j; break }
}
${min === undefined ? '' : `if (n < ${min}${min > 1 ? ' || !fails(b, i)' : ''}) return 0\n`}${presenceSource(plan, names, writer)}`
}

/** All names that count; undefined for one that cannot stand in a body. */
function namesOf({ properties, required, needs, applies }: ObjectPlan): ReadonlyMap<string, Name> | undefined {
  const counted = new Set([
    ...required,
    ...needs.flatMap(([name, others]) => [name, ...others]),
    ...applies.map(([name]) => name)
  ])
  const names = new Map<string, Name>()
  let bits = 0
  for (const name of new Set([...properties.keys(), ...counted])) {
    if (LONE.test(name)) return undefined
    names.set(name, { bytes: Buffer.from(name), node: properties.get(name), bit: counted.has(name) ? bits++ : -1 })
  }
  return names
}

/** The test of the member whose name begins at `j`, which leaves the end of its value in `z`. */
function memberSource(plan: ObjectPlan, names: readonly Name[], writer: Writer): string {
  const { patterns, rest } = plan
  const every = plan.names === undefined ? '' : `if (${writer.call(plan.names, 'j')} === 0) return 0\n`
  const tests = patterns.map(([pattern, node]) => {
    const { automaton } = pattern
    const table = automaton === undefined ? 'undefined' : writer.constant(automaton)
    return `if ((t = hasName(b, j, q, ${table}, ${writer.constant(pattern)})) < 0) return 0
if (t === 1 && (z = ${writer.call(node, 'v')}) === 0) return 0
`
  })
  const seen = !writer.notes ? '' : rest === undefined ? 'if (z !== 0) NOTES[s + n] = 1\n' : 'NOTES[s + n] = 1\n'
  const others =
    rest === false
      ? 'return 0'
      : rest === undefined
        ? 'z = skipValue(b, v)'
        : `if ((z = ${writer.call(rest, 'v')}) === 0) return 0`
  return `let h = 0, q = j + 1
for (;;) {
const k = b[q]
if (k === 34) break
if (k === 92) return unsure()
h = (Math.imul(h, 31) + k) | 0
q++
}
if (q - j > 64) STATE[1] -= q - j
let v = b[q + 1] === 58 && b[q + 2] > 32 ? q + 2 : valueBehind(b, q)
z = 0
${every}${switchSource(names, writer)}${patterns.length > 0 ? 'let t = 0\n' : ''}${tests.join('')}${seen}if (z === 0) ${others}
`
}

function switchSource(names: readonly Name[], writer: Writer): string {
  const byHash = new Map<number, string[]>()
  for (const { bytes, node, bit } of names) {
    const mark = bit < 0 ? '' : `m${Math.floor(bit / BITS)} |= ${2 ** (bit % BITS)}; `
    const call = node === undefined ? '' : `if ((z = ${writer.call(node, 'v')}) === 0) return 0`
    const hash = hashOf(bytes)
    byHash.set(hash, [...(byHash.get(hash) ?? []), `if (${isNameSource(bytes, writer)}) { ${mark}${call} }`])
  }
  if (byHash.size === 0) return ''
  const cases = [...byHash].map(([hash, tests]) => `case ${hash}: ${tests.join('\nelse ')}\nbreak\n`)
  return `switch (h) {\n${cases.join('')}}\n`
}

function isNameSource(bytes: Uint8Array, writer: Writer): string {
  if (bytes.length > MAX_INLINE) return `isText(b, j + 1, q, ${writer.constant(bytes)})`
  return [`q - j === ${bytes.length + 1}`, ...Array.from(bytes, (byte, at) => `b[j + ${at + 1}] === ${byte}`)].join(' && ')
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0
  return hash
}

function presenceSource({ required, needs, applies }: ObjectPlan, names: ReadonlyMap<string, Name>, writer: Writer): string {
  const has = (list: readonly string[]): string => {
    const masks = new Map<number, number>()
    for (const name of new Set(list)) {
      const { bit } = names.get(name)!
      const word = Math.floor(bit / BITS)
      masks.set(word, (masks.get(word) ?? 0) + 2 ** (bit % BITS))
    }
    return [...masks].map(([word, mask]) => `(m${word} & ${mask}) === ${mask}`).join(' && ') || 'true'
  }
  let text = required.length === 0 ? '' : `if (!(${has(required)})) return 0\n`
  for (const [name, others] of needs) text += `if (${has([name])} && !(${has(others)})) return 0\n`
  for (const [name, node] of applies) text += `if (${has([name])} && ${writer.callHere(node)} === 0) return 0\n`
  return text
}
