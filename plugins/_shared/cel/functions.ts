/**
 * The functions of CEL as KrakenD's library has them, each with its cost. In: the library's own functions. Out: those that
 * replace them: conversions that read texts as Go does, times, regular expressions on RE2, lists that grow in linear time.
 */

import type * as Cel from '@bufbuild/cel'
import { create } from '@bufbuild/protobuf'
import { TimestampSchema } from '@bufbuild/protobuf/wkt'
import type { CompileLinear } from '../linear-regexp.js'
import { isCelList, isCelMap, joinCost, joinLists } from './collections.js'
import type { Meter } from './meter.js'
import { HAS, RANGE } from './syntax.js'
import { durationText, type Instant, inZone, TIMESTAMP_PARTS, timestampText } from './time.js'

/** What {@link compileFunctions} builds on. */
export interface FunctionParts {
  readonly cel: typeof Cel
  readonly meter: Meter
  /** Compiles the pattern of `matches`; expected to remember. */
  readonly compile: CompileLinear
}

/** Returns all functions that differ from those of a plain environment. */
export function compileFunctions(parts: FunctionParts): Cel.CelFunc[] {
  const std = [...parts.cel.celEnv().funcs] as unknown as Cel.CelFunc[]
  return [...std.filter(readsText).map(func => metered(func, parts)), ...comparisons(std, parts), ...own(parts)]
}

const readsText = (func: Cel.CelFunc): boolean =>
  [...func.arguments, func.target].some(type => type?.name === 'string' || type?.name === 'bytes')

/** The same function, paid for before it is called. */
function charged(
  func: Cel.CelFunc,
  { celError }: typeof Cel,
  charge: (target: unknown, args: Cel.CelValue[]) => void
): Cel.CelFunc {
  return Object.create(func, {
    call: {
      value: (id: number, target: Cel.CelValue | undefined, args: Cel.CelValue[]) => {
        try {
          charge(target, args)
        } catch (cause) {
          return celError(cause, id)
        }
        return func.call(id, target, args)
      }
    }
  }) as Cel.CelFunc
}

/** Pays for each text that the function reads. */
function metered(func: Cel.CelFunc, { cel, meter }: FunctionParts): Cel.CelFunc {
  return charged(func, cel, (target, args) => {
    meter.chargeText(target)
    for (const arg of args) meter.chargeText(arg)
  })
}

/** `==`, `!=` and `in` walk through their operands. */
function comparisons(std: readonly Cel.CelFunc[], { cel, meter }: FunctionParts): Cel.CelFunc[] {
  return std.flatMap(func => {
    if (func.name === '_==_' || func.name === '_!=_')
      return charged(func, cel, (_, [left, right]) => meter.chargeComparison(left!, right!))
    if (func.name !== '@in') return []
    // the library's own test misses keys whose value is null
    if (func.id !== '@in(dyn,list)')
      return cel.celFunc(
        '@in',
        func.arguments,
        cel.CelScalar.BOOL,
        (key, map) => (map as Cel.CelMap).get(key as never) !== undefined
      )
    return charged(func, cel, (_, [value, list]) => {
      if (!isCelList(list)) return
      meter.charge(2 * list.size)
      for (const item of list) meter.chargeComparison(value!, item)
    })
  })
}

/** @throws Error for a text that is no whole number in base ten, without blanks */
function wholeNumber(text: string, least: bigint, most: bigint): bigint {
  if (!/^[+-]?\d{1,40}$/.test(text)) throw new Error(`${quoted(text)} is not a whole number`)
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  if (value < least || value > most) throw new Error(`${quoted(text)} is out of range`)
  return value
}

function decimal(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^nan$/i.test(text)) return Number.NaN
  const value = /^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined
  if (value === undefined) throw new Error(`${quoted(text)} is not a number`)
  if (!Number.isFinite(value)) throw new Error(`${quoted(text)} is out of range`)
  return value
}

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** The shortest text of a double, as Go prints it: `1e+06`. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [digits, power] = value.toExponential().split('e') as [string, string]
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return Object.is(value, -0) ? '-0' : String(value)
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function codePoints(text: string): bigint {
  let count = text.length
  for (let at = 0; at < text.length; at++) {
    const first = text.charCodeAt(at)
    if (first < 0xd800 || first > 0xdbff) continue
    const second = text.charCodeAt(at + 1)
    if (second >= 0xdc00 && second <= 0xdfff) count--
  }
  return BigInt(count)
}

