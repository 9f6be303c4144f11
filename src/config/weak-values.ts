/** How KrakenD's decoder turns values of one type into another. */

import { goType } from './go-type.js'
import { isObject } from './json-value.js'

const INTEGER = /^[+-]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[0-9]+)$/

export function weakString(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return typeof value === 'boolean' ? (value ? '1' : '0') : undefined
}

/** A scalar is a list of one, an empty object an empty list, another object a list of one. */
export function weakList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return isObject(value) && Object.keys(value).length === 0 ? [] : [value]
}

/** Reads an integer with Go's prefixes: 0x, 0b, 0o, and a leading 0 for octal. */
export function goInteger(text: string): number | undefined {
  const digits = text.replace(/_/g, '')
  if (!INTEGER.test(digits)) return undefined
  const unsigned = digits.replace(/^[+-]/, '')
  const number = /^0[0-7]+$/.test(unsigned) ? Number.parseInt(unsigned, 8) : Number(unsigned)
  return digits.startsWith('-') ? -number : number
}

export function structKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  return goType(value)
}
