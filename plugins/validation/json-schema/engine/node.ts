/** A compiled schema, where it stands, and what its checks ask of an evaluation. */

import type { Dialect } from './drafts.js'
import type { Identities } from './equality.js'
import type { Finding } from './faults.js'
import type { Seen } from './seen.js'

/** One document: the schema that is compiled, a metaschema, or what `load` returned. */
export interface Document {
  readonly uri: string
  readonly value: unknown
  readonly fallback: Dialect
  /** The schemas in it by JSON pointer, and the resource of each. */
  readonly schemas: Map<string, Resource>
}

/** A schema with an identifier, and all below it up to the next one. */
export interface Resource {
  readonly uri: string
  readonly document: Document
  readonly pointer: string
  readonly dialect: Dialect
  /** Pointers by anchor. */
  readonly anchors: Map<string, string>
  readonly dynamicAnchors: Set<string>
  /** The compiled schemas of its dynamic anchors. */
  readonly dynamicNodes: Map<string, Node>
}

/** A schema's place. */
export interface Place {
  readonly resource: Resource
  readonly pointer: string
  readonly value: unknown
}

/** Applies one keyword; returns true when the value fits. Faults go to `run`. `seen` is set where a keyword asks for it. */
export type Check = (value: unknown, run: Evaluation, seen: Seen | undefined) => boolean

/** The evaluation of one value, as checks see it; `Run` is the one that there is. */
export interface Evaluation {
  /** The schemas that dynamic anchors mean here. */
  readonly scope: { get(anchor: string): Node | undefined }
  /** True while faults are not kept. */
  readonly quiet: boolean
  /** Numbers for equal values, for the whole run. */
  readonly identities: Identities
  /** Returns how a number in `container` was written. */
  textIn(container: object, key: string | number, value: number): string
  /** Returns how the number that is looked at was written. */
  textOf(value: number): string
  /** Applies a schema to the member of a container. */
  evaluateMember(node: Node, container: object, key: string | number, value: unknown): boolean
  /** Applies a schema to the name of a member. */
  evaluateName(node: Node, container: object, name: string): boolean
  /** Applies a further schema to the value that is looked at; what it has seen counts when the value fits. */
  evaluateHere(node: Node, value: unknown, seen: Seen | undefined): boolean
  /** As {@link evaluateHere}, without keeping faults. */
  fits(node: Node, value: unknown, seen: Seen | undefined): boolean
  /** Applies the schema that a reference means. */
  follow(node: Node, value: unknown, seen: Seen | undefined): boolean
  /** Keeps a fault; returns false. */
  fail(finding: Finding): false
  /** How many faults there are; {@link bundle} and {@link drop} take those behind a mark. */
  readonly mark: number
  /** Makes one fault of those since `start`; returns false. */
  bundle(start: number, finding: Finding): false
  /** Forgets the faults since `start`. */
  drop(start: number): void
}

export class Node {
  readonly place: Place
  /** A boolean schema, or one without keywords. */
  constant: boolean | undefined
  /** Checks after whose failure the others do not run. */
  gates: readonly Check[] = []
  /** The other checks by the kind of the value. */
  checks: readonly (readonly Check[])[] = []
  /** Returns true for a value that surely fits, without a run; false leaves it to the checks. */
  plain: ((value: unknown) => boolean) | undefined = undefined
  /** Some check asks which properties and items were looked at. */
  asksSeen = false
  /** The schemas that this one applies, to find cycles. */
  readonly applies: Node[] = []
  /** Number of the cycle this schema is part of; the same number for all schemas of a cycle. */
  cycle = -1

  constructor(place: Place) {
    this.place = place
  }

  get resource(): Resource {
    return this.place.resource
  }
}
