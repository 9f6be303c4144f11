/** Keywords that apply further schemas to the same value: `not`, `allOf`, `anyOf`, `oneOf`, `if`. */

import type { Check, Node } from '../node.js'
import type { SchemaReader } from '../schema-reader.js'

export function conditionChecks(reader: SchemaReader): Check[] {
  const checks: Check[] = []
  const not = reader.optional('not')
  if (not !== undefined) checks.push((value, run) => !run.fits(not, value, undefined) || run.fail({ keyword: 'not' }))
  const all = reader.subs('allOf')
  if (all !== undefined) checks.push(allOf(all))
  const any = reader.subs('anyOf')
  if (any !== undefined) checks.push(anyOf(any))
  const one = reader.subs('oneOf')
  if (one !== undefined) checks.push(oneOf(one))
  const condition = reader.version >= 7 ? reader.optional('if') : undefined
  if (condition !== undefined) checks.push(conditional(condition, reader.optional('then'), reader.optional('else')))
  return checks
}

function allOf(nodes: readonly Node[]): Check {
  return (value, run, seen) => {
    const start = run.mark
    let ok = true
    for (const node of nodes) {
      if (run.evaluateHere(node, value, seen)) continue
      ok = false
      if (run.quiet) break
    }
    return ok || run.bundle(start, { keyword: 'allOf' })
  }
}

function anyOf(nodes: readonly Node[]): Check {
  return (value, run, seen) => {
    const start = run.mark
    let ok = false
    for (const node of nodes) {
      if (!run.evaluateHere(node, value, seen)) continue
      ok = true
      // What the others have seen counts too.
      if (seen === undefined) break
    }
    if (!ok) return run.bundle(start, { keyword: 'anyOf' })
    run.drop(start)
    return true
  }
}

function oneOf(nodes: readonly Node[]): Check {
  return (value, run, seen) => {
    const start = run.mark
    let first = -1
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!
      const fits = first === -1 ? run.evaluateHere(node, value, seen) : run.fits(node, value, seen)
      if (!fits) continue
      run.drop(start)
      if (first !== -1) return run.fail({ keyword: 'oneOf', matched: [first, i] })
      first = i
    }
    return first !== -1 || run.bundle(start, { keyword: 'oneOf', matched: undefined })
  }
}

function conditional(condition: Node, yes: Node | undefined, no: Node | undefined): Check {
  return (value, run, seen) => {
    if (yes === undefined && no === undefined && seen === undefined) return true
    const branch = run.fits(condition, value, seen) ? yes : no
    return branch === undefined || run.evaluateHere(branch, value, seen)
  }
}
