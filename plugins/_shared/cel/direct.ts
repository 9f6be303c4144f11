/**
 * Expressions as functions over the values themselves, where all parts are of the common ones: members, literals, `==`, `in`, `size`,
 * tests of texts, `has` and what joins them. Such a function takes a tenth of the library's time. Only `true` is final: everything
 * else, errors and costs included, is the library's.
 */

import type { LinearRegExp } from '../linear-regexp.js'
import { isCelList, isCelMap } from './collections.js'
import type { Expr, Kind } from './syntax.js'

type Values = Readonly<Record<string, unknown>>
/** Undefined where only the library can tell. */
type Read = (values: Values) => unknown
type Holds = (values: Values) => boolean | undefined

/** Nodes of an expression, elements of a list and characters of a text that are within any budget of {@link LEAST_BUDGET}. */
const MOST_NODES = 32
const MOST_ITEMS = 64
const MOST_CHARACTERS = 1024
const MOST_MATCHED = 256

/** Smaller budgets are counted by the library. */
export const LEAST_BUDGET = 100_000

/** A part that is not one of the common ones. */
class Uncommon extends Error {}

/** Compiles an expression; undefined where it has parts that only the library knows. */
export function compileDirect(expr: Expr, patterns: ReadonlyMap<string, LinearRegExp>): Holds | undefined {
  try {
    return new DirectCompiler(patterns).holds(expr)
  } catch (cause) {
    if (cause instanceof Uncommon) return undefined
    throw cause
  }
}

type Call = Extract<Kind, { case: 'callExpr' }>['value']

class DirectCompiler {
  private readonly patterns: ReadonlyMap<string, LinearRegExp>
  private nodes = 0

  constructor(patterns: ReadonlyMap<string, LinearRegExp>) {
    this.patterns = patterns
  }

  holds(expr: Expr): Holds {
    const { exprKind } = expr
    this.count()
    if (exprKind.case === 'callExpr') {
      const holds = this.test(exprKind.value)
      if (holds !== undefined) return holds
    }
    if (exprKind.case === 'selectExpr' && exprKind.value.testOnly)
      return hasMember(this.read(exprKind.value.operand!), exprKind.value.field)
    const read = this.read(expr)
    return values => {
      const value = read(values)
      return typeof value === 'boolean' ? value : undefined
    }
  }

  private test({ function: name, args, target }: Call): Holds | undefined {
    switch (name) {
      case '_&&_':
        return and(this.holds(args[0]!), this.holds(args[1]!))
      case '_||_':
        return or(this.holds(args[0]!), this.holds(args[1]!))
      case '!_':
        return not(this.holds(args[0]!))
      case '_==_':
        return equal(this.read(args[0]!), this.read(args[1]!))
      case '_!=_':
        return not(equal(this.read(args[0]!), this.read(args[1]!)))
      case '_<_':
      case '_<=_':
      case '_>_':
      case '_>=_':
        return compare(name, this.read(args[0]!), this.read(args[1]!))
      case '@in':
        return isIn(this.read(args[0]!), this.list(args[1]!))
      case 'startsWith':
      case 'endsWith':
      case 'contains':
        if (target === undefined || args.length !== 1) throw new Uncommon()
        return ofTexts(name, this.read(target), this.read(args[0]!))
      case 'matches':
        return this.matches(target, args)
      default:
        return undefined
    }
  }

  private matches(target: Expr | undefined, args: readonly Expr[]): Holds {
    const [text, source] = target === undefined ? args : [target, args[0]]
    const value = source === undefined ? undefined : literalOf(source)
    const pattern = typeof value === 'string' ? this.patterns.get(value) : undefined
    if (text === undefined || pattern === undefined) throw new Uncommon()
    const read = this.read(text)
    return values => {
      const given = read(values)
      return typeof given === 'string' && given.length <= MOST_MATCHED ? pattern.test(given) : undefined
    }
  }

  private read(expr: Expr): Read {
    this.count()
    const { exprKind } = expr
    switch (exprKind.case) {
      case 'constExpr': {
        const value = literalOf(expr)
        if (value === undefined) throw new Uncommon()
        return () => value
      }
      case 'identExpr': {
        const { name } = exprKind.value
        return values => values[name]
      }
      case 'selectExpr': {
        const { operand, field, testOnly } = exprKind.value
        if (testOnly) throw new Uncommon()
        return member(this.read(operand!), field)
      }
      case 'callExpr':
        return this.readCall(exprKind.value)
      default:
        throw new Uncommon()
    }
  }

  private readCall({ function: name, args, target }: Call): Read {
    if (name === '_[_]') {
      const key = literalOf(args[1]!)
      if (typeof key === 'string') return member(this.read(args[0]!), key)
      if (typeof key === 'bigint' && key >= 0n && key < 1000n) return item(this.read(args[0]!), Number(key))
    } else if (name === 'size' && (target === undefined) === (args.length === 1)) return size(this.read(target ?? args[0]!))
    throw new Uncommon()
  }

