import type { Sliced } from '../../message/slices.js'
import type { FlatLabel } from './label.js'
import { type FlatTree, NONE, ROOT, UNINDEXED } from './tree.js'

/** At least one part. */
export type FlatPath = readonly FlatLabel[]

export const WILDCARD = '*'

/** Containers that are visited before others get their turn. */
const STEP = 512

/**
 * Sees a container that a path without its last part leads to; `way` holds the nodes on the way, the root first, this one last. It may
 * change the container's children, nothing further out. Returns false when the container must be indexed before (see `FlatTree.find`).
 */
export type Visit = (container: number, way: readonly number[]) => boolean

/** Visits every container that the path without its last part leads to, in document order. */
export function* walk(tree: FlatTree, path: FlatPath, visit: Visit): Sliced<void> {
  const way = [ROOT]
  /** Under a wildcard: the next child to go to, by depth. */
  const nexts: number[] = []
  for (let steps = 1; ; steps++) {
    if (steps % STEP === 0) yield
    const depth = way.length - 1
    const container = way[depth]!
    while (!tree.open(container)) yield
    if (depth === path.length - 1) {
      while (!visit(container, way)) yield* tree.index(container)
    } else {
      const part = path[depth]!
      let child: number
      if (part.text === WILDCARD) {
        child = tree.first(container)
        nexts[depth] = child === NONE ? NONE : tree.after(child)
      } else {
        child = tree.find(container, part)
        if (child === UNINDEXED) {
          yield* tree.index(container)
          child = tree.find(container, part)
        }
        nexts[depth] = NONE
      }
      if (child !== NONE) {
        way.push(child)
        continue
      }
    }
    let next: number = NONE
    while (next === NONE) {
      way.pop()
      if (way.length === 0) return
      next = nexts[way.length - 1]!
    }
    nexts[way.length - 1] = tree.after(next)
    way.push(next)
  }
}

/** Finds a child, in a wide container too. Opens the container. */
export function* seek(tree: FlatTree, container: number, label: FlatLabel): Sliced<number> {
  while (!tree.open(container)) yield
  const child = tree.find(container, label)
  if (child !== UNINDEXED) return child
  yield* tree.index(container)
  return tree.find(container, label)
}

/** Hangs a node under a container: in an array behind the others, in an object in place of one with its label. */
export function* put(tree: FlatTree, container: number, label: FlatLabel, node: number): Sliced<void> {
  while (!tree.open(container)) yield
  if (!tree.isList(container)) {
    const there = yield* seek(tree, container, label)
    if (there !== NONE) return tree.replace(there, label, node)
  }
  while (!tree.reserve()) yield
  tree.add(container, label, node)
}
