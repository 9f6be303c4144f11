/** One schema as the compilers of keywords read it. */

import { type Expected, expectedOf } from './equality.js'
import { SchemaError } from './errors.js'
import type { Formats } from './formats/index.js'
import type { Node, Place } from './node.js'
import type { Bound, NumberText } from './numbers.js'
import { pointerTo } from './pointer.js'
import { isSchemaObject, type Registry } from './registry.js'

/** A regular expression. */
export interface Pattern {
  test(text: string): boolean
  /** Tests UTF-8 from one offset to another: 1, 0, or -1 for a text that would take too long. */
  readonly automaton?: { testBytes(bytes: Uint8Array, from: number, to: number): number } | undefined
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

/** Where a reader gets nodes and patterns from: the compiler. */
export interface NodeSource {
  readonly options: CompilerOptions
  /** Returns the node of a schema, which is filled later. */
  nodeOf(place: Place): Node
  /** @throws Error for what is no pattern */
  pattern(text: string): Pattern
}

/** One schema as the compilers of keywords see it. */
export class SchemaReader {
  readonly node: Node
  readonly version: number
  readonly place: Place
  readonly schema: Readonly<Record<string, unknown>>
  private readonly compiler: NodeSource
  private readonly registry: Registry

  constructor(compiler: NodeSource, registry: Registry, node: Node, place: Place) {
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
