/**
 * Shaping of a backend's data: `target`, `allow` or `deny`, `mapping`, `group`; with a flatmap filter `target`, the
 * operations, `group`.
 *
 * In, at boot: a backend's configuration. Out: one function from data to data, or undefined when there is nothing to do,
 * so that a body without shaping is never opened. Only what the configuration names is opened.
 */

import type { BackendConfig } from '../../config/types.js'
import { type JsonNode, ObjectNode, RawNode } from '../../message/json/node.js'
import { asObject, openFields, openShort } from '../../message/json/scan.js'
import type { Sliced } from '../../message/slices.js'
import { compileFlatmap } from '../flatmap/flatmap.js'
import { allowFields, compileAllowTree, compileDenyTree, denyFields } from './filter.js'

/** Shapes the data of one response; the data belongs to it. `null` is a JSON null document. */
export type Shape = (data: ObjectNode | null) => Sliced<ObjectNode | null>

/** The part of a backend's configuration that shapes. */
export type ShapeConfig = Pick<BackendConfig, 'target' | 'allow' | 'deny' | 'mapping' | 'group' | 'proxy'>

/** Compiles the shaping of a backend; undefined when data goes on as it is. */
export function compileShape(backend: ShapeConfig): Shape | undefined {
  const steps: Shape[] = []
  if (backend.target !== '') steps.push(compileTarget(backend.target.split('.')))
  const flatmap = compileFlatmap(backend.proxy.flatmapFilter)
  if (flatmap !== undefined) {
    steps.push(flatmap)
  } else {
    if (backend.allow.length > 0) steps.push(compileAllow(backend.allow))
    else if (backend.deny.length > 0) steps.push(compileDeny(backend.deny))
    if (backend.mapping.length > 0) steps.push(compileMapping(backend.mapping))
  }
  if (backend.group !== '') steps.push(compileGroup(backend.group))
  if (steps.length < 2) return steps[0]
  return function* (data) {
    let shaped = data
    for (const step of steps) shaped = yield* step(shaped)
    return shaped
  }
}

/** New names of root fields: the part before the first dot counts, as in KrakenD. */
export function mappingNames(mapping: ShapeConfig['mapping']): [from: string, to: string][] {
  return mapping.map(([from, to]) => [from, to.split('.', 1)[0]!])
}

/** Missing, or no object on the way: an empty object. */
function compileTarget(path: readonly string[]): Shape {
  return function* (data) {
    let current = data
    for (const key of path) {
      const value = current === null ? undefined : (yield* openFields(current)).get(key)
      const object = value === undefined ? undefined : asObject(value)
      if (object === undefined) return new ObjectNode()
      current = object
    }
    return current
  }
}

function compileAllow(paths: readonly string[]): Shape {
  const tree = compileAllowTree(paths)
  return function* (data) {
    return data === null ? null : ((yield* allowFields(data, tree)) ?? new ObjectNode())
  }
}

function compileDeny(paths: readonly string[]): Shape {
  const tree = compileDenyTree(paths)
  return function* (data) {
    if (data !== null) yield* denyFields(data, tree)
    return data
  }
}

/**
 * Renames root fields. All renamed values are taken out first and put back in declared order, so swaps and chains work;
 * KrakenD renames in random order. A field that gets the name it has is taken out, as in KrakenD.
 */
function compileMapping(mapping: ShapeConfig['mapping']): Shape {
  const names = mappingNames(mapping)
  return function* (data) {
    if (data === null) return null
    const fields = openShort(data) ?? (yield* openFields(data))
    const taken: [name: string, value: JsonNode][] = []
    let found = false
    for (const [from, to] of names) {
      const value = fields.get(from)
      if (value === undefined) continue
      found = true
      if (to !== from) taken.push([to, value])
    }
    if (!found) return data
    for (const [from] of names) fields.delete(from)
    for (const [to, value] of taken) fields.set(to, value)
    data.touch()
    return data
  }
}

const NULL = new RawNode('null')

function compileGroup(group: string): Shape {
  // biome-ignore lint/correctness/useYield: a step like the others
  return function* (data) {
    return new ObjectNode(new Map<string, JsonNode>([[group, data ?? NULL]]))
  }
}
