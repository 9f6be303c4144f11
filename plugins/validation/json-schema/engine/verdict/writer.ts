/** Names for the schemas and the constants of one test. */

import type { Node } from '../node.js'
import type { Scope } from '../scope.js'
import { aliasOf, asksSeen, type Plan, takesAll } from './plan.js'

/** What schemas are written with. */
export interface Writer {
  /** The schema notes the members and items that it looks at. */
  readonly notes: boolean
  /** An expression that tests the value at an offset. */
  call(node: Node, at: string): string
  /** As {@link call} for the value that is looked at itself, which must fit: what the schema notes is noted. */
  callHere(node: Node): string
  /** As {@link callHere} for a schema that need not fit: what it notes counts when the value fits. */
  tryHere(node: Node): string
  /** What a dynamic anchor means here. */
  meaning(anchor: string): Node | undefined
  /** Whether every value fits a schema. */
  takesAll(node: Node): boolean
  /** The name of a constant. */
  constant(value: unknown): string
}

/** A function to be written: a schema, where evaluation has come from, and whether it notes what it looks at. */
export interface Task {
  readonly name: string
  readonly node: Node
  readonly scope: Scope
  readonly notes: boolean
}

export class SourceWriter implements Writer {
  readonly constants: unknown[] = []
  readonly waiting: Task[] = []
  notes = false
  private scope: Scope
  private count = 0
  private readonly names = new Map<Node, Map<Scope, string>>()
  private readonly notingNames = new Map<Node, Map<Scope, string>>()
  private readonly known = new Map<unknown, string>()
  private readonly planOf: (node: Node) => Plan

  constructor(planOf: (node: Node) => Plan, scope: Scope) {
    this.planOf = planOf
    this.scope = scope
  }

  get functions(): number {
    return this.count
  }

  /** What is written from here on is part of a function. */
  begin({ scope, notes }: Task): void {
    this.scope = scope
    this.notes = notes
  }

  takesAll(node: Node): boolean {
    return takesAll(this.planOf(this.target(node).node))
  }

  meaning(anchor: string): Node | undefined {
    return this.scope.get(anchor)
  }

  call(node: Node, at: string): string {
    const { node: target, scope } = this.target(node)
    return this.constantCall(target, at) ?? `${this.nameOf(target, scope, false)}(b, ${at})`
  }

  callHere(node: Node): string {
    if (!this.notes) return this.call(node, 'i')
    const { node: target, scope } = this.target(node)
    if (asksSeen(this.planOf(target))) return this.tryHere(node)
    return this.constantCall(target, 'i') ?? `${this.nameOf(target, scope, true)}(b, i, s, m)`
  }

  tryHere(node: Node): string {
    if (!this.notes) return this.call(node, 'i')
    const { node: target, scope } = this.target(node)
    return this.constantCall(target, 'i') ?? `noteApart(${this.nameOf(target, scope, true)}, b, i, s, m)`
  }

  /** The name of the function that notes what a schema looks at. */
  noting(node: Node): string {
    return this.nameOf(node, this.scope, true)
  }

  constant(value: unknown): string {
    let name = this.known.get(value)
    if (name === undefined) {
      name = `k${this.constants.push(value) - 1}`
      this.known.set(value, name)
    }
    return name
  }

  private constantCall(node: Node, at: string): string | undefined {
    const plan = this.planOf(node)
    if (takesAll(plan)) return `skipValue(b, ${at})`
    return plan.constant === false ? '0' : undefined
  }

  private nameOf(node: Node, scope: Scope, notes: boolean): string {
    const names = notes ? this.notingNames : this.names
    let byScope = names.get(node)
    if (byScope === undefined) {
      byScope = new Map()
      names.set(node, byScope)
    }
    let name = byScope.get(scope)
    if (name === undefined) {
      name = `${notes ? 'g' : 'f'}${this.count++}`
      byScope.set(scope, name)
      this.waiting.push({ name, node, scope, notes })
    }
    return name
  }

  /** Follows schemas that are references alone; those that may lead in a circle are followed when the test runs. */
  private target(from: Node): { readonly node: Node; readonly scope: Scope } {
    let node = from
    let scope = this.scope.inside(node)
    for (let alias = aliasOf(this.planOf(node)); alias !== undefined && node.cycle === -1; alias = aliasOf(this.planOf(node))) {
      node = alias
      scope = scope.inside(node)
    }
    return { node, scope }
  }
}
