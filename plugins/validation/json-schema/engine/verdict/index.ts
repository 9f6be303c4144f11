/**
 * Whether a body fits a schema, told by a function that is generated for the schema and reads the body's bytes: nothing is decoded but
 * what regular expressions and formats look at, and what no keyword names is stepped over. Only a yes is final.
 */

import type { Node } from '../node.js'
import type { Pattern } from '../schema-reader.js'
import type { Scope } from '../scope.js'
import { hasDistinctNames } from './distinct-names.js'
import * as notes from './notes.js'
import type { Plan } from './plan.js'
import { sourceOf } from './source.js'
import * as walk from './walk.js'
import { DEPTH, doubt, FUEL, pays, STATE, skipSpace, TOP, UNSURE, unsure } from './walk.js'

/** What a test found. Where a name stands twice in an object, `does not fit` may be wrong; `unsure` = only the checks can tell. */
export type Verdict = 'fits' | 'does not fit' | 'unsure'

/** Tests JSON text that is known to be well-formed, in UTF-8. */
export type ByteTest = (bytes: Buffer) => Verdict

/** Times a body's bytes that a test may look at, whatever alternatives a schema has. */
const MOST_LOOKS = 32
const LEAST_FUEL = 4096

/** Returns 1 for a name that matches, 0 for one that does not, -1 when too much was looked at. `from` and `to` are its quotes. */
function hasName(bytes: Buffer, from: number, to: number, table: Pattern['automaton'], pattern: Pattern): number {
  const found = table === undefined ? -1 : table.testBytes(bytes, from + 1, to)
  if (found !== -1) return found
  if (!pays(to - from)) return unsure() - 1
  return pattern.test(bytes.toString('utf8', from + 1, to)) ? 1 : 0
}

/** After a 0: whether the value surely does not fit. */
function fails(bytes: Buffer, at: number): boolean {
  return STATE[UNSURE] === 0 && (hasDistinctNames(bytes, at) || doubt())
}

const TOOLS: Readonly<Record<string, unknown>> = { ...walk, ...notes, hasName, fails }

/** Generates the test of a schema. Undefined where it cannot be: it would be too large, or Node makes no code from strings. */
export function compileByteTest(root: Node, scope: Scope, planOf: (node: Node) => Plan): ByteTest | undefined {
  const source = sourceOf(root, scope, planOf)
  if (source === undefined) return undefined
  let run: (bytes: Buffer, at: number) => number
  try {
    const names = Object.keys(TOOLS)
    // the text holds numbers and names of this folder alone: see source.ts
    run = new Function('K', ...names, source.text)(source.constants, ...names.map(name => TOOLS[name]))
  } catch (cause) {
    // Node runs with --disallow-code-generation-from-strings
    if (cause instanceof EvalError) return undefined
    throw cause
  }
  return bytes => {
    STATE[UNSURE] = 0
    STATE[FUEL] = LEAST_FUEL + MOST_LOOKS * bytes.length
    STATE[DEPTH] = 0
    STATE[TOP] = 0
    try {
      if (run(bytes, skipSpace(bytes, 0)) !== 0) return 'fits'
    } catch (cause) {
      // nested deeper than the stack allows
      if (!(cause instanceof RangeError)) throw cause
      return 'unsure'
    }
    return STATE[UNSURE] === 0 ? 'does not fit' : 'unsure'
  }
}
