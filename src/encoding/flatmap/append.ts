import type { Sliced } from '../../message/slices.js'
import { type FlatTree, NONE, ROOT } from './tree.js'
import { type FlatPath, seek, WILDCARD, walk } from './walk.js'

/** Items that are appended before others get their turn. */
const STEP = 512

/**
 * Compiles an `append`: the items of one array go behind those of another, and nothing is left of the first; both must be arrays.
 *
 * With wildcards in the source alone the list of all that they match is appended, with `null` for what is missing.
 * A wildcard in the target stands for what the source's wildcard at the same depth matched. So arrays are joined within each
 * element, where KrakenD makes a new element labelled `*` of all of them. Without such a wildcard nothing happens.
 */
export function compileAppend(from: FlatPath, to: FlatPath): (tree: FlatTree) => Sliced<void> {
  const isWild = (path: FlatPath): boolean => path.some(part => part.text === WILDCARD)
  if (isWild(to)) {
    const paired = to.every((part, depth) => part.text !== WILDCARD || from[depth]?.text === WILDCARD)
    return paired ? tree => appendWithin(tree, from, to) : nothing
  }
  return isWild(from) ? tree => appendList(tree, from, to) : tree => appendWithin(tree, from, to)
}

function* nothing(): Sliced<void> {}

/** Joins pairs of arrays. */
function* appendWithin(tree: FlatTree, from: FlatPath, to: FlatPath): Sliced<void> {
  const wild = to.flatMap((part, depth) => (part.text === WILDCARD ? [depth] : []))
  /** For each source: its container, itself, and for each of `wild` a container on its way with the child that was taken there. */
  const found: number[] = []
  yield* walk(tree, [...from, from[0]!], (source, way) => {
    found.push(way[from.length - 1]!, source)
    for (const depth of wild) found.push(way[depth]!, way[depth + 1]!)
    return true
  })
  const width = 2 + 2 * wild.length
  for (let i = 0, joins = 1; i < found.length; i += width, joins++) {
    if (joins % STEP === 0) yield
    const source = found[i + 1]!
    const way = yield* follow(tree, to, found, i + 2)
    if (way === undefined || !tree.isArray(source)) continue
    // a target inside of the source goes with it
    if (!way.includes(source)) yield* appendItems(tree, source, way[way.length - 1]!)
    tree.remove(found[i]!, source)
  }
}

/**
 * Goes along a path to an array; its wildcards take the pairs of container and child from `firstPair` on, where they lead to the same place.
 * Returns the nodes on the way, the array last; undefined when there is none.
 */
function* follow(
  tree: FlatTree,
  path: FlatPath,
  pairs: readonly number[],
  firstPair: number
): Sliced<readonly number[] | undefined> {
  const way: number[] = []
  let pair = firstPair
  let node = ROOT
  for (const part of path) {
    const isWild = part.text === WILDCARD
    if (isWild && pairs[pair] === node) node = pairs[pair + 1]!
    else node = yield* seek(tree, node, isWild ? tree.labelOf(pairs[pair + 1]!) : part)
    if (node === NONE) return undefined
    way.push(node)
    if (isWild) pair += 2
  }
  while (!tree.open(node)) yield
  return tree.isArray(node) ? way : undefined
}

function* appendItems(tree: FlatTree, source: number, target: number): Sliced<void> {
  let items = 0
  for (let item = tree.first(source); item !== NONE; item = tree.after(item)) {
    if (++items % STEP === 0) yield
    while (!tree.reserve()) yield
    tree.add(target, undefined, item)
  }
}

function* appendList(tree: FlatTree, from: FlatPath, to: FlatPath): Sliced<void> {
  const way = yield* follow(tree, to, [], 0)
  if (way === undefined) return
  const list = yield* gather(tree, NONE, ROOT, from, 0)
  // a target inside of what was taken goes with it
  if (list !== NONE && way.every(node => tree.isIn(node))) yield* appendItems(tree, list, way[way.length - 1]!)
}

/** Takes what a path matches out of the tree, wildcards as lists of their own; the first is returned. */
function* gather(tree: FlatTree, parent: number, node: number, path: FlatPath, depth: number): Sliced<number> {
  if (depth === path.length) {
    tree.remove(parent, node)
    return node
  }
  while (!tree.open(node)) yield
  const part = path[depth]!
  if (part.text !== WILDCARD) {
    const child = yield* seek(tree, node, part)
    return child === NONE ? NONE : yield* gather(tree, node, child, path, depth + 1)
  }
  let child = tree.first(node)
  if (child === NONE) return NONE
  while (!tree.reserve()) yield
  const list = tree.makeList()
  for (let items = 1; child !== NONE; child = tree.after(child), items++) {
    if (items % STEP === 0) yield
    const item = yield* gather(tree, node, child, path, depth + 1)
    while (!tree.reserve()) yield
    tree.add(list, undefined, item === NONE ? undefined : item)
  }
  return list
}
