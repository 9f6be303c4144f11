/** Semantic versions and ranges of them, as the Go library `semver` of sprig reads them. */

import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { GoObject, type Value } from '../value.js'

const PRE = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const VERSION = new RegExp(`^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:-(${PRE}))?(?:\\+(${PRE}))?$`)

class Version extends GoObject {
  readonly type = '*semver.Version'
  readonly kind = 'ptr'
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly pre: string
  readonly metadata: string
  readonly original: string

  constructor(original: string, numbers: readonly [bigint, bigint, bigint], pre: string, metadata: string) {
    super()
    this.original = original
    this.numbers = numbers
    this.pre = pre
    this.metadata = metadata
  }

  override member(name: string): Value | ((...args: Value[]) => Value) | undefined {
    switch (name) {
      case 'Major':
        return () => this.numbers[0]
      case 'Minor':
        return () => this.numbers[1]
      case 'Patch':
        return () => this.numbers[2]
      case 'Prerelease':
        return () => this.pre
      case 'Metadata':
        return () => this.metadata
      case 'Original':
        return () => this.original
      case 'String':
        return () => this.toString()
      case 'IncMajor':
        return () => this.next(0)
      case 'IncMinor':
        return () => this.next(1)
      case 'IncPatch':
        return () => (this.pre === '' ? this.next(2) : new Version('', this.numbers, '', ''))
      case 'Compare':
        return other => BigInt(compareVersions(this, versionArgument(other)))
      case 'LessThan':
        return other => compareVersions(this, versionArgument(other)) < 0
      case 'GreaterThan':
        return other => compareVersions(this, versionArgument(other)) > 0
      case 'Equal':
        return other => compareVersions(this, versionArgument(other)) === 0
    }
    return undefined
  }

  override toString(): string {
    return `${this.numbers.join('.')}${this.pre === '' ? '' : `-${this.pre}`}${this.metadata === '' ? '' : `+${this.metadata}`}`
  }

  override toJson(): Value {
    return this.toString()
  }

  override equals(other: GoObject): boolean {
    return other === this
  }

  private next(place: 0 | 1 | 2): Version {
    const numbers = this.numbers.map((number, i) => (i < place ? number : i === place ? number + 1n : 0n))
    return new Version('', numbers as unknown as [bigint, bigint, bigint], '', '')
  }
}

function versionArgument(value: Value | undefined): Version {
  if (value instanceof Version) return value
  throw new GoFault('expected a version')
}

function parseVersion(text: string): Version {
  const found = VERSION.exec(text)
  if (found === null) throw new GoFault('Invalid Semantic Version')
  const [, major, minor = '0', patch = '0', pre = '', metadata = ''] = found
  if (pre.split('.').some(part => /^0\d+$/.test(part))) throw new GoFault('Version segment starts with 0')
  return new Version(text, [BigInt(major!), BigInt(minor), BigInt(patch)], pre, metadata)
}

function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < 3; i++) {
    const x = a.numbers[i]!
    const y = b.numbers[i]!
    if (x !== y) return x < y ? -1 : 1
  }
  if (a.pre === '' || b.pre === '') return a.pre === b.pre ? 0 : a.pre === '' ? 1 : -1
  return comparePre(a.pre.split('.'), b.pre.split('.'))
}

/** Semantic Versioning 2.0.0 §11.4. */
function comparePre(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i]
    const y = b[i]
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1
    if (x === y) continue
    const isNumber = /^\d+$/.test(x)
    if (isNumber !== /^\d+$/.test(y)) return isNumber ? -1 : 1
    return (isNumber ? BigInt(x) < BigInt(y) : x < y) ? -1 : 1
  }
  return 0
}

/** One condition of a range: an operator and a version of which parts may be missing or `x`. */
interface Condition {
  readonly operator: string
  readonly version: Version
  /** Parts that are given: 0 to 3. */
  readonly given: number
}

const CONDITION = new RegExp(
  `(=?[<>]|[<>]=|=<|!=|=>|=|~>|~|\\^|)\\s*v?(\\d+|[xX*])(?:\\.(\\d+|[xX*]))?(?:\\.(\\d+|[xX*]))?(?:-(${PRE}))?(?:\\+(${PRE}))?`,
  'y'
)
const HYPHEN = /^\s*(\S+)\s+-\s+(\S+)\s*$/

function parseConditions(text: string): Condition[] {
  const hyphen = HYPHEN.exec(text)
  const source = hyphen === null ? text : `>= ${hyphen[1]}, <= ${hyphen[2]}`
  const conditions: Condition[] = []
  let at = 0
  for (;;) {
    at += /^[\s,]*/.exec(source.slice(at))![0].length
    if (at >= source.length) break
    CONDITION.lastIndex = at
    const found = CONDITION.exec(source)
    if (found === null) throw new GoFault(`improper constraint: ${text}`)
    at += found[0].length
    conditions.push(conditionOf(found))
    if (at < source.length && !/[\s,]/.test(source[at]!)) throw new GoFault(`improper constraint: ${text}`)
  }
  if (conditions.length === 0) throw new GoFault(`improper constraint: ${text}`)
  return conditions
}

function conditionOf([, operator, ...parts]: RegExpExecArray): Condition {
  const wild = parts.slice(0, 3).findIndex(part => part === undefined || /^[xX*]$/.test(part))
  const given = wild === -1 ? 3 : wild
  const numbers = [0, 1, 2].map(i => (i < given ? BigInt(parts[i]!) : 0n)) as unknown as [bigint, bigint, bigint]
  return { operator: operator!, version: new Version('', numbers, parts[3] ?? '', ''), given }
}

function holds({ operator, version, given }: Condition, candidate: Version): boolean {
  // a version before a release fits only where the range names one, too
  if (candidate.pre !== '' && version.pre === '') return false
  const order = compareVersions(candidate, version)
  const sameUpTo = (parts: number): boolean =>
    candidate.numbers.slice(0, parts).every((number, i) => number === version.numbers[i])
  switch (operator) {
    case '!=':
      return given < 3 ? !sameUpTo(given) : order !== 0
    case '>':
      return given === 3 ? order > 0 : order > 0 && !sameUpTo(given)
    case '<':
      return order < 0
    case '>=':
    case '=>':
      return order >= 0
    case '<=':
    case '=<':
      return given === 3 ? order <= 0 : order <= 0 || sameUpTo(given)
    case '~':
    case '~>':
      return given === 0 || (order >= 0 && sameUpTo(Math.min(given, 2)))
    case '^':
      return order >= 0 && sameUpTo(caretParts(version, given))
    default:
      return given < 3 ? (given === 0 || order >= 0) && sameUpTo(given) : order === 0
  }
}

/** `^` keeps the first part that is not zero. */
function caretParts(version: Version, given: number): number {
  const first = version.numbers.findIndex(number => number !== 0n)
  return first === -1 ? Math.max(given, 1) : first + 1
}

function satisfies(range: string, text: string): boolean {
  const alternatives = range.split('||').map(parseConditions)
  const version = parseVersion(text)
  return alternatives.some(conditions => conditions.every(condition => holds(condition, version)))
}

export const VERSIONS: FunctionTable = {
  semver: declare('string', parseVersion),
  semverCompare: declare('string string', satisfies)
}