/** What finding the offset of a time zone costs. */
const ZONE_STEPS = 20
/** Instructions of a regular expression that run in one step. */
const STATES_PER_STEP = 32
const MAX_INT = 2n ** 63n - 1n
const MAX_UINT = 2n ** 64n - 1n
const MIN_SECONDS = -62_135_596_800n
const MAX_SECONDS = 253_402_300_799n

function own({ cel, meter, compile }: FunctionParts): Cel.CelFunc[] {
  const { celFunc, celMethod, celUint, CelScalar, listType, objectType } = cel
  const { BOOL, DOUBLE, DYN, INT, STRING, UINT } = CelScalar
  const LIST = listType(DYN)
  const TIMESTAMP = objectType(TimestampSchema)
  const DURATION = objectType('google.protobuf.Duration')
  const instant = (value: unknown): Instant => (value as { message: Instant }).message

  const size = (text: string): bigint => {
    meter.chargeText(text)
    return codePoints(text)
  }
  const matches = (text: string, pattern: string): boolean => {
    const regexp = compile(pattern)
    meter.charge(text.length * (1 + Math.floor(regexp.size / STATES_PER_STEP)))
    return regexp.test(text)
  }
  const contains = (text: string, part: string): boolean => {
    meter.chargeSearch(text, part)
    return text.includes(part)
  }
  const has = (value: Cel.CelValue, field: string): boolean => {
    if (!isCelMap(value)) throw new Error(`no such overload: has(${cel.celType(value)}.${field})`)
    return value.get(field) !== undefined
  }
  const range = (steps: bigint, value: Cel.CelValue): Cel.CelValue => {
    if (isCelList(value) || isCelMap(value)) meter.charge(value.size * Number(steps))
    return value
  }
  const join = (left: Cel.CelList, right: Cel.CelList): Cel.CelInput => {
    meter.charge(joinCost(left, right))
    return joinLists(left, right)
  }
  const fromSeconds = (seconds: bigint): ReturnType<typeof create<typeof TimestampSchema>> => {
    if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) throw new Error('timestamp out of range')
    return create(TimestampSchema, { seconds })
  }
  return [
    celFunc(HAS, [DYN, STRING], BOOL, has),
    celFunc(RANGE, [INT, DYN], DYN, range),
    celFunc('_+_', [LIST, LIST], LIST, join as never),
    celFunc('size', [STRING], INT, size),
    celMethod('size', STRING, [], INT, function () {
      return size(this)
    }),
    celFunc('matches', [STRING, STRING], BOOL, matches),
    celMethod('matches', STRING, [STRING], BOOL, function (pattern) {
      return matches(this, pattern)
    }),
    celMethod('contains', STRING, [STRING], BOOL, function (part) {
      return contains(this, part)
    }),
    celFunc('int', [STRING], INT, text => wholeNumber(text, -MAX_INT - 1n, MAX_INT)),
    celFunc('uint', [STRING], UINT, text => celUint(wholeNumber(text, 0n, MAX_UINT))),
    celFunc('double', [STRING], DOUBLE, decimal),
    celFunc('string', [DOUBLE], STRING, doubleText),
    celFunc('string', [TIMESTAMP], STRING, value => timestampText(instant(value))),
    celFunc('string', [DURATION], STRING, value => durationText(instant(value))),
    celFunc('timestamp', [INT], TIMESTAMP, fromSeconds as never),
    ...Object.entries(TIMESTAMP_PARTS).flatMap(([name, part]) => [
      celMethod(name, TIMESTAMP, [], INT, function () {
        return BigInt(part(inZone(instant(this), 'UTC')))
      }),
      celMethod(name, TIMESTAMP, [STRING], INT, function (zone) {
        meter.charge(ZONE_STEPS)
        return BigInt(part(inZone(instant(this), zone)))
      })
    ])
  ]
}
