/** Which fields stay: `allow` and `deny` as trees of keys, shared by shaping of held data and of streams. */

import { ObjectNode } from '../../message/json/node.js'
import { asObject, openFields, openShort, selectFields } from '../../message/json/scan.js'
import type { Sliced } from '../../message/slices.js'

/** Keys of one level; `true` stands for the whole value, a tree for a choice inside it. */
export type FieldTree = Map<string, true | FieldTree>

/**
 * Compiles `allow`. Of two entries about the same field the later one holds: `a` then `a.b` narrows to `a.b`, `a.b`
 * then `a` keeps all of `a`.
 */
export function compileAllowTree(paths: readonly string[]): FieldTree {
  const root: FieldTree = new Map()
  for (const path of paths) {
    const keys = path.split('.')
    const last = keys.pop()!
    let tree = root
    for (const key of keys) {
      const inner = tree.get(key)
      if (inner instanceof Map) tree = inner
      else tree = put(tree, key)
    }
    tree.set(last, true)
  }
  return root
}

/** Compiles `deny`. A listed parent holds over anything listed inside it. */
export function compileDenyTree(paths: readonly string[]): FieldTree {
  const root: FieldTree = new Map()
  for (const path of paths) {
    const keys = path.split('.')
    const last = keys.pop()!
    let tree: FieldTree | undefined = root
    for (const key of keys) {
      const inner: true | FieldTree | undefined = tree.get(key)
      tree = inner === true ? undefined : (inner ?? put(tree, key))
      if (tree === undefined) break
    }
    tree?.set(last, true)
  }
  return root
}

function put(tree: FieldTree, key: string): FieldTree {
  const inner: FieldTree = new Map()
  tree.set(key, inner)
  return inner
}

/** Keeps listed fields. Arrays are not entered; an object left empty is dropped: undefined. Returns a new object. */
export function* allowFields(node: ObjectNode, tree: FieldTree): Sliced<ObjectNode | undefined> {
  const fields = yield* selectFields(node, tree)
  for (const [key, value] of fields) {
    const inner = tree.get(key)!
    if (inner === true) continue
    const object = asObject(value)
    const kept = object === undefined ? undefined : yield* allowFields(object, inner)
    if (kept === undefined) fields.delete(key)
    else fields.set(key, kept)
  }
  return fields.size === 0 ? undefined : new ObjectNode(fields)
}

/** Removes listed fields in place; objects only, and an object left empty stays. Returns true when the object's text no longer holds. */
export function* denyFields(node: ObjectNode, tree: FieldTree): Sliced<boolean> {
  const fields = openShort(node) ?? (yield* openFields(node))
  let changed = false
  for (const [key, inner] of tree) {
    const value = fields.get(key)
    if (value === undefined) continue
    if (inner === true) {
      fields.delete(key)
      changed = true
      continue
    }
    const object = asObject(value)
    if (object !== undefined && (yield* denyFields(object, inner))) {
      fields.set(key, object)
      changed = true
    }
  }
  if (changed) node.touch()
  return node.raw === undefined
}