  /** A list in the text, or one of the values. */
  private list(expr: Expr): Read {
    if (expr.exprKind.case !== 'listExpr') return this.read(expr)
    const items = expr.exprKind.value.elements.map(literalOf)
    if (items.length > MOST_ITEMS || items.some(one => one === undefined)) throw new Uncommon()
    return () => items
  }

  private count(): void {
    if (++this.nodes > MOST_NODES) throw new Uncommon()
  }
}

/** A text, a boolean, an integer or a double of the expression. */
function literalOf({ exprKind }: Expr): unknown {
  if (exprKind.case !== 'constExpr') return undefined
  const { constantKind } = exprKind.value
  switch (constantKind.case) {
    case 'stringValue':
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
      return constantKind.value
    default:
      return undefined
  }
}

// --- values --------------------------------------------------------------------------------------------------------

function memberOf(value: unknown, key: string): unknown {
  if (value instanceof Map || isCelMap(value)) return (value as ReadonlyMap<string, unknown>).get(key)
  return undefined
}

const member =
  (read: Read, key: string): Read =>
  values =>
    memberOf(read(values), key)

const item =
  (read: Read, index: number): Read =>
  values => {
    const value = read(values)
    return Array.isArray(value) ? value[index] : isCelList(value) ? (value.get(index) as unknown) : undefined
  }

const size =
  (read: Read): Read =>
  values => {
    const value = read(values)
    if (Array.isArray(value)) return BigInt(value.length)
    if (value instanceof Map || isCelList(value) || isCelMap(value)) return BigInt((value as { readonly size: number }).size)
    // characters are counted as code points
    return typeof value === 'string' && value.length <= MOST_CHARACTERS ? BigInt([...value].length) : undefined
  }

// --- tests ---------------------------------------------------------------------------------------------------------

const and =
  (left: Holds, right: Holds): Holds =>
  values => {
    const first = left(values)
    if (first === false) return false
    const second = right(values)
    return second === false ? false : first === undefined ? undefined : second
  }

const or =
  (left: Holds, right: Holds): Holds =>
  values => {
    const first = left(values)
    if (first === true) return true
    const second = right(values)
    return second === true ? true : first === undefined ? undefined : second
  }

const not =
  (holds: Holds): Holds =>
  values => {
    const held = holds(values)
    return held === undefined ? undefined : !held
  }

/** Texts, booleans and numbers of one type; all else is compared by the library. */
function equals(left: unknown, right: unknown): boolean | undefined {
  if (typeof left !== typeof right) return undefined
  switch (typeof left) {
    case 'string':
      return left.length <= MOST_CHARACTERS ? left === right : undefined
    case 'boolean':
    case 'bigint':
    case 'number':
      return left === right
    default:
      return undefined
  }
}

const equal =
  (left: Read, right: Read): Holds =>
  values =>
    equals(left(values), right(values))

type Comparison = '_<_' | '_<=_' | '_>_' | '_>=_'

function compare(name: Comparison, left: Read, right: Read): Holds {
  const wants: readonly [less: boolean, same: boolean, more: boolean] = {
    '_<_': [true, false, false] as const,
    '_<=_': [true, true, false] as const,
    '_>_': [false, false, true] as const,
    '_>=_': [false, true, true] as const
  }[name]
  return values => {
    const a = left(values)
    const b = right(values)
    if (typeof a !== typeof b || (typeof a !== 'bigint' && typeof a !== 'number')) return undefined
    const [less, same, more] = wants
    return a < (b as typeof a) ? less : a > (b as typeof a) ? more : a === b ? same : undefined
  }
}

/** Whether a text is in a list of texts, or the name of a member. */
function isIn(element: Read, list: Read): Holds {
  return values => {
    const one = element(values)
    const all = list(values)
    if (typeof one !== 'string' || one.length > MOST_CHARACTERS) return undefined
    if (all instanceof Map || isCelMap(all)) return memberOf(all, one) === undefined ? undefined : true
    const items = Array.isArray(all) ? all : isCelList(all) && all.size <= MOST_ITEMS ? all : undefined
    if (items === undefined || (Array.isArray(items) && items.length > MOST_ITEMS)) return undefined
    let isSure = true
    for (const each of items as Iterable<unknown>) {
      if (each === one) return true
      if (typeof each !== 'string') isSure = false
    }
    return isSure ? false : undefined
  }
}

const ofTexts =
  (name: 'startsWith' | 'endsWith' | 'contains', text: Read, part: Read): Holds =>
  values => {
    const whole = text(values)
    const piece = part(values)
    if (typeof whole !== 'string' || typeof piece !== 'string') return undefined
    if (whole.length > MOST_CHARACTERS || piece.length > MOST_CHARACTERS) return undefined
    return name === 'contains' ? whole.includes(piece) : name === 'startsWith' ? whole.startsWith(piece) : whole.endsWith(piece)
  }

/** `has(x.f)`: a map either has the member or not. */
const hasMember =
  (read: Read, key: string): Holds =>
  values => {
    const value = read(values)
    if (!(value instanceof Map) && !isCelMap(value)) return undefined
    const found = memberOf(value, key)
    return found === null ? undefined : found !== undefined
  }
