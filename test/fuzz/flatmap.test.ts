/** `flatmap_filter` against its rules on a tree of plain objects, where each child keeps its label until it is moved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FlatmapOperation } from '../../src/config/types.js'
import { compileFlatmap } from '../../src/encoding/flatmap/flatmap.js'
import { renderJson } from '../../src/message/json/render.js'
import { runWhole } from '../../src/message/slices.js'
import { parseJsonObject } from '../encoding/at-once.js'
import { holds } from './fuzz.js'

/** `own` is what a node is without children; undefined = null, as of a container that lost them. */
interface Node {
  own: unknown
  isList: boolean
  kids: [label: string, node: Node][]
}

function read(value: unknown): Node {
  const isList = Array.isArray(value)
  const isContainer = typeof value === 'object' && value !== null
  const kids = isContainer ? Object.entries(value).map(([label, inner]): [string, Node] => [label, read(inner)]) : []
  return { own: kids.length > 0 ? null : value, isList, kids }
}

function show({ own, isList, kids }: Node): unknown {
  if (kids.length === 0) return own
  return isList ? kids.map(([, kid]) => show(kid)) : Object.fromEntries(kids.map(([label, kid]) => [label, show(kid)]))
}

const kidOf = (node: Node, label: string): Node | undefined => node.kids.find(([name]) => name === label)?.[1]

/** Ways to all nodes that a path fits, the labels taken. */
function ways(node: Node, path: readonly string[], labels: readonly string[] = []): { node: Node; labels: readonly string[] }[] {
  const [part, ...rest] = path
  if (part === undefined) return [{ node, labels }]
  if (part === '*') return node.kids.flatMap(([label, kid]) => ways(kid, rest, [...labels, label]))
  const kid = kidOf(node, part)
  return kid === undefined ? [] : ways(kid, rest, [...labels, part])
}

function take(node: Node, label: string): Node | undefined {
  const at = node.kids.findIndex(([name]) => name === label)
  return at === -1 ? undefined : node.kids.splice(at, 1)[0]![1]
}

function put(node: Node, label: string, kid: Node): void {
  if (!node.isList) take(node, label)
  node.kids.push([label, kid])
}

function apply(root: Node, { type, args }: FlatmapOperation): void {
  const [from, to = []] = args.map(path => path.split('.'))
  const last = from!.at(-1)!
  const parents = ways(root, from!.slice(0, -1))
  if (type === 'del') {
    for (const { node } of parents) {
      if (last === '*') node.kids = []
      else take(node, last)
    }
    return
  }
  const name = to.at(-1)!
  if (from!.length === to.length) {
    for (const { node } of parents) {
      const entry = node.kids.find(([label]) => label === last)
      if (entry === undefined || name === last) continue
      if (!node.isList) take(node, name)
      entry[0] = name
    }
    return
  }
  const taken = parents.flatMap(({ node, labels }) => {
    const kid = take(node, last)
    return kid === undefined ? [] : [{ node, labels, kid }]
  })
  for (const { node, labels, kid } of taken) {
    const isDown = to.length > from!.length
    let place = isDown ? node : root
    for (const [depth, part] of (isDown ? to.slice(from!.length - 1, -1) : to.slice(0, -1)).entries()) {
      const label = part === '*' && !isDown ? labels[depth]! : part
      const there = kidOf(place, label)
      if (there === undefined && !isDown) break
      if (there === undefined) put(place, label, { own: null, isList: false, kids: [] })
      place = kidOf(place, label)!
    }
    put(place, name, kid)
  }
}

const key = fc.constantFrom('a', 'b', 'k', 'l')
const part = fc.oneof({ weight: 3, arbitrary: key }, { weight: 1, arbitrary: fc.constantFrom('*', '0', '1', '2') })
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join('.'))
const operation: fc.Arbitrary<FlatmapOperation> = fc.oneof(
  fc.record({ type: fc.constant('del' as const), args: fc.array(path, { minLength: 1, maxLength: 1 }) }),
  fc.record({ type: fc.constant('move' as const), args: fc.array(path, { minLength: 2, maxLength: 2 }) })
)
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(1, 'x', null, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true })
  )
}))
const document = fc.dictionary(key, value, { minKeys: 1, maxKeys: 4, noNullPrototype: true })

test('flatmap_filter equals its rules on a tree of labels', t => {
  holds(
    t,
    2000,
    fc.property(document, fc.array(operation, { minLength: 1, maxLength: 4 }), (data, operations) => {
      const root = read(data)
      for (const one of operations) apply(root, one)
      const expected = root.kids.length === 0 ? null : show(root)
      const edited = runWhole(compileFlatmap(operations)!(parseJsonObject(Buffer.from(JSON.stringify(data)))))
      assert.deepEqual(JSON.parse(renderJson(edited).toString()), expected)
    })
  )
})
