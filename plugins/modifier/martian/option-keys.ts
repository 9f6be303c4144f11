/** Reads the options of one modifier as Go's JSON decoder reads them: names of keys in any case, and in tolerant mode `null` as if absent. */

import type { ComponentContext } from 'sluice/plugin'

/** Collects what cannot be honoured in one block. */
export class Faults {
  private readonly context: ComponentContext
  /** Faults are known already: nothing is told. */
  private readonly quiet: boolean
  /** Faults for which KrakenD does not mount the block. */
  count = 0

  constructor(context: ComponentContext, quiet: boolean) {
    this.context = context
    this.quiet = quiet
  }

  /** Tells a fault that stops the start; in tolerant mode the block is left out. */
  add(pointer: string, message: string): void {
    this.count++
    if (!this.quiet) this.context.report(pointer, message)
  }

  /** Tells a fault that stops the start; KrakenD mounts the block, and so does the tolerant mode. */
  addMounted(pointer: string, message: string): void {
    if (!this.quiet) this.context.report(pointer, message)
  }

  warn(pointer: string, message: string): void {
    if (!this.quiet) this.context.report(pointer, message, 'warning')
  }
}

/** A value and where it stands. */
export interface Placed {
  readonly value: unknown
  readonly pointer: string
}

export class OptionKeys {
  readonly pointer: string
  readonly faults: Faults
  /** By name in lower case. Of names that differ in case the last in order counts. */
  private readonly given = new Map<string, readonly [name: string, value: unknown]>()

  constructor(value: unknown, pointer: string, faults: Faults, known: Iterable<string>) {
    this.pointer = pointer
    this.faults = faults
    if (!isObject(value)) {
      faults.add(pointer, 'expected an object')
      return
    }
    const names = new Set([...known].map(name => name.toLowerCase()))
    for (const name of Object.keys(value).sort()) {
      const lower = name.toLowerCase()
      this.given.set(lower, [name, value[name]])
      if (!names.has(lower) && !/^[@$_#]/.test(name)) {
        faults.warn(`${pointer}/${escaped(name)}`, `unknown key '${name}' is ignored; there are ${[...known].join(', ')}`)
      }
    }
  }

  /** The value of a key; undefined when it is absent or null. */
  placed(key: string): Placed | undefined {
    const found = this.given.get(key.toLowerCase())
    if (found === undefined || found[1] === null) return undefined
    return { value: found[1], pointer: this.at(key) }
  }

  /** True when the key is there, `null` included. */
  has(key: string): boolean {
    return this.given.has(key.toLowerCase())
  }

  /** The pointer of a key, as it is spelled in the file. */
  at(key: string): string {
    return `${this.pointer}/${escaped(this.given.get(key.toLowerCase())?.[0] ?? key)}`
  }

  /** '' when it is absent. */
  text(key: string): string {
    return this.read(key, 'a string', '', (value): value is string => typeof value === 'string')
  }

  flag(key: string): boolean {
    return this.read(key, 'true or false', false, (value): value is boolean => typeof value === 'boolean')
  }

  /** A whole number; 0 when it is absent. */
  integer(key: string): number {
    return this.read(key, 'a whole number', 0, (value): value is number => Number.isSafeInteger(value))
  }

  list(key: string): readonly Placed[] {
    const items = this.read<readonly unknown[]>(key, 'a list', [], Array.isArray)
    return items.map((value, index) => ({ value, pointer: `${this.at(key)}/${index}` }))
  }

  texts(key: string): readonly Placed[] {
    return this.list(key).filter(({ value, pointer }) => {
      if (typeof value === 'string') return true
      this.faults.add(pointer, 'expected a string')
      return false
    })
  }

  /** Strings by name. */
  textMap(key: string): ReadonlyMap<string, string> {
    const object = this.read<Readonly<Record<string, unknown>>>(key, 'an object of strings', {}, isObject)
    const texts = new Map<string, string>()
    for (const [name, value] of Object.entries(object)) {
      if (typeof value === 'string') texts.set(name, value)
      else this.faults.add(`${this.at(key)}/${escaped(name)}`, 'expected a string')
    }
    return texts
  }

  private read<T>(key: string, wanted: string, absent: T, fits: (value: unknown) => value is T): T {
    const found = this.placed(key)
    if (found === undefined) return absent
    if (fits(found.value)) return found.value
    this.faults.add(found.pointer, `expected ${wanted}`)
    return absent
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A reference token of a JSON pointer. */
export function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
