/** Names for the schemas and the constants of one test. */

import type { Node } from '../node.js'
import { aliasOf, type Plan, takesAll } from './plan.js'

/** What schemas are written with. */
export interface Writer {
  /** An expression that tests the value at an offset. */
  call(node: Node, at: string): string
  /** Whether every value fits a schema. */
  takesAll(node: Node): boolean
  /** The name of a constant. */
  constant(value: unknown): string
}

export class SourceWriter implements Writer {
  readonly constants: unknown[] = []
  readonly waiting: { readonly name: string; readonly node: Node }[] = []
  private readonly names = new Map<Node, string>()
  private readonly known = new Map<unknown, string>()
  private readonly planOf: (node: Node) => Plan

  constructor(planOf: (node: Node) => Plan) {
    this.planOf = planOf
  }

  get count(): number {
    return this.names.size
  }

  isUnknown(node: Node): boolean {
    return this.planOf(this.target(node)).unknown
  }

  takesAll(node: Node): boolean {
    return takesAll(this.planOf(this.target(node)))
  }

  call(node: Node, at: string): string {
    const target = this.target(node)
    const plan = this.planOf(target)
    if (takesAll(plan)) return `skipValue(b, ${at})`
    if (plan.constant === false) return '0'
    let name = this.names.get(target)
    if (name === undefined) {
      name = `f${this.names.size}`
      this.names.set(target, name)
      this.waiting.push({ name, node: target })
    }
    return `${name}(b, ${at})`
  }

  constant(value: unknown): string {
    let name = this.known.get(value)
    if (name === undefined) {
      name = `k${this.constants.push(value) - 1}`
      this.known.set(value, name)
    }
    return name
  }

  /** Follows schemas that are references alone; those that may lead in a circle are followed when the test runs. */
  private target(node: Node): Node {
    let target = node
    for (
      let alias = aliasOf(this.planOf(target));
      alias !== undefined && target.cycle === -1;
      alias = aliasOf(this.planOf(target))
    )
      target = alias
    return target
  }
}
