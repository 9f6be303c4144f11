/** Writes what is asked of arrays. */

import type { Contained, ListPlan } from './plan.js'
import type { Writer } from './writer.js'

export function listSource(plan: ListPlan | undefined, writer: Writer): string {
  if (plan === undefined) return 'e = skipValue(b, i)\n'
  const { min, max, unique, contains, prefix, rest } = plan
  const item = itemSource(plan, writer)
  let text = ''
  if (item === undefined && contains === undefined && min === undefined && max === undefined) text += 'e = skipValue(b, i)\n'
  else {
    const found = contains === undefined ? '' : containedSource(contains, writer)
    text += `const u = STATE[0]\nlet n = 0, q = 0, z = 0, j = skipSpace(b, i + 1)
if (b[j] === 93) e = j + 1
else for (;;) {
if ((STATE[1] -= 8) < 0) return unsure()
${item ?? 'z = skipValue(b, j)\n'}${found}n++
${max === undefined ? '' : `if (n > ${max}) return 0\n`}j = z
if (b[j] === 44 && b[j + 1] > 32) { j++; continue }
if ((j = nextOf(b, j)) < 0) { e = ~j; break }
}
`
    if (min !== undefined) text += `if (n < ${min}) return 0\n`
    if (contains !== undefined) text += `if (q < ${contains.min}) return 0\n`
    // an item that may fit after all is one that may count as looked at
    if (contains !== undefined && !(writer.notes && contains.isSeen)) text += 'STATE[0] = u\n'
    if (contains?.max !== undefined) text += `if (q > ${contains.max} || !fails(b, i)) return 0\n`
  }
  if (writer.notes && rest !== undefined) text += 'NOTES.fill(1, s, s + m)\n'
  else if (writer.notes && prefix.length > 0) text += `NOTES.fill(1, s, s + Math.min(m, ${prefix.length}))\n`
  if (unique) text += 'if (!hasUniqueItems(b, i)) return 0\n'
  return text
}

/** The test of the item at `j`, which leaves its end in `z`; undefined where any item will do. */
function itemSource({ prefix, rest }: ListPlan, writer: Writer): string | undefined {
  const behind =
    rest === false
      ? 'return 0\n'
      : rest === undefined || writer.takesAll(rest)
        ? undefined
        : `if ((z = ${writer.call(rest, 'j')}) === 0) return 0\n`
  if (prefix.length === 0) return behind
  const cases = prefix.map((node, at) => `case ${at}: if ((z = ${writer.call(node, 'j')}) === 0) return 0; break\n`)
  return `switch (n) {\n${cases.join('')}default: ${behind ?? 'z = skipValue(b, j)\n'}}\n`
}

/** Counts an item in `q`. That one does not fit must be sure only where there may be too many. */
function containedSource({ node, max, isSeen }: Contained, writer: Writer): string {
  const count = writer.notes && isSeen ? '{ q++; NOTES[s + n] = 1 }' : 'q++'
  return `if (${writer.call(node, 'j')} !== 0) ${count}\n${max === undefined ? '' : 'else if (STATE[0] !== 0) return 0\n'}`
}
