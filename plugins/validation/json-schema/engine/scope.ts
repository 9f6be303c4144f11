/** The dynamic scope: which schema each dynamic anchor means, by the resources that evaluation came through. */

import type { Node, Resource } from './node.js'

/** Immutable; the same resources entered in the same order are the same object. */
export class Scope {
  private readonly anchors: ReadonlyMap<string, Node>
  private readonly entered = new Map<Resource, Scope>()

  constructor(anchors: ReadonlyMap<string, Node> = new Map()) {
    this.anchors = anchors
  }

  /** The scope inside of a resource: an anchor keeps the meaning that the outermost resource gave it. */
  enter(resource: Resource): Scope {
    const known = this.entered.get(resource)
    if (known !== undefined) return known
    const fresh = [...resource.dynamicNodes].filter(([name]) => !this.anchors.has(name))
    const scope = fresh.length === 0 ? this : new Scope(new Map([...this.anchors, ...fresh]))
    this.entered.set(resource, scope)
    return scope
  }

  /** The scope inside of a schema. */
  inside({ resource }: Node): Scope {
    return resource.dynamicNodes.size > 0 ? this.enter(resource) : this
  }

  get(anchor: string): Node | undefined {
    return this.anchors.get(anchor)
  }
}
