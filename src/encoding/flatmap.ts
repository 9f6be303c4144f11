/**
 * `proxy.flatmap_filter`: moves, appends and deletes along dotted paths, with `*` for any key and indexes for arrays.
 *
 * In, at boot: the operations. Out: one function that edits data in place and opens only what the paths reach. The odd
 * rules are KrakenD's: an object whose last field goes becomes `null`, a move within one depth renames the last key only.
 */

import type { FlatmapOperation } from '../config/types.js'
import { ArrayNode, type JsonNode, ObjectNode, RawNode } from './json-node.js'
import { openObject, openRaw } from './json-scan.js'

type Container = ObjectNode | ArrayNode
type Operation = (root: ObjectNode) => void

/** A found value: the containers on the way from the root, and the label taken in each. */
interface Match {
  readonly parents: readonly Container[]
  readonly labels: readonly string[]
}

/**
 * Compiles the operations; undefined when none is usable (an operation without its arguments is not). Data left without
 * a field becomes `null`; `null` data stays.
 */
export function compileFlatmap(
  operations: readonly FlatmapOperation[]
): ((data: ObjectNode | null) => ObjectNode | null) | undefined {
  const steps = operations.flatMap(compileOperation)
  if (steps.length === 0) return undefined
  return data => {
    if (data === null || openObject(data).size === 0) return data
    for (const step of steps) step(data)
    return openObject(data).size === 0 ? null : data
  }
}

function compileOperation({ type, args }: FlatmapOperation): Operation[] {
  const paths = args.map(path => path.split('.'))
  if (type === 'del') return paths.map(path => root => remove(find(root, path)))
  const [from, to] = paths
  if (from === undefined || to === undefined) return []
  if (type === 'move') return [compileMove(from, to)]
  return type === 'append' ? [root => append(root, from, to)] : []
}

function compileMove(from: readonly string[], to: readonly string[]): Operation {
  const name = to[to.length - 1]!
  if (from.length === to.length) {
    return root => {
      for (const match of find(root, from)) rename(match, name)
    }
  }
  return root => {
    for (const match of find(root, from)) {
      // Deeper targets hang below the source's own parent, higher ones below their own path.
      const deeper = to.length > from.length
      const base = deeper ? match.parents.slice(0, from.length) : [root]
      const steps = deeper ? to.slice(from.length - 1, -1) : concrete(to.slice(0, -1), match)
      const value = childOf(match.parents[match.parents.length - 1]!, match.labels[match.labels.length - 1]!)!
      detach(match)
      attach(base, steps, name, value, deeper)
    }
  }
}

/** Takes a path's `*` from the labels that the source matched at the same depth. */
function concrete(path: readonly string[], match: Match): string[] {
  return path.map((part, depth) => (part === '*' ? match.labels[depth]! : part))
}

/** Finds every value on the path, in document order, opening what is on the way. */
function find(root: ObjectNode, path: readonly string[]): Match[] {
  const found: Match[] = []
  const parents: Container[] = []
  const labels: string[] = []
  const walk = (container: Container): void => {
    const depth = parents.length
    const part = path[depth]!
    parents.push(container)
    for (const label of part === '*' ? labelsOf(container) : [part]) {
      const value = childOf(container, label)
      if (value === undefined) continue
      labels.push(label)
      if (depth === path.length - 1) {
        found.push({ parents: parents.slice(), labels: labels.slice() })
      } else {
        const inner = openChild(container, label, value)
        if (inner !== undefined) walk(inner)
      }
      labels.pop()
    }
    parents.pop()
  }
  walk(root)
  return found
}

function labelsOf(container: Container): string[] {
  return container.kind === 'array' ? container.items.map((_, index) => String(index)) : [...openObject(container).keys()]
}

const INDEX = /^(?:0|[1-9]\d{0,9})$/

function childOf(container: Container, label: string): JsonNode | undefined {
  if (container.kind === 'object') return openObject(container).get(label)
  return INDEX.test(label) ? container.items[Number(label)] : undefined
}

/** Opens a value where it stands; undefined for a scalar. The parent's text stays valid: nothing has changed yet. */
function openChild(container: Container, label: string, value: JsonNode): Container | undefined {
  const opened = openRaw(value)
  if (opened.kind === 'raw') return undefined
  if (opened !== value) putChild(container, label, opened)
  return opened
}

function putChild(container: Container, label: string, value: JsonNode): void {
  if (container.kind === 'object') openObject(container).set(label, value)
  else if (INDEX.test(label) && Number(label) < container.items.length) container.items[Number(label)] = value
  else container.items.push(value)
}

function touchAll(containers: readonly Container[]): void {
  for (const container of containers) touch(container)
}

function touch(container: Container): void {
  if (container.kind === 'array') return
  openObject(container)
  container.touch()
}

/** Last first, so that indexes stay right. */
function remove(matches: readonly Match[]): void {
  for (let i = matches.length - 1; i >= 0; i--) detach(matches[i]!)
}

/** Takes a value out. An object left empty becomes null where it stands, as in KrakenD; an array left empty stays. */
function detach({ parents, labels }: Match): void {
  const depth = parents.length - 1
  const parent = parents[depth]!
  touchAll(parents)
  if (parent.kind === 'array') {
    parent.items.splice(Number(labels[depth]), 1)
    return
  }
  const fields = openObject(parent)
  fields.delete(labels[depth]!)
  if (fields.size === 0 && depth > 0) putChild(parents[depth - 1]!, labels[depth - 1]!, new RawNode('null'))
}

/** Gives a field its new name at its old place, over a field that has the name. Items of arrays have no names. */
function rename({ parents, labels }: Match, name: string): void {
  const parent = parents[parents.length - 1]!
  const label = labels[labels.length - 1]!
  if (parent.kind === 'array' || name === label) return
  touchAll(parents)
  const entries = [...openObject(parent)]
  const fields = openObject(parent)
  fields.clear()
  for (const [key, value] of entries) if (key !== name) fields.set(key === label ? name : key, value)
}

/**
 * Hangs a value under the last of `base`, along `steps`. What is missing on the way is created, or with `create` false
 * the value hangs where the way ends.
 */
function attach(base: readonly Container[], steps: readonly string[], name: string, value: JsonNode, create: boolean): void {
  touchAll(base)
  let container = base[base.length - 1]!
  for (const step of steps) {
    const there = childOf(container, step)
    let inner = there === undefined ? undefined : openChild(container, step, there)
    if (inner === undefined) {
      if (!create) break
      inner = new ObjectNode()
      putChild(container, step, inner)
    }
    touch(inner)
    container = inner
  }
  putChild(container, name, value)
}

/** Both must be arrays; of the source nothing is left. Appending an array to itself deletes it, as in KrakenD. */
function append(root: ObjectNode, from: readonly string[], to: readonly string[]): void {
  for (const match of find(root, from).reverse()) {
    const depth = match.parents.length - 1
    const source = arrayAt(match.parents[depth]!, match.labels[depth]!)
    const target = find(root, concrete(to, match))[0]
    if (source === undefined || target === undefined) continue
    const last = target.parents.length - 1
    const array = arrayAt(target.parents[last]!, target.labels[last]!)
    if (array === undefined) continue
    if (array !== source) {
      touchAll(target.parents)
      for (const item of source.items) array.items.push(item)
    }
    detach(match)
  }
}

function arrayAt(container: Container, label: string): ArrayNode | undefined {
  const opened = openChild(container, label, childOf(container, label)!)
  return opened instanceof ArrayNode ? opened : undefined
}
