/**
 * One validation of one value: where it stands, what it found, and the bounds that keep it from running on. A schema that
 * leads back to itself is followed as long as the value gets smaller; a value that is nested deeper than the stack allows
 * ends the run; and what was found out about a value once is remembered when a schema comes back to it often.
 */

import { Identities } from './equality.js'
import { MAX_NESTING, NestingError } from './errors.js'
import { type Fault, type Finding, NO_CAUSES } from './faults.js'
import { kindOf } from './kinds.js'
import type { Evaluation, Node } from './node.js'
import type { NumberText } from './numbers.js'
import type { Scope } from './scope.js'
import { Seen } from './seen.js'

/** Faults that are kept; after these a run only tells whether the value fits. */
const MAX_FAULTS = 200
/** Recursive references followed before results are remembered. */
const REMEMBER_AFTER = 20_000
/** Results remembered; when they are more, all are forgotten. */
const MAX_REMEMBERED = 100_000

interface Result {
  readonly ok: boolean
  readonly fault: Fault | undefined
  readonly seen: Seen | undefined
  readonly scope: Scope
}

/** A recursive reference that is being followed, and how deep in the value it stands. */
interface Active {
  readonly node: Node
  readonly scope: Scope
  readonly depth: number
}

export class Run implements Evaluation {
  scope: Scope
  private readonly numberText: NumberText
  private readonly rootText: string | undefined
  private readonly keys: (string | number)[] = []
  private readonly containers: object[] = []
  /** How the member that is looked at was written, once some check asked. */
  private text: string | undefined
  /** Where the place of a fault begins: `propertyNames` looks at texts that have no place. */
  private base = 0
  private readonly faults: Fault[] = []
  private faultCount = 0
  private silent = 0
  private nesting = 0
  private readonly active: Active[] = []
  private followed = 0
  private remembered = 0
  private readonly memory = new Map<Node, Map<object, Result>>()
  private known: Identities | undefined

  constructor(scope: Scope, numberText: NumberText, rootText: string | undefined) {
    this.scope = scope
    this.numberText = numberText
    this.rootText = rootText
  }

  /** Nothing but the answer is of interest: the first fault ends a check. */
  get quiet(): boolean {
    return this.silent > 0 || this.faultCount >= MAX_FAULTS
  }

  /** How a number in a container was written. */
  textIn(container: object, key: string | number, value: number): string {
    return this.numberText(container, key, value)
  }

  /** How the number that is looked at was written. */
  textOf(value: number): string {
    const top = this.keys.length - 1
    if (top < 0) return this.rootText ?? String(value)
    this.text ??= this.numberText(this.containers[top]!, this.keys[top]!, value)
    return this.text
  }

  /** Numbers for equal values, for the whole run. */
  get identities(): Identities {
    this.known ??= new Identities(this.numberText)
    return this.known
  }

  // --- evaluation ----------------------------------------------------------------------------------------------

  /** Applies a schema to the value that is looked at. `seen` is empty, or undefined where no keyword asks for it. @throws NestingError */
  evaluate(node: Node, value: unknown, seen: Seen | undefined): boolean {
    if (node.constant !== undefined) return node.constant || this.fail({ keyword: 'false' })
    if (++this.nesting > MAX_NESTING) throw new NestingError()
    const outer = this.scope
    this.scope = outer.inside(node)
    const ok = this.apply(node, value, seen ?? (node.asksSeen ? new Seen() : undefined))
    this.scope = outer
    this.nesting--
    return ok
  }

  private apply(node: Node, value: unknown, seen: Seen | undefined): boolean {
    for (const gate of node.gates) if (!gate(value, this, seen)) return false
    const start = this.faults.length
    let ok = true
    for (const check of node.checks[kindOf(value)]!) {
      if (check(value, this, seen)) continue
      ok = false
      if (this.quiet) break
    }
    if (this.faults.length - start > 1) this.bundle(start, { keyword: 'group' })
    return ok
  }

  /** Applies a schema to the member of a container. */
  evaluateMember(node: Node, container: object, key: string | number, value: unknown): boolean {
    this.keys.push(key)
    this.containers.push(container)
    this.text = undefined
    const ok = this.evaluate(node, value, undefined)
    this.keys.pop()
    this.containers.pop()
    this.text = undefined
    return ok
  }

