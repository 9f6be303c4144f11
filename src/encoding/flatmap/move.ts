import type { Sliced } from '../../message/slices.js'
import type { FlatLabel } from './label.js'
import { type FlatTree, NONE, ROOT, UNINDEXED } from './tree.js'
import { type FlatPath, put, seek, WILDCARD, walk } from './walk.js'

/** Moves that are made before others get their turn. */
const STEP = 512

/**
 * Compiles a `move`. Within one depth it renames the last part alone. To a greater depth the value goes below its own parent, along the
 * parts that the target has more; what is missing is made. To a lesser depth it goes along the target's path, as far as there is one.
 */
export function compileMove(from: FlatPath, to: FlatPath): (tree: FlatTree) => Sliced<void> {
  if (from.length === to.length) return tree => rename(tree, from, to[to.length - 1]!)
  return from.length < to.length ? tree => moveDown(tree, from, to) : tree => moveUp(tree, from, to)
}

function rename(tree: FlatTree, from: FlatPath, name: FlatLabel): Sliced<void> {
  const last = from[from.length - 1]!
  return walk(tree, from, container => {
    const child = tree.find(container, last)
    if (child === UNINDEXED) return false
    if (child === NONE || name === last) return true
    const replaced = tree.isList(container) ? NONE : tree.find(container, name)
    if (replaced === UNINDEXED) return false
    if (replaced !== NONE) tree.remove(container, replaced)
    tree.rename(container, child, name)
    return true
  })
}

function* moveDown(tree: FlatTree, from: FlatPath, to: FlatPath): Sliced<void> {
  const last = from[from.length - 1]!
  const steps = to.slice(from.length - 1, -1)
  const name = to[to.length - 1]!
  /** Pairs of a container and the child that was taken out. */
  const taken: number[] = []
  yield* walk(tree, from, container => takeOut(tree, container, last, taken))
  for (let i = 0; i < taken.length; i += 2) {
    if (i % STEP === STEP - 2) yield
    let container = taken[i]!
    for (const step of steps) {
      const there = yield* seek(tree, container, step)
      if (there === NONE) while (!tree.reserve()) yield
      container = there === NONE ? tree.add(container, step, undefined) : there
    }
    yield* put(tree, container, name, taken[i + 1]!)
  }
}

function takeOut(tree: FlatTree, container: number, label: FlatLabel, taken: number[]): boolean {
  const child = tree.find(container, label)
  if (child === UNINDEXED) return false
  if (child === NONE) return true
  tree.remove(container, child)
  taken.push(container, child)
  return true
}

function* moveUp(tree: FlatTree, from: FlatPath, to: FlatPath): Sliced<void> {
  const last = from[from.length - 1]!
  const name = to[to.length - 1]!
  const steps = to.slice(0, -1)
  /** Depths at which the target takes the label that the source has there. */
  const wild = steps.flatMap((step, depth) => (step.text === WILDCARD ? [depth] : []))
  /** For each value taken out: its container, itself, and for each of `wild` a container on its way with the child that was taken there. */
  const taken: number[] = []
  yield* walk(tree, from, (container, way) => {
    const before = taken.length
    const found = takeOut(tree, container, last, taken)
    if (taken.length > before) for (const depth of wild) taken.push(way[depth]!, way[depth + 1]!)
    return found
  })
  const width = 2 + 2 * wild.length
  for (let i = 0, moves = 1; i < taken.length; i += width, moves++) {
    if (moves % STEP === 0) yield
    let container = ROOT
    let pair = i + 2
    for (const step of steps) {
      let there: number
      if (step.text !== WILDCARD) there = yield* seek(tree, container, step)
      else {
        there = taken[pair] === container ? taken[pair + 1]! : yield* seek(tree, container, tree.labelOf(taken[pair + 1]!))
        pair += 2
      }
      if (there === NONE) break
      container = there
    }
    yield* put(tree, container, name, taken[i + 1]!)
  }
}
