/**
 * Fields as the lines of a head. The same names come with each message, and mostly the same values: the line of a value that comes again
 * and again is made once. That spares a look at each of its characters and three strings for each field (bench/peers, real-rs). In: names
 * and values, alternating. Memory is bounded by {@link MEMORY} and {@link LONGEST}.
 */

import { Buffer } from 'node:buffer'
import { isFieldName, isFieldValue, lowerName } from './fields.js'

/** Names that are remembered. Clients choose names, so others are looked at each time. */
const MEMORY = 512
/** Longest name, and longest value, that is remembered. */
const LONGEST = 128
/** A value takes the place of another one at most so often, in misses, a power of two: those that never come twice stay out. */
const PATIENCE = 16

/** What only its owner may keep. */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie'])

interface KnownName {
  /** `Name: `; '' for one that {@link FieldLines} leaves to others. */
  readonly start: string
  readonly isSecret: boolean
  /** The value whose line is remembered; undefined = none. */
  value: string | undefined
  line: string
  /** The last value that was another one. */
  last: string
  misses: number
}

export class FieldLines {
  private readonly others: ReadonlySet<string>
  private readonly known = new Map<string, KnownName>()

  /** @param others names in lower case that have no line here */
  constructor(others: ReadonlySet<string>) {
    this.others = others
  }

  /** Returns `Name: value\r\n`; undefined for a name that is left to others, and for what is no field (RFC 9110 §5). */
  of(name: string, value: string): string | undefined {
    const known = this.known.get(name)
    if (known === undefined) return this.meet(name, value)
    if (known.value === value) return known.line
    if (known.start === '' || !isFieldValue(value)) return undefined
    const line = `${known.start + value}\r\n`
    if (!known.isSecret) notice(known, value, line)
    return line
  }

  private meet(name: string, value: string): string | undefined {
    const lower = lowerName(name)
    const left = this.others.has(lower)
    if (!left && !isFieldName(name)) return undefined
    const start = left ? '' : flat(`${name}: `)
    if (this.known.size < MEMORY && name.length <= LONGEST)
      this.known.set(name, { start, isSecret: SECRET.has(lower), value: undefined, line: '', last: '', misses: 0 })
    return left || !isFieldValue(value) ? undefined : `${start + value}\r\n`
  }
}

function notice(known: KnownName, value: string, line: string): void {
  if (value.length > LONGEST) return
  if (known.last === value && (known.value === undefined || (++known.misses & (PATIENCE - 1)) === 0)) {
    known.value = value
    known.line = flat(line)
  } else known.last = value
}

/** Returns a text that is one piece of memory: what is joined of pieces is taken apart again with each use. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
