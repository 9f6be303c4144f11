import { checkFieldName, checkFieldValue, isFraming, lowerName, type RawFields } from '../http/fields.js'
import type { HeaderMap, HeadersLike } from './public.js'

/**
 * Header fields over the flat array that goes to the socket. Lookups are linear, which beats a Map for the dozen fields that a
 * message has.
 */
export class FieldMap implements HeaderMap {
  /** The live array, `[name, value, …]`. */
  readonly raw: RawFields

  constructor(raw: RawFields = []) {
    this.raw = raw
  }

  static from(init: HeadersLike): FieldMap {
    const map = new FieldMap()
    if (init instanceof FieldMap) {
      const { raw } = init
      for (let i = 0; i < raw.length; i += 2) if (!isFraming(lowerName(raw[i]!))) map.raw.push(raw[i]!, raw[i + 1]!)
    } else if (Symbol.iterator in init) {
      for (const [name, value] of init as Iterable<readonly [string, string]>) map.append(name, value)
    } else {
      for (const name of Object.keys(init)) {
        const value = (init as Record<string, string | readonly string[]>)[name]!
        if (typeof value === 'string') map.append(name, value)
        else for (const one of value) map.append(name, one)
      }
    }
    return map
  }

  /** Takes the fields of `init` in place of its own. @throws TypeError as {@link append}; then nothing has changed */
  replaceBy(init: HeadersLike): void {
    const { raw } = FieldMap.from(init)
    this.raw.splice(0, this.raw.length, ...raw)
  }

  get(name: string): string | undefined {
    const { raw } = this
    const lower = lowerName(name)
    let found: string | undefined
    for (let i = 0; i < raw.length; i += 2) {
      if (!isNamed(raw[i]!, name, lower)) continue
      if (found === undefined) found = raw[i + 1]!
      else if (lower === 'set-cookie') return found
      else found += `, ${raw[i + 1]!}`
    }
    return found
  }

  getAll(name: string): string[] {
    const { raw } = this
    const lower = lowerName(name)
    let found: string[] | undefined
    for (let i = 0; i < raw.length; i += 2) {
      if (!isNamed(raw[i]!, name, lower)) continue
      // a list that grows from nothing gets room for 17
      if (found === undefined) found = [raw[i + 1]!]
      else found.push(raw[i + 1]!)
    }
    return found ?? []
  }

  has(name: string): boolean {
    const { raw } = this
    const lower = lowerName(name)
    for (let i = 0; i < raw.length; i += 2) if (isNamed(raw[i]!, name, lower)) return true
    return false
  }

  set(name: string, value: string | readonly string[]): void {
    const settable = settableName(name)
    if (typeof value === 'string') settable.check(value)
    else {
      value = [...value].map(String)
      for (const one of value) settable.check(one)
    }
    const { raw } = this
    const { lower } = settable
    let at = 0
    while (at < raw.length && !isNamed(raw[at]!, name, lower)) at += 2
    if (typeof value !== 'string') {
      this.deleteFrom(at, name, lower)
      raw.splice(at, 0, ...value.flatMap(one => [name, one]))
    } else if (at === raw.length) raw.push(name, value)
    else {
      raw[at] = name
      raw[at + 1] = value
      this.deleteFrom(at + 2, name, lower)
    }
  }

  append(name: string, value: string): void {
    const text = String(value)
    settableName(name).check(text)
    this.raw.push(name, text)
  }

  delete(name: string): void {
    this.deleteFrom(0, name, lowerName(name))
  }

  deletePrefixed(prefix: string): void {
    const { raw } = this
    const lower = prefix.toLowerCase()
    let to = 0
    for (let i = 0; i < raw.length; i += 2) {
      if (raw[i]!.length >= lower.length && lowerName(raw[i]!).startsWith(lower)) continue
      raw[to] = raw[i]!
      raw[to + 1] = raw[i + 1]!
      to += 2
    }
    if (to < raw.length) raw.length = to
  }

  private deleteFrom(start: number, name: string, lower: string): void {
    const { raw } = this
    let to = start
    while (to < raw.length && !isNamed(raw[to]!, name, lower)) to += 2
    for (let i = to + 2; i < raw.length; i += 2) {
      if (isNamed(raw[i]!, name, lower)) continue
      raw[to] = raw[i]!
      raw[to + 1] = raw[i + 1]!
      to += 2
    }
    if (to < raw.length) raw.length = to
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return new Pairs(this.raw)
  }
}

/** Iterates as a generator would, with less garbage: `security/cors` looks at each field of each response. */
class Pairs implements IterableIterator<[name: string, value: string]> {
  private readonly raw: RawFields
  private at = 0

  constructor(raw: RawFields) {
    this.raw = raw
  }

  next(): IteratorResult<[name: string, value: string]> {
    const { raw, at } = this
    if (at >= raw.length) return { done: true, value: undefined }
    this.at = at + 2
    return { done: false, value: [raw[at]!, raw[at + 1]!] }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** The trailers of a message that is sent without any: what was received can be read. */
export class UnsentTrailers extends FieldMap {
  override set(name: string): void {
    throw new TypeError(`trailer ${name} cannot be set: requests are sent to backends without trailers`)
  }

  override append(name: string): void {
    this.set(name)
  }
}

/** A name that may be set. */
class SettableName {
  readonly lower: string
  private readonly name: string
  /** The last value that was checked: rules set the same text for each message. */
  private legal = ''

  constructor(name: string) {
    this.name = name
    this.lower = lowerName(name)
  }

  /** @throws TypeError for an illegal value */
  check(value: string): void {
    if (value === this.legal) return
    checkFieldValue(this.name, value)
    if (value.length <= LONGEST_KNOWN) this.legal = value
  }
}

/** What sets fields sets the same ones for each message. */
const SETTABLE = new Map<string, SettableName>()
const MOST_SETTABLE = 1000
/** Longest name, and longest value of it, that is remembered. */
const LONGEST_KNOWN = 64

/** @throws TypeError for an illegal name, and for one of framing */
function settableName(name: string): SettableName {
  const known = SETTABLE.get(name)
  if (known !== undefined) return known
  checkFieldName(name)
  const settable = new SettableName(name)
  if (isFraming(settable.lower)) {
    throw new TypeError(
      `header ${name} cannot be set: framing belongs to the gateway, which writes what the body needs; leave it out`
    )
  }
  if (SETTABLE.size < MOST_SETTABLE && name.length <= LONGEST_KNOWN) SETTABLE.set(name, settable)
  return settable
}

/** Says whether a field has a name, which is `lower` in lower case. Most are spelled alike: the comparison spares a look-up. */
function isNamed(field: string, name: string, lower: string): boolean {
  return field.length === lower.length && (field === name || lowerName(field) === lower)
}
