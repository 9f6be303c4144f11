/** `eq`, `lt` and their like, by Go's rules: unlike kinds cannot be compared. */

import { formatValue } from './format-value.js'
import { GoFault } from './go-fault.js'
import { declare, type FunctionTable } from './go-function.js'
import { GoObject, integerOf, isInteger, kindOf, typeOf, type Value } from './value.js'

/** Kinds that can be ordered or told equal; int and int64 are one. */
function basicKind(value: Value): 'bool' | 'integer' | 'float' | 'string' | undefined {
  if (isInteger(value)) return 'integer'
  const kind = kindOf(value)
  return kind === 'bool' || kind === 'string' ? kind : kind === 'float64' ? 'float' : undefined
}

function eq(first: Value, ...others: Value[]): boolean {
  if (others.length === 0) throw new GoFault('missing argument for comparison')
  mustBeComparable(first)
  return others.some(other => isEqual(first, other))
}

function mustBeComparable(value: Value): void {
  if (Array.isArray(value) || value instanceof Map)
    throw new GoFault(`non-comparable type ${formatValue(value)}: ${typeOf(value)}`)
}

function isEqual(a: Value, b: Value): boolean {
  const kind = basicKind(a)
  if (kind !== basicKind(b)) {
    if (a === null || b === null) return false
    throw new GoFault(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`)
  }
  if (isInteger(a) && isInteger(b)) return integerOf(a) === integerOf(b)
  if (kind !== undefined) return a === b
  mustBeComparable(b)
  if (a === null || b === null) return a === b
  return a instanceof GoObject && b instanceof GoObject && a.equals(b)
}

function lt(a: Value, b: Value): boolean {
  const kind = basicKind(a)
  const other = basicKind(b)
  if (kind === undefined || other === undefined) throw new GoFault('invalid type for comparison')
  if (kind !== other) throw new GoFault(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`)
  if (kind === 'bool') throw new GoFault('invalid type for comparison')
  if (isInteger(a) && isInteger(b)) return integerOf(a) < integerOf(b)
  if (kind === 'string') return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) < 0
  return (a as number) < (b as number)
}

const le = (a: Value, b: Value): boolean => lt(a, b) || eq(a, b)

export const COMPARISONS: FunctionTable = {
  eq: declare('any ...any', eq as never),
  ne: declare('any any', (a: Value, b: Value) => !eq(a, b)),
  lt: declare('any any', lt as never),
  le: declare('any any', le as never),
  gt: declare('any any', (a: Value, b: Value) => !le(a, b)),
  ge: declare('any any', (a: Value, b: Value) => !lt(a, b))
}
