/** When two JSON values are one: numbers by their value, objects without regard to the order of their members. */

import { NestingError } from './errors.js'
import { ARRAY, kindOf, NUMBER, OBJECT } from './node.js'
import { type Bound, boundOf, canonicalNumber, compareTo, type NumberText } from './numbers.js'
import { MAX_NESTING, type Run } from './run.js'

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
export function equalTo(value: unknown, expected: Expected, run: Run): boolean {
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

/** Numbers equal values alike, each value once: of a tree of arrays whose items must be unique none is walked twice. */
export class Identities {
  private readonly textOf: NumberText
  private readonly byText = new Map<string, number>()
  private readonly byContainer = new Map<object, number>()

  constructor(textOf: NumberText) {
    this.textOf = textOf
  }

  /** A text that equal values share. @throws NestingError */
  of(container: object, key: string | number, value: unknown, depth = 0): string {
    if (typeof value === 'string') return `"${value}`
    if (typeof value === 'number') return canonicalNumber(value, this.textOf(container, key, value))
    if (typeof value !== 'object' || value === null) return String(value)
    return `#${this.ofContainer(value, depth)}`
  }

  private ofContainer(value: object, depth: number): number {
    const known = this.byContainer.get(value)
    if (known !== undefined) return known
    if (depth > MAX_NESTING) throw new NestingError()
    const text = Array.isArray(value) ? this.ofItems(value, depth + 1) : this.ofMembers(value, depth + 1)
    const id = this.byText.get(text) ?? this.byText.size
    this.byText.set(text, id)
    this.byContainer.set(value, id)
    return id
  }

  private ofItems(list: readonly unknown[], depth: number): string {
    return `[${list.map((item, i) => JSON.stringify(this.of(list, i, item, depth))).join(',')}`
  }

  private ofMembers(object: object, depth: number): string {
    const members = object as Readonly<Record<string, unknown>>
    const names = Object.keys(members).sort()
    return `{${names.map(name => `${JSON.stringify(name)}:${JSON.stringify(this.of(object, name, members[name], depth))}`).join(',')}`
  }
}
