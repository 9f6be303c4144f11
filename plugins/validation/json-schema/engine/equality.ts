/** When two JSON values are one: numbers by their value, objects without regard to the order of their members. */

import { canonicalDecimal, parseDecimal } from './decimal.js'
import { MAX_NESTING, NestingError } from './errors.js'
import { ARRAY, kindOf, NUMBER, OBJECT } from './kinds.js'
import { type Bound, boundOf, compareTo, isPlain, type NumberText } from './numbers.js'

/** A value of a schema, prepared to be compared with. */
export interface Expected {
  readonly kind: number
  readonly value: unknown
  readonly number: Bound | undefined
  readonly items: readonly Expected[]
  readonly members: readonly (readonly [name: string, value: Expected])[]
}

/** Prepares the value under `key` of `container`. */
export function expectedOf(container: object, key: string | number, value: unknown, textOf: NumberText): Expected {
  const kind = kindOf(value)
  const list = kind === ARRAY ? (value as readonly unknown[]) : []
  const entries = kind === OBJECT ? Object.entries(value as object) : []
  return {
    kind,
    value,
    number: kind === NUMBER ? boundOf(value as number, textOf(container, key, value as number)) : undefined,
    items: list.map((item, i) => expectedOf(list, i, item, textOf)),
    members: entries.map(([name, member]) => [name, expectedOf(value as object, name, member, textOf)] as const)
  }
}

/** Compares the value that `run` looks at; takes no longer than the expected value is large. */
export function equalTo(
  value: unknown,
  expected: Expected,
  run: { textOf(value: number): string; readonly textIn: NumberText }
): boolean {
  if (typeof value === 'number' && expected.number !== undefined)
    return compareTo(value, run.textOf(value), expected.number) === 0
  return equal(value, expected, (container, key, number) => run.textIn(container, key, number))
}

function equal(value: unknown, expected: Expected, textOf: NumberText): boolean {
  const { kind } = expected
  if (kindOf(value) !== kind) return false
  if (kind === ARRAY) {
    const list = value as readonly unknown[]
    return (
      list.length === expected.items.length && expected.items.every((item, i) => memberEquals(list, i, list[i], item, textOf))
    )
  }
  if (kind !== OBJECT) return value === expected.value
  const object = value as Readonly<Record<string, unknown>>
  if (Object.keys(object).length !== expected.members.length) return false
  return expected.members.every(
    ([name, member]) => Object.hasOwn(object, name) && memberEquals(object, name, object[name], member, textOf)
  )
}

function memberEquals(container: object, key: string | number, value: unknown, expected: Expected, textOf: NumberText): boolean {
  if (expected.number === undefined) return equal(value, expected, textOf)
  return typeof value === 'number' && compareTo(value, textOf(container, key, value), expected.number) === 0
}

/** What equal values share: the value itself where JavaScript tells it from all others, else an object that stands for it. */
type Identity = string | number | boolean | null | Representative

/** Stands for an array, an object, or a number that is no double. */
interface Representative {
  readonly id: number
}

/** Finds equal values, each value walked once: of a tree of arrays whose items must be unique none is walked twice. */
export class Identities {
  private readonly textOf: NumberText
  private readonly byText = new Map<string, Representative>()
  private readonly byContainer = new Map<object, Representative>()

  constructor(textOf: NumberText) {
    this.textOf = textOf
  }

  /** Returns what the values that equal this one share, as a key of a Map. @throws NestingError */
  of(container: object, key: string | number, value: unknown, depth = 0): Identity {
    if (typeof value === 'number') return this.ofNumber(value, this.textOf(container, key, value))
    if (typeof value !== 'object' || value === null) return value as Identity
    const known = this.byContainer.get(value)
    if (known !== undefined) return known
    if (depth > MAX_NESTING) throw new NestingError()
    const text = Array.isArray(value) ? this.itemsText(value, depth + 1) : this.membersText(value, depth + 1)
    const made = this.representative(text)
    this.byContainer.set(value, made)
    return made
  }

  /** The double, unless its digits are others than those that were written. */
  private ofNumber(value: number, text: string): Identity {
    if (isPlain(value, text)) return value
    const canonical = canonicalDecimal(parseDecimal(text))
    const isDouble = Number.isFinite(value) && canonicalDecimal(parseDecimal(String(value))) === canonical
    return isDouble ? value : this.representative(canonical)
  }

  private representative(text: string): Representative {
    let known = this.byText.get(text)
    if (known === undefined) {
      known = { id: this.byText.size }
      this.byText.set(text, known)
    }
    return known
  }

  private itemsText(list: readonly unknown[], depth: number): string {
    let text = '['
    for (let i = 0; i < list.length; i++) text += `${identityText(this.of(list, i, list[i], depth))},`
    return text
  }

  private membersText(object: object, depth: number): string {
    const members = object as Readonly<Record<string, unknown>>
    let text = '{'
    for (const name of Object.keys(members).sort()) {
      text += `${JSON.stringify(name)}:${identityText(this.of(object, name, members[name], depth))},`
    }
    return text
  }
}

function identityText(identity: Identity): string {
  if (typeof identity === 'string') return JSON.stringify(identity)
  // as a key of a Map, -0 is 0
  if (typeof identity === 'number') return String(identity + 0)
  return typeof identity === 'object' && identity !== null ? `#${identity.id}` : String(identity)
}
