/** `$ref`, `$dynamicRef` and `$recursiveRef`. */

import type { Check, Evaluation, Node } from '../node.js'
import { RECURSIVE_ANCHOR } from '../registry.js'
import type { SchemaReader } from '../schema-reader.js'
import type { Seen } from '../seen.js'
import { splitFragment } from '../uri.js'

export function referenceCheck(reader: SchemaReader): Check | undefined {
  const reference = reader.text('$ref')
  if (reference === undefined) return undefined
  const { node } = reader
  const target = reader.applied(reader.target(reference, '$ref'))
  return (value, run, seen) => {
    const start = run.mark
    // A reference that leads out of all cycles cannot come back to where it stands.
    const ok =
      target.cycle !== -1 && target.cycle === node.cycle ? run.follow(target, value, seen) : run.evaluateHere(target, value, seen)
    return ok || run.bundle(start, { keyword: 'reference' })
  }
}

export function dynamicReferenceChecks(reader: SchemaReader): Check[] {
  const checks: Check[] = []
  const recursive = reader.version === 2019 ? reader.text('$recursiveRef') : undefined
  if (recursive !== undefined) checks.push(dynamicCheck(reader, recursive, '$recursiveRef', RECURSIVE_ANCHOR))
  const dynamic = reader.version >= 2020 ? reader.text('$dynamicRef') : undefined
  if (dynamic !== undefined) {
    checks.push(dynamicCheck(reader, dynamic, '$dynamicRef', splitFragment(dynamic).fragment))
  }
  return checks
}

/** The reference is dynamic when what it means by itself has the dynamic anchor of its name. */
function dynamicCheck(reader: SchemaReader, reference: string, keyword: string, name: string | undefined): Check {
  const place = reader.target(reference, keyword)
  const target = reader.applied(place)
  const { dynamicAnchors, anchors, pointer } = place.resource
  const own = name === RECURSIVE_ANCHOR ? pointer : anchors.get(name ?? '')
  const anchor = name !== undefined && dynamicAnchors.has(name) && own === place.pointer ? name : undefined
  return (value, run, seen) => follow(run, anchor, target, value, seen)
}

function follow(run: Evaluation, anchor: string | undefined, target: Node, value: unknown, seen: Seen | undefined): boolean {
  const start = run.mark
  const node = anchor === undefined ? target : (run.scope.get(anchor) ?? target)
  return run.follow(node, value, seen) || run.bundle(start, { keyword: 'reference' })
}
