/** What a schema asks of a value, as plain data: what tests over bytes are generated from. */

import type { Format } from '../formats/index.js'
import type { DynamicReference } from '../keywords/references.js'
import type { Node } from '../node.js'
import type { Bound } from '../numbers.js'
import type { Pattern } from '../schema-reader.js'

/** Kinds of values, as bits of {@link Plan.types}. */
export const NULL = 1
export const BOOLEAN = 2
export const NUMBER = 4
/** Integers alone; without {@link NUMBER}. */
export const INTEGER = 8
export const STRING = 16
export const ARRAY = 32
export const OBJECT = 64
export const ANY = NULL | BOOLEAN | NUMBER | STRING | ARRAY | OBJECT

/** The values of `const` or `enum`. */
export interface Choice {
  readonly texts: ReadonlySet<string>
  /** The literals among them. */
  readonly literals: ReadonlySet<boolean | null>
  readonly numbers: readonly Bound[]
  /** Arrays or objects are among them. */
  readonly hasContainers: boolean
}

/** How a number is compared with a bound. */
export type Comparison = '<' | '<=' | '>' | '>='

export interface NumberPlan {
  /** The comparisons that must hold. */
  readonly limits: readonly (readonly [Comparison, Bound])[]
  readonly multipleOf: Bound | undefined
}

export interface TextPlan {
  readonly min: number | undefined
  readonly max: number | undefined
  readonly pattern: Pattern | undefined
  readonly format: Format | undefined
}

export interface ListPlan {
  readonly min: number | undefined
  readonly max: number | undefined
  readonly unique: boolean
  readonly prefix: readonly Node[]
  /** Of the items behind the prefix; false = there must be none. */
  readonly rest: Node | false | undefined
  readonly contains: Contained | undefined
}

export interface Contained {
  readonly node: Node
  readonly min: number
  readonly max: number | undefined
  /** Items that fit count as looked at. */
  readonly isSeen: boolean
}

export interface ObjectPlan {
  readonly min: number | undefined
  readonly max: number | undefined
  readonly required: readonly string[]
  readonly properties: ReadonlyMap<string, Node>
  readonly patterns: readonly (readonly [Pattern, Node])[]
  /** Of all other members; false = there must be none. */
  readonly rest: Node | false | undefined
  readonly names: Node | undefined
  /** What must be there beside a member. */
  readonly needs: readonly (readonly [name: string, others: readonly string[]])[]
  /** What applies to the whole object beside a member. */
  readonly applies: readonly (readonly [name: string, node: Node])[]
}

export interface Plan {
  /** A boolean schema. */
  readonly constant: boolean | undefined
  readonly types: number
  readonly choices: readonly Choice[]
  readonly number: NumberPlan | undefined
  readonly text: TextPlan | undefined
  readonly list: ListPlan | undefined
  readonly object: ObjectPlan | undefined
  readonly all: readonly Node[]
  readonly dynamic: readonly DynamicReference[]
  readonly any: readonly Node[] | undefined
  readonly one: readonly Node[] | undefined
  readonly not: Node | undefined
  readonly condition: readonly [when: Node, yes: Node | undefined, no: Node | undefined] | undefined
  /** Of members, and of items, that no other keyword has looked at. */
  readonly unseenMembers: Node | undefined
  readonly unseenItems: Node | undefined
}

export const EMPTY: Plan = {
  constant: undefined,
  types: ANY,
  choices: [],
  number: undefined,
  text: undefined,
  list: undefined,
  object: undefined,
  all: [],
  dynamic: [],
  any: undefined,
  one: undefined,
  not: undefined,
  condition: undefined,
  unseenMembers: undefined,
  unseenItems: undefined
}

/** Whether every value fits. */
export const takesAll = (plan: Plan): boolean =>
  plan.constant === true || Object.entries(EMPTY).every(([key, none]) => isNone(plan[key as keyof Plan], none))

const isNone = (value: unknown, none: unknown): boolean => value === none || (Array.isArray(value) && value.length === 0)

/** Whether a schema asks which members and items others have looked at. */
export const asksSeen = (plan: Plan): boolean => plan.unseenMembers !== undefined || plan.unseenItems !== undefined

/** The schema that is all that a plan consists of. */
export function aliasOf(plan: Plan): Node | undefined {
  if (plan.all.length !== 1 || plan.constant !== undefined) return undefined
  return takesAll({ ...plan, all: [] }) ? plan.all[0] : undefined
}