  /** Applies a further schema to the value that is looked at; what it has seen counts when the value fits. */
  evaluateHere(node: Node, value: unknown, seen: Seen | undefined): boolean {
    if (seen === undefined) return this.evaluate(node, value, undefined)
    const own = new Seen()
    const ok = this.evaluate(node, value, own)
    if (ok) seen.merge(own)
    return ok
  }

  /** As {@link evaluateHere}, leaving no faults. */
  fits(node: Node, value: unknown, seen: Seen | undefined): boolean {
    this.silent++
    const ok = this.evaluateHere(node, value, seen)
    this.silent--
    return ok
  }

  /** Applies a schema to a property's name. Its faults are the causes of one; names have no place, at no depth. */
  evaluateName(node: Node, container: object, name: string): boolean {
    const { base, mark } = this
    this.base = this.keys.length + 1
    const ok = this.evaluateMember(node, container, name, name) || this.bundle(mark, { keyword: 'propertyNames', names: [name] })
    this.base = base
    return ok
  }

  /** Follows a reference that may lead back to where it stands. */
  follow(node: Node, value: unknown, seen: Seen | undefined): boolean {
    const depth = this.keys.length
    const scope = this.scope.inside(node)
    for (let i = this.active.length - 1; i >= 0 && this.active[i]!.depth === depth; i--) {
      if (this.active[i]!.node === node && this.active[i]!.scope === scope) return this.fail({ keyword: 'cycle' })
    }
    const known = this.recall(node, scope, value, seen)
    if (known !== undefined) return known
    this.active.push({ node, scope, depth })
    const start = this.faults.length
    const own = seen === undefined ? undefined : new Seen()
    const ok = this.evaluate(node, value, own)
    this.active.pop()
    if (ok && own !== undefined) seen!.merge(own)
    this.followed++
    if (this.followed > REMEMBER_AFTER && typeof value === 'object' && value !== null) {
      this.remember(node, value, { ok, fault: this.faults[start], seen: own, scope })
    }
    return ok
  }

  private recall(node: Node, scope: Scope, value: unknown, seen: Seen | undefined): boolean | undefined {
    if (this.remembered === 0 || typeof value !== 'object' || value === null) return undefined
    const known = this.memory.get(node)?.get(value)
    if (known === undefined || known.scope !== scope) return undefined
    if (known.ok) {
      if (seen === undefined) return true
      if (known.seen === undefined) return undefined
      seen.merge(known.seen)
      return true
    }
    if (this.quiet) return false
    if (known.fault === undefined) return undefined
    this.push(known.fault)
    return false
  }

  private remember(node: Node, value: object, result: Result): void {
    if (++this.remembered > MAX_REMEMBERED) {
      this.memory.clear()
      this.remembered = 1
    }
    const ofNode = this.memory.get(node)
    if (ofNode === undefined) this.memory.set(node, new Map([[value, result]]))
    else ofNode.set(value, result)
  }

  // --- faults --------------------------------------------------------------------------------------------------

  /** Notes a fault of the value that is looked at. Returns false, for checks to return. */
  fail(finding: Finding): false {
    if (!this.quiet) this.push({ at: this.keys.slice(this.base), finding, causes: NO_CAUSES, size: 1 })
    return false
  }

  private push(fault: Fault): void {
    this.faults.push(fault)
    this.faultCount += fault.size
  }

  /** Where the faults of a check begin, for {@link bundle} and {@link drop}. */
  get mark(): number {
    return this.faults.length
  }

  /** Makes the faults since `start` the causes of one. Returns false, for checks to return. */
  bundle(start: number, finding: Finding): false {
    if (this.silent > 0) return false
    const causes = this.faults.splice(start)
    if (causes.length === 0 && this.quiet) return false
    const size = causes.reduce((sum, { size }) => sum + size, 1)
    this.faults.push({ at: this.keys.slice(this.base), finding, causes, size })
    this.faultCount++
    return false
  }

  /** Takes back the faults since `start`. */
  drop(start: number): void {
    while (this.faults.length > start) this.faultCount -= this.faults.pop()!.size
  }

  /** All faults at the end of a run; those of one bundle are faults of their own. */
  get found(): readonly Fault[] {
    const [first] = this.faults
    return first?.finding.keyword === 'group' && this.faults.length === 1 ? first.causes : this.faults
  }
}
