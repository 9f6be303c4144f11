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
  return dynamicReferences(reader).map(
    ({ anchor, target }) =>
      (value, run, seen) =>
        follow(run, anchor, target, value, seen)
  )
}

/** A reference whose meaning depends on the resources that evaluation came through. */
export interface DynamicReference {
  /** The anchor that the scope is asked for; undefined where the reference is not dynamic after all. */
  readonly anchor: string | undefined
  /** What it means where the scope has no such anchor. */
  readonly target: Node
}

export function dynamicReferences(reader: SchemaReader): DynamicReference[] {
  const found: DynamicReference[] = []
  const recursive = reader.version === 2019 ? reader.text('$recursiveRef') : undefined
  if (recursive !== undefined) found.push(dynamicReference(reader, recursive, '$recursiveRef', RECURSIVE_ANCHOR))
  const dynamic = reader.version >= 2020 ? reader.text('$dynamicRef') : undefined
  if (dynamic !== undefined) found.push(dynamicReference(reader, dynamic, '$dynamicRef', splitFragment(dynamic).fragment))
  return found
}

/** The reference is dynamic when what it means by itself has the dynamic anchor of its name. */
function dynamicReference(reader: SchemaReader, reference: string, keyword: string, name: string | undefined): DynamicReference {
  const place = reader.target(reference, keyword)
  const { dynamicAnchors, anchors, pointer } = place.resource
  const own = name === RECURSIVE_ANCHOR ? pointer : anchors.get(name ?? '')
  const anchor = name !== undefined && dynamicAnchors.has(name) && own === place.pointer ? name : undefined
  return { anchor, target: reader.applied(place) }
}

function follow(run: Evaluation, anchor: string | undefined, target: Node, value: unknown, seen: Seen | undefined): boolean {
  const start = run.mark
  const node = anchor === undefined ? target : (run.scope.get(anchor) ?? target)
  return run.follow(node, value, seen) || run.bundle(start, { keyword: 'reference' })
}
