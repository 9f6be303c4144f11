/**
 * `proxy.flatmap_filter`: moves, appends and deletes along dotted paths, with `*` for any key and indexes for arrays.
 *
 * In, at boot: the operations. Out: a function of data. The rules of labels and of what is left empty stand in `flat-tree.ts`. `*` in the
 * last part of a `move`, or in new parts of its target, is a key like any other, as in KrakenD.
 */

import type { FlatmapOperation } from '../../config/types.js'
import { ObjectNode, RawNode } from '../../message/json/node.js'
import { writeJson } from '../../message/json/render.js'
import { isEmptyObject } from '../../message/json/scan.js'
import { joined } from '../../message/pieces.js'
import type { Sliced } from '../../message/slices.js'
import { compileAppend } from './append.js'
import { type FlatLabel, FlatLabels } from './label.js'
import { compileMove } from './move.js'
import { FlatTree, NONE, ROOT, UNINDEXED } from './tree.js'
import { type FlatPath, WILDCARD, walk } from './walk.js'
import { writeFlatTree } from './write.js'

type Operation = (tree: FlatTree) => Sliced<void>
/** Edits data; `null` data stays, data left without a field becomes `null`. */
export type Flatmap = (data: ObjectNode | null) => Sliced<ObjectNode | null>

/** Compiles the operations; undefined when none is usable (an operation without its arguments is not). */
export function compileFlatmap(operations: readonly FlatmapOperation[]): Flatmap | undefined {
  const labels = new FlatLabels()
  const steps = operations.flatMap(operation => compileOperation(operation, labels))
  return steps.length === 0 ? undefined : data => edit(data, steps, labels.all)
}

function* edit(data: ObjectNode | null, steps: readonly Operation[], names: readonly FlatLabel[]): Sliced<ObjectNode | null> {
  if (data === null || isEmptyObject(data)) return data
  const tree = new FlatTree(joined(yield* writeJson(data)), names)
  for (const step of steps) yield* step(tree)
  if (!tree.changed) return data
  if (tree.first(ROOT) === NONE) return null
  return new ObjectNode(undefined, new RawNode(undefined, yield* writeFlatTree(tree, names)))
}

function compileOperation({ type, args }: FlatmapOperation, labels: FlatLabels): Operation[] {
  const paths = args.map(path => labels.path(path))
  if (type === 'del') return paths.map(path => tree => remove(tree, path))
  const [from, to] = paths
  if (from === undefined || to === undefined) return []
  if (type === 'move') return [compileMove(from, to)]
  return type === 'append' ? [compileAppend(from, to)] : []
}

function remove(tree: FlatTree, path: FlatPath): Sliced<void> {
  const last = path[path.length - 1]!
  return walk(tree, path, container => {
    if (last.text === WILDCARD) {
      tree.clear(container)
      return true
    }
    const child = tree.find(container, last)
    if (child === UNINDEXED) return false
    if (child !== NONE) tree.remove(container, child)
    return true
  })
}
