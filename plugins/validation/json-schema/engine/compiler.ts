/** Turns schemas into {@link Node}s: once each, those that are referred to included. */

import { acts, assertsFormat } from './drafts.js'
import { conditionChecks } from './keywords/conditions.js'
import { arrayChecks } from './keywords/items.js'
import { objectChecks } from './keywords/properties.js'
import { dynamicReferenceChecks, referenceCheck } from './keywords/references.js'
import { formatGate, numberChecks, plainTest, stringChecks, valueGates } from './keywords/scalars.js'
import { unevaluatedChecks } from './keywords/unevaluated.js'
import { ARRAY, NUMBER, OBJECT, STRING } from './kinds.js'
import { type Check, Node, type Place, type Resource } from './node.js'
import { isSchemaObject, type Registry } from './registry.js'
import { type CompilerOptions, type NodeSource, type Pattern, SchemaReader } from './schema-reader.js'
import { EMPTY, type Plan } from './verdict/plan.js'
import { planOf } from './verdict/planner.js'

export class Compiler implements NodeSource {
  readonly nodes: Node[] = []
  readonly options: CompilerOptions
  private readonly registry: Registry
  private readonly byPlace = new Map<Resource['document'], Map<string, Node>>()
  private readonly waiting: Node[] = []
  private readonly patterns = new Map<string, Pattern>()
  private readonly plans = new Map<Node, Plan>()
  private checked = 0

  constructor(registry: Registry, options: CompilerOptions) {
    this.registry = registry
    this.options = options
  }

  /** Compiles a schema and all that it leads to. @throws SchemaError */
  compile(place: Place): Node {
    const node = this.nodeOf(place)
    for (let next = this.waiting.pop(); next !== undefined; next = this.waiting.pop()) {
      const { entries } = this.registry
      while (this.checked < entries.length) this.options.checkEntry(entries[this.checked++]!)
      this.fill(next)
    }
    return node
  }

  /** The node of a schema, which is filled later. */
  nodeOf(place: Place): Node {
    const { document } = place.resource
    let known = this.byPlace.get(document)
    if (known === undefined) {
      known = new Map()
      this.byPlace.set(document, known)
    }
    let node = known.get(place.pointer)
    if (node === undefined) {
      node = new Node(place)
      known.set(place.pointer, node)
      this.nodes.push(node)
      this.waiting.push(node)
    }
    return node
  }

  /** What a compiled schema asks, for a test over bytes. */
  planOf(node: Node): Plan {
    let plan = this.plans.get(node)
    if (plan === undefined) {
      plan = this.readPlan(node.place)
      this.plans.set(node, plan)
    }
    return plan
  }

  private readPlan(place: Place): Plan {
    if (typeof place.value === 'boolean') return { ...EMPTY, constant: place.value }
    // the cycles that the node is part of are known by now
    return isSchemaObject(place.value) ? planOf(new SchemaReader(this, this.registry, new Node(place), place)) : EMPTY
  }

  private fill(node: Node): void {
    const { place } = node
    const { resource, value } = place
    for (const anchor of resource.dynamicAnchors) {
      if (resource.dynamicNodes.has(anchor)) continue
      const pointer = anchor === '' ? resource.pointer : resource.anchors.get(anchor)!
      resource.dynamicNodes.set(anchor, this.nodeOf(this.registry.place(resource.document, pointer)!))
    }
    if (typeof value === 'boolean') node.constant = value
    else if (isSchemaObject(value)) fillNode(new SchemaReader(this, this.registry, node, place))
  }

  /** @throws Error for what is no pattern */
  pattern(text: string): Pattern {
    let pattern = this.patterns.get(text)
    if (pattern === undefined) {
      pattern = this.options.compilePattern(text)
      this.patterns.set(text, pattern)
    }
    return pattern
  }
}

/** Collects the checks of all keywords in the order in which their faults are told. */
function fillNode(reader: SchemaReader): void {
  const { node, place, version } = reader
  const { dialect } = place.resource
  const reference = referenceCheck(reader)
  if (version < 2019 && reference !== undefined) {
    // What stands beside `$ref` is ignored.
    setChecks(node, [reference], [], [])
    return
  }
  if (acts(dialect, 'validation')) {
    node.gates = valueGates(reader)
    node.plain = plainTest(reader)
  }
  if (assertsFormat(dialect)) node.gates = [...node.gates, ...formatGate(reader)]
  const typed: [number, Check[]][] = []
  if (acts(dialect, 'validation')) typed.push([NUMBER, numberChecks(reader)], [STRING, stringChecks(reader)])
  typed.push([ARRAY, arrayChecks(reader, dialect)], [OBJECT, objectChecks(reader, dialect)])
  const after = version >= 2019 ? dynamicReferenceChecks(reader) : []
  if (acts(dialect, 'applicator')) after.push(...conditionChecks(reader))
  if (acts(dialect, version === 2019 ? 'applicator' : 'unevaluated') && version >= 2019) {
    const unevaluated = unevaluatedChecks(reader)
    node.asksSeen = unevaluated.length > 0
    after.push(...unevaluated)
  }
  setChecks(node, reference === undefined ? [] : [reference], typed, after)
}

function setChecks(node: Node, before: Check[], typed: readonly [number, Check[]][], after: Check[]): void {
  const ofKind = (kind: number): Check[] => typed.find(([of]) => of === kind)?.[1] ?? []
  node.checks = [0, NUMBER, STRING, ARRAY, OBJECT].map(kind => [...before, ...ofKind(kind), ...after])
  if (node.gates.length === 0 && node.checks.every(checks => checks.length === 0)) node.constant = true
}
