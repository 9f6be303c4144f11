/** Keywords about arrays. */

import { acts, type Dialect } from '../drafts.js'
import type { Check, Evaluation, Node } from '../node.js'
import type { SchemaReader } from '../schema-reader.js'

type List = readonly unknown[]

export function arrayChecks(reader: SchemaReader, dialect: Dialect): Check[] {
  const checks: Check[] = []
  if (acts(dialect, 'validation')) {
    const min = reader.count('minItems')
    if (min !== undefined) {
      checks.push((value, run) => {
        const got = (value as List).length
        return got >= min || run.fail({ keyword: 'minItems', got, want: min })
      })
    }
    const max = reader.count('maxItems')
    if (max !== undefined) {
      checks.push((value, run) => {
        const got = (value as List).length
        return got <= max || run.fail({ keyword: 'maxItems', got, want: max })
      })
    }
    if (reader.get('uniqueItems') === true) checks.push((value, run) => isUnique(value as List, run))
  }
  if (acts(dialect, 'applicator')) {
    checks.push(...(reader.version >= 2020 ? itemsOf2020(reader) : itemsOfBefore(reader)))
    const contains = reader.version >= 6 ? containsCheck(reader, dialect) : undefined
    if (contains !== undefined) checks.push(contains)
  }
  return checks
}

function isUnique(list: List, run: Evaluation): boolean {
  if (list.length < 2) return true
  const { identities } = run
  const indexes = new Map<unknown, number>()
  for (let i = 0; i < list.length; i++) {
    const identity = identities.of(list, i, list[i])
    const first = indexes.get(identity)
    if (first !== undefined) return run.fail({ keyword: 'uniqueItems', first, second: i })
    indexes.set(identity, i)
  }
  return true
}

function evaluateItems(nodes: readonly Node[], list: List, run: Evaluation): boolean {
  let ok = true
  for (let i = 0; i < nodes.length && i < list.length; i++) {
    if (run.evaluateMember(nodes[i]!, list, i, list[i])) continue
    ok = false
    if (run.quiet) break
  }
  return ok
}

function evaluateRest(node: Node, start: number, list: List, run: Evaluation): boolean {
  let ok = true
  for (let i = start; i < list.length; i++) {
    if (node.plain?.(list[i]) === true) continue
    if (run.evaluateMember(node, list, i, list[i])) continue
    ok = false
    if (run.quiet) break
  }
  return ok
}

/** `prefixItems` and `items`. */
function itemsOf2020(reader: SchemaReader): Check[] {
  const prefix = reader.subs('prefixItems') ?? []
  const rest = reader.optional('items')
  const checks: Check[] = []
  if (prefix.length > 0) {
    checks.push((value, run, seen) => {
      seen?.addPrefix(prefix.length)
      return evaluateItems(prefix, value as List, run)
    })
  }
  if (rest !== undefined) checks.push(restCheck(rest, prefix.length))
  return checks
}

function restCheck(node: Node, start: number): Check {
  return (value, run, seen) => {
    seen?.addEveryItem()
    return evaluateRest(node, start, value as List, run)
  }
}

/** `items` as a schema, or as a list with `additionalItems` behind it. */
function itemsOfBefore(reader: SchemaReader): Check[] {
  const prefix = reader.subs('items')
  if (prefix === undefined) {
    const every = reader.optional('items')
    return every === undefined ? [] : [restCheck(every, 0)]
  }
  const checks: Check[] = [
    (value, run, seen) => {
      seen?.addPrefix(prefix.length)
      return evaluateItems(prefix, value as List, run)
    }
  ]
  const additional = reader.get('additionalItems')
  if (additional === false) {
    checks.push((value, run, seen) => {
      seen?.addEveryItem()
      const count = (value as List).length - prefix.length
      return count <= 0 || run.fail({ keyword: 'additionalItems', count })
    })
  } else {
    const node = reader.optional('additionalItems')
    if (node !== undefined) checks.push(restCheck(node, prefix.length))
  }
  return checks
}

function containsCheck(reader: SchemaReader, dialect: Dialect): Check | undefined {
  const node = reader.optional('contains')
  if (node === undefined) return undefined
  const counted = reader.version >= 2019 && acts(dialect, 'validation')
  const min = counted ? reader.count('minContains') : undefined
  const max = counted ? reader.count('maxContains') : undefined
  const tracks = reader.version >= 2020
  return (value, run, seen) => {
    const list = value as List
    const start = run.mark
    const matched: number[] = []
    for (let i = 0; i < list.length; i++) {
      if (!run.evaluateMember(node, list, i, list[i])) continue
      matched.push(i)
      if (tracks) seen?.addItem(i)
      else if (max === undefined && matched.length >= (min ?? 1)) break
    }
    const enough = matched.length >= (min ?? 1)
    if (enough) run.drop(start)
    else run.bundle(start, min === undefined ? { keyword: 'contains' } : { keyword: 'minContains', matched, want: min })
    if (max === undefined || matched.length <= max) return enough
    return run.fail({ keyword: 'maxContains', matched, want: max })
  }
}
