/** Turns schemas into {@link Node}s: once each, those that are referred to included. */

import { acts, assertsFormat } from './drafts.js'
import { type Expected, expectedOf } from './equality.js'
import { SchemaError } from './errors.js'
import type { Formats } from './formats/index.js'
import { conditionChecks } from './keywords/conditions.js'
import { arrayChecks } from './keywords/items.js'
import { objectChecks } from './keywords/properties.js'
import { dynamicReferenceChecks, referenceCheck } from './keywords/references.js'
import { formatGate, numberChecks, stringChecks, valueGates } from './keywords/scalars.js'
import { unevaluatedChecks } from './keywords/unevaluated.js'
import { ARRAY, type Check, Node, NUMBER, OBJECT, STRING } from './node.js'
import type { Bound, NumberText } from './numbers.js'
import { pointerTo } from './pointer.js'
import { isSchemaObject, type Place, type Registry, type Resource } from './registry.js'

/** A regular expression. */
export interface Pattern {
  test(text: string): boolean
}

/** What schemas are compiled with. */
export interface CompilerOptions {
  readonly numberText: NumberText
  /** @throws Error for what is no pattern */
  readonly compilePattern: (pattern: string) => Pattern
  readonly formats: Formats
  /** Called for each of the registry's entries. @throws SchemaError for one that its metaschema refuses */
  readonly checkEntry: (place: Place) => void
}

export class Compiler {
  readonly nodes: Node[] = []
  readonly options: CompilerOptions
  private readonly registry: Registry
  private readonly byPlace = new Map<Resource['document'], Map<string, Node>>()
  private readonly waiting: [Node, Place][] = []
  private readonly patterns = new Map<string, Pattern>()
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
      this.fill(...next)
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
      node = new Node(place.resource)
      known.set(place.pointer, node)
      this.nodes.push(node)
      this.waiting.push([node, place])
    }
    return node
  }

  private fill(node: Node, place: Place): void {
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

/** One schema as the compilers of keywords see it. */
export class SchemaReader {
  readonly node: Node
  readonly version: number
  readonly place: Place
  readonly schema: Readonly<Record<string, unknown>>
  private readonly compiler: Compiler
  private readonly registry: Registry

  constructor(compiler: Compiler, registry: Registry, node: Node, place: Place) {
    this.compiler = compiler
    this.registry = registry
    this.node = node
    this.place = place
    this.schema = place.value as Record<string, unknown>
    this.version = place.resource.dialect.draft.version
  }

  get formats(): Formats {
    return this.compiler.options.formats
  }

  has(keyword: string): boolean {
    return Object.hasOwn(this.schema, keyword)
  }

  get(keyword: string): unknown {
    return this.has(keyword) ? this.schema[keyword] : undefined
  }

  list(keyword: string): readonly unknown[] | undefined {
    const value = this.get(keyword)
    return Array.isArray(value) ? value : undefined
  }

  entries(keyword: string): readonly [string, unknown][] | undefined {
    const value = this.get(keyword)
    return isSchemaObject(value) ? Object.entries(value) : undefined
  }

  text(keyword: string): string | undefined {
    const value = this.get(keyword)
    return typeof value === 'string' ? value : undefined
  }

  /** Prepares a value under `key` of `container`, which is the schema or a value in it. @throws SchemaError */
  expected(container: object, key: string | number, value: unknown): Expected {
    try {
      return expectedOf(container, key, value, this.compiler.options.numberText)
    } catch (cause) {
      throw this.error((cause as Error).message, cause)
    }
  }

  bound(keyword: string): Bound | undefined {
    const value = this.get(keyword)
    return typeof value === 'number' ? this.expected(this.schema, keyword, value).number : undefined
  }

  /** A count; one that is too large for a double is larger than anything. */
  count(keyword: string): number | undefined {
    const value = this.get(keyword)
    return typeof value === 'number' ? value : undefined
  }

  /** The schema under a keyword, or below it. */
  sub(...path: (string | number)[]): Node {
    const pointer = path.reduce<string>(pointerTo, this.place.pointer)
    return this.applied(this.registry.place(this.place.resource.document, pointer)!)
  }

  optional(keyword: string): Node | undefined {
    const value = this.get(keyword)
    return typeof value === 'boolean' || isSchemaObject(value) ? this.sub(keyword) : undefined
  }

  subs(keyword: string): readonly Node[] | undefined {
    return this.list(keyword)?.map((_, i) => this.sub(keyword, i))
  }

  /** What a reference means. @throws SchemaError */
  target(reference: string, keyword: string): Place {
    return this.registry.resolve(this.place.resource, reference, pointerTo(this.place.pointer, keyword))
  }

  applied(place: Place): Node {
    const node = this.compiler.nodeOf(place)
    this.node.applies.push(node)
    return node
  }

  /** @throws SchemaError at the keyword */
  pattern(text: string, ...path: string[]): Pattern {
    try {
      return this.compiler.pattern(text)
    } catch (cause) {
      throw this.error((cause as Error).message, cause, ...path)
    }
  }

  private error(message: string, cause: unknown, ...path: string[]): SchemaError {
    const pointer = path.reduce<string>(pointerTo, this.place.pointer)
    return new SchemaError(this.registry.pointerFor(this.place.resource.document, pointer), message, cause)
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
  if (acts(dialect, 'validation')) node.gates = valueGates(reader)
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
